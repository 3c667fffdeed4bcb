export default (c) => {
  const home = (window.__chaffinch ||= { waiting: [] })
  home.render ? home.render(c) : home.waiting.push(c)
  return () => home.unmount?.(c.data.key, c.parentElement)
}

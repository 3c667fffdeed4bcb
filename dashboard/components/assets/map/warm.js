export default (c) => {
  const home = (window.__chaffinch ||= { waiting: [] })
  home.warm ? home.warm(c) : (home.cold ||= []).push(c)
}

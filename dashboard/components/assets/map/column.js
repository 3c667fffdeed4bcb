export default (c) => {
  const home = (window.__chaffinch ||= { waiting: [] })
  home.put ? home.put(c.data) : (home.blobs ||= []).push(c.data)
}

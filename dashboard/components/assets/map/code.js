// The module travels once; maps that were mounted before it arrived are waiting.
home.render = renderMap
home.unmount = (key, parent) => {
  const map = home.maps.get(key)
  if (map && map.parent === parent) {
    map.observer.disconnect()
    if (window.Plotly && map.plotReady) window.Plotly.purge(map.nodes.plot)
    home.maps.delete(key)
  }
}
home.answer = ({ key, row, card }) => home.maps.has(key) && showCard(home.maps.get(key), row, card)
for (const c of home.waiting.splice(0)) if (c.parentElement.isConnected) renderMap(c)
for (const c of (home.cold || []).splice(0)) home.warm(c)
for (const bytes of (home.blobs || []).splice(0)) home.put(bytes)

export default function () {}

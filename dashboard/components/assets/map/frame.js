// Which part of the plane is in view, at which size.
const TITLED = { left: 46, right: 8, top: 8, bottom: 40 } // room for the axes' numbers and titles
const BARE = { left: 0, right: 0, top: 0, bottom: 0 }
const SHARPEST = 2 // pixels of the canvas per pixel of the page: more cost four times the work and are not seen
const ROOM = 0.04 // around the outermost points, as a share of their extent

const newFrame = (zooms) => ({ range: null, size: [0, 0], margins: BARE, ratio: 1, zooms }) // zooms: place -> range

// from: what has to be done again at least; see `repaint`.
function resized(map, from = "paint") {
  const { nodes, frame, data } = map
  const size = [nodes.stage.clientWidth, nodes.stage.clientHeight]
  if (!size[0] || !size[1] || !map.ready) return void map.made.delete("drawing")
  if (!map.made.has("drawing")) from = "decide"
  const titled = Boolean(data.x || data.y)
  frame.margins = titled ? TITLED : BARE
  frame.ratio = Math.min(window.devicePixelRatio || 1, SHARPEST)
  frame.size = size
  const { left, right, top, bottom } = frame.margins
  const inner = [size[0] - left - right, size[1] - top - bottom]
  sizeCanvases(nodes, frame, inner)
  fitLegend(map)
  frame.range = chooseRange(map, inner, titled)
  repaint(map, from)
  if (changed(map, "plot", size, map.ink.theme, data.x, data.y, frame.range))
    drawPlot(map).catch((error) => (nodes.waiting.textContent = error.message))
}

function sizeCanvases({ canvas, topCanvas }, { margins, ratio }, inner) {
  const [width, height] = inner.map((v) => Math.round(v * ratio))
  for (const one of [canvas, topCanvas]) {
    if (one.width !== width || one.height !== height) [one.width, one.height] = [width, height]
    const place = { left: margins.left, top: margins.top, width: inner[0], height: inner[1] }
    for (const [name, pixels] of Object.entries(place)) one.style[name] = `${pixels}px`
  }
}

// As zoomed, else all points; without axes a unit is as long across as up.
function chooseRange({ data, frame }, inner, titled) {
  const zoomed = frame.zooms.get(data.place)
  const range = zoomed ? zoomed.slice() : fullRange(data)
  const units = [(range[1] - range[0]) / inner[0], (range[3] - range[2]) / inner[1]]
  if (titled || Math.abs(units[0] / units[1] - 1) <= 1e-6) return range
  const unit = Math.max(...units)
  return [0, 2].flatMap((a) => {
    const middle = (range[a] + range[a + 1]) / 2
    const half = (unit * inner[a / 2]) / 2
    return [middle - half, middle + half]
  })
}

function fullRange(data) {
  if (data.extent) return padded(data.extent)
  const { x, y } = home.columns.get(data.coords).data
  const range = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i])) continue
    if (x[i] < range[0]) range[0] = x[i]
    if (x[i] > range[1]) range[1] = x[i]
    if (y[i] < range[2]) range[2] = y[i]
    if (y[i] > range[3]) range[3] = y[i]
  }
  return range[0] > range[1] ? [0, 1, 0, 1] : padded(range)
}

function padded([x0, x1, y0, y1]) {
  const [dx, dy] = [(x1 - x0) * ROOM || 0.5, (y1 - y0) * ROOM || 0.5]
  return [x0 - dx, x1 + dx, y0 - dy, y1 + dy]
}

function zoomTo(map, range) {
  map.frame.zooms.set(map.data.place, range)
  map.frame.range = range
  repaint(map, "project")
  relayoutRange(map)
}

function zoomBy(map, factor) {
  const [x0, x1, y0, y1] = map.frame.range
  const around = (a, b) => [(a + b) / 2 - ((b - a) / 2) * factor, (a + b) / 2 + ((b - a) / 2) * factor]
  zoomTo(map, [...around(x0, x1), ...around(y0, y1)])
}

function showAll(map) {
  map.frame.zooms.delete(map.data.place)
  map.made.delete("projection")
  resized(map)
  tellView(map)
  relayoutRange(map)
}

function relayoutRange({ nodes, frame: { range }, plotReady }) {
  const ranges = { "xaxis.range": range.slice(0, 2), "yaxis.range": range.slice(2) }
  if (plotReady) window.Plotly.relayout(nodes.plot, ranges)
}

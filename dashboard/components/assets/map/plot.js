// plotly.js, transparent, above the canvas: axes, wheel zoom, pan, lasso and box. Kept in the browser's own cache.
const CACHE = "chaffinch-plotly"
const cacheName = (version) => `/chaffinch/plotly-${version}.js`

async function loadPlotly(map, [version, sha256]) {
  if (window.Plotly) return window.Plotly
  const asker = home.plotlyAsker
  if (asker && asker !== map && !home.columns.has("plotly")) askForPlotly(map) // who asked may be gone with its page
  home.plotly ||= findPlotly(map, version, sha256).then(runSource).catch((error) => {
    home.plotly = null
    throw error
  })
  return home.plotly
}

async function findPlotly(map, version, sha256) {
  const cached = window.caches && (await caches.open(CACHE).then((c) => c.match(cacheName(version))).catch(() => null))
  if (cached) {
    const bytes = new Uint8Array(await cached.arrayBuffer())
    if ((await digest(bytes)) === sha256) return bytes
  }
  return new Promise((done) => {
    home.plotlyArrived = done
    const blob = home.columns.get("plotly")
    if (blob) done(blob.data.source)
    else askForPlotly(map)
  })
}

function askForPlotly(map) {
  home.plotlyAsker = map
  map.ask("plotly")
}

// On a page without a map: once it has nothing better to do, have plotly.js ready and ask for Streamlit's own chart.
home.warm = (c) => {
  if (home.warmed) return
  home.warmed = true
  const ask = (name) => c.setTriggerValue("need", name)
  const idle = window.requestIdleCallback ?? ((later) => setTimeout(later, 200))
  idle(() => loadPlotly({ ask }, c.data.plotly).then(() => ask("chart")).catch(() => null)) // the first map tries again
}

async function digest(bytes) {
  if (!window.crypto?.subtle) return null
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  return [...hash].map((b) => b.toString(16).padStart(2, "0")).join("")
}

function keepPlotly(blob) {
  const response = new Response(blob.data.source, { headers: { "Content-Type": "text/javascript" } })
  if (window.caches) caches.open(CACHE).then((c) => c.put(cacheName(blob.version), response)).catch(() => null)
  home.plotlyArrived?.(blob.data.source)
}

function runSource(source) {
  return new Promise((done, fail) => {
    const src = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
    const script = element("script", "", null, { src })
    script.onload = () => done(window.Plotly)
    script.onerror = () => fail(new Error("plotly.js did not start"))
    document.head.append(script)
  })
}

function plotLayout({ data, pointer, frame, ink: { theme } }) {
  const titled = Boolean(data.x || data.y)
  const axis = (title, range) => ({
    showgrid: titled, zeroline: false, gridcolor: rgb(theme.text, 0.08), showticklabels: titled, ticks: "",
    color: rgb(theme.text, 0.72), title: { text: title, font: { size: 11 } }, tickfont: { size: 10 }, showline: false,
    range,
  })
  const { margins, size, range } = frame
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: false,
    margin: { l: margins.left, r: margins.right, t: margins.top, b: margins.bottom, pad: 0 },
    width: size[0], height: size[1], dragmode: pointer.tool,
    xaxis: axis(data.x, range.slice(0, 2)), yaxis: axis(data.y, range.slice(2)),
    newselection: { line: { color: rgb(theme.text, 0.8), width: 1.2, dash: "solid" } },
    activeselection: { fillcolor: rgb(theme.text), opacity: 0.06 }, selections: [],
  }
}

async function drawPlot(map) {
  const Plotly = await loadPlotly(map, map.data.plotly)
  const { plot } = map.nodes
  if (!plot.isConnected) return
  await Plotly.react(plot, [{ x: [null], y: [null], mode: "markers", type: "scatter" }], plotLayout(map),
    { displayModeBar: false, scrollZoom: true, doubleClick: false, responsive: false, showTips: false })
  map.plotReady = true
  if (plot.dataset.wired) return
  plot.dataset.wired = "1"
  for (const name of ["plotly_relayouting", "plotly_relayout"]) plot.on(name, () => followPlot(map))
  plot.on("plotly_selected", () => lassoed(map))
}

function followPlot(map) {
  const { xaxis, yaxis } = map.nodes.plot._fullLayout
  const range = [...xaxis.range, ...yaxis.range].map(Number)
  if (range.every((v, i) => v === map.frame.range[i])) return
  map.frame.range = range
  map.frame.zooms.set(map.data.place, range)
  repaint(map, "project")
}

// The drawn outline, as a polygon in the layout's coordinates.
function lassoed(map) {
  const { plot } = map.nodes
  const drawn = plot.layout.selections?.at(-1)
  if (!drawn) return
  const polygon = drawn.type === "rect" ? corners(drawn) : pathPoints(drawn.path)
  setTimeout(() => window.Plotly.relayout(plot, { selections: [] }), 0)
  if (polygon.length >= 3) choose(map, polygon)
}

const corners = ({ x0, x1, y0, y1 }) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]

const MOST_CORNERS = 240 // of an outline: a hand draws thousands, and each is tested against every row

function pathPoints(path) {
  const points = path.replace(/[MZ]/gi, "").split("L").map((p) => p.split(",").map(Number))
  const step = Math.ceil(points.length / MOST_CORNERS)
  const thinned = points.filter((p, i) => i % step === 0 && p.every(Number.isFinite))
  return thinned.map((p) => p.map((v) => Number(v.toPrecision(7))))
}

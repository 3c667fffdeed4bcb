// One map on the page: its parts, each of which is written by the file of its name, and when they are drawn again.
const PATIENCE = 1500 // milliseconds until columns that have not come are asked for: they may be in the next message

function createMap(c) {
  const old = home.maps.get(c.data.key)
  old?.observer.disconnect()
  c.parentElement.querySelector(".chf-map")?.remove()
  const map = {
    key: c.data.key, parent: c.parentElement, data: c.data, // the message of the server, as it came
    rows: newRows(), decision: newDecision(), frame: newFrame(old?.frame.zooms || new Map()), raster: newRaster(),
    ink: newInk(), pointer: newPointer(old?.pointer), legend: newLegend(), nodes: {},
    ready: false, plotReady: false, // whether all columns have come; whether plotly.js lies over the points
    cards: new Map(), made: new Map(), timers: {}, part: [], // answered cards; what `changed` remembers
    ask: (name) => map.send("need", [name]),
  }
  map.nodes.root = element("div", "chf chf-map", c.parentElement)
  buildToolbar(map)
  buildStage(map.nodes)
  wirePointer(map)
  wireKeys(map)
  map.observer = new ResizeObserver(() => resized(map))
  map.observer.observe(map.nodes.stage)
  home.maps.set(map.key, map)
  return map
}

function buildStage(nodes) {
  const stage = (nodes.stage = element("div", "chf-stage", nodes.root, { tabindex: "0", role: "application" }))
  nodes.canvas = element("canvas", "chf-canvas", stage, { "aria-hidden": "true" })
  nodes.ctx = nodes.canvas.getContext("2d")
  nodes.topCanvas = element("canvas", "chf-canvas", stage, { "aria-hidden": "true" })
  nodes.top = nodes.topCanvas.getContext("2d")
  nodes.plot = element("div", "chf-plot", stage)
  nodes.card = element("div", "chf-card", stage, { hidden: "", role: "status" })
  nodes.waiting = element("div", "chf-waiting", stage, { text: "Loading the points…" })
  nodes.note = element("div", "chf-note", stage, { hidden: "" })
  nodes.legend = element("div", "chf-legend", nodes.root)
  nodes.voice = element("div", "chf-voice", nodes.root, { "aria-live": "polite" })
}

function renderMap(c) {
  let map = home.maps.get(c.data.key)
  if (!map || map.parent !== c.parentElement) map = createMap(c)
  map.send = c.setTriggerValue
  map.data = c.data
  map.cards.clear()
  if (!map.decision.dragging) map.decision.live = null
  map.nodes.stage.style.height = `${c.data.height}px`
  refresh(map)
}

// After a message or a column: draws what is new in it, once every column that it names is here.
function refresh(map) {
  clearTimeout(map.timers.columns)
  const lacking = missing(map)
  map.ready = !lacking.length
  map.nodes.waiting.hidden = map.ready
  if (!map.ready) {
    map.timers.columns = setTimeout(() => map.send("need", lacking), PATIENCE)
    return
  }
  if (map.data.grid) forgetParts(map)
  readRows(map)
  readTheme(map)
  const { colors, ranks, hollow } = map.data
  const recolored = changed(map, "colors", colors, ranks, hollow, map.ink.theme)
  if (recolored) recolor(map)
  const { coords, rule, pinKept, pinDropped, hidden, locked, grid, label, n } = map.data
  const redraw = changed(map, "drawing", coords, rule, pinKept, pinDropped, hidden, locked, grid, label, n) || recolored
  // A click elsewhere on the page leaves a million points as they are.
  resized(map, redraw || map.decision.live ? "decide" : "overlay")
}

function recolor(map) {
  if (changed(map, "codes", map.data.colors.codes)) map.ink.forward = null
  colorIndex(map)
  colorTables(map)
  drawLegend(map)
}

// Of a large map only the part in view is held; the server sends an older one again when it is asked for.
function forgetParts(map) {
  const { data } = map
  const now = [data.coords, data.ranks, data.colors.codes, data.locked, data.hollow]
  for (const name of map.part) if (!now.includes(name)) home.columns.delete(name)
  map.part = now
}

// from: project (zoom moved) | decide (rule or rows changed) | paint | overlay (the points stay as they are drawn)
function repaint(map, from) {
  const { data, frame, nodes: { canvas } } = map
  if (!map.ready || !frame.range) return
  const moved = changed(map, "projection", data.coords, frame.range, canvas.width, canvas.height)
  if (moved) project(map)
  if (from === "project") tellView(map)
  if (from === "decide") decide(map)
  if (moved || from !== "overlay") paint(map)
  paintOverlay(map)
  tellCounts(map)
}

// A rule that a slider holds, and null on release: repaints without the server. Returns what is kept, of how many.
home.live = (key, rule) => {
  const map = home.maps.get(key)
  if (!map?.ready) return null
  map.decision.dragging = rule !== null
  map.made.delete("drawing") // what stands there now is not what the server said
  if (rule) map.decision.live = rule
  if (rule) repaint(map, "decide")
  return { kept: map.decision.keptCount, rows: map.data.n, locked: map.rows.lockedCount }
}

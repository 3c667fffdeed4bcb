// One map on the page: its elements, what it has drawn, and what it tells the server.
const ICONS = {
  lasso: "M4 13c-2-1-3-3-2-6 1-3 5-5 9-4s5 5 3 7-6 2-8 3-1 3-3 3", box: "M3 3h12v12H3z",
  pan: "M9 2v14M2 9h14M9 2 7 4m2-2 2 2M9 16l-2-2m2 2 2-2M2 9l2-2M2 9l2 2m12-2-2-2m2 2-2 2",
  replace: "M4 4h10v10H4z", add: "M9 3v12M3 9h12", subtract: "M3 9h12", clear: "M4 4l10 10M14 4L4 14",
  closer: "M9 5v8M5 9h8M9 2a7 7 0 1 0 .01 0", farther: "M5 9h8M9 2a7 7 0 1 0 .01 0", home: "M3 9l6-6 6 6M5 8v7h8V8",
}
const BUTTONS = [
  ["tool", "lasso", "Lasso"], ["tool", "select", "Box"], ["tool", "pan", "Pan"], null,
  ["mode", "replace", "Replace the selection"], ["mode", "add", "Add to the selection (Shift)"],
  ["mode", "subtract", "Subtract from the selection (Alt)"], ["do", "clear", "Clear the selection (Esc)"], null,
  ["do", "closer", "Zoom in (+)"], ["do", "farther", "Zoom out (-)"], ["do", "home", "Show all points (Home)"],
]

function element(tag, className, parent, attributes = {}) {
  const node = document.createElement(tag)
  if (className) node.className = className
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  parent?.append(node)
  return node
}

function renderMap(c) {
  let map = home.maps.get(c.data.key)
  if (!map || map.parent !== c.parentElement) map = createMap(c)
  map.send = c.setTriggerValue
  map.data = c.data
  map.cards.clear()
  if (!map.dragging) map.live = null
  map.stage.style.height = `${c.data.height}px`
  refresh(map)
}

function createMap(c) {
  const old = home.maps.get(c.data.key)
  old?.observer.disconnect()
  c.parentElement.querySelector(".chf-map")?.remove()
  const root = element("div", "chf chf-map", c.parentElement)
  const map = {
    key: c.data.key, parent: c.parentElement, root, data: c.data, cards: new Map(), times: {}, tool: old?.tool || "lasso",
    mode: old?.mode || "replace", zooms: old?.zooms || new Map(), margins: { left: 0, right: 0, top: 0, bottom: 0 }, cursor: null,
    selected: new Uint32Array(0), flagged: new Uint32Array(0), pinKept: [], pinDropped: [], keptCount: 0, ratio: 1,
    arrived: () => refresh(map), repaint: (from) => repaint(map, from), choose: (polygon) => choose(map, polygon),
    lockedCount: 0, hiddenCount: 0, ask: (name) => map.send("need", [name]), showCard: (row, card) => showCard(map, row, card),
  }
  buildToolbar(map)
  map.stage = element("div", "chf-stage", root, { tabindex: "0", role: "application" })
  map.canvas = element("canvas", "chf-canvas", map.stage, { "aria-hidden": "true" })
  map.ctx = map.canvas.getContext("2d")
  map.topCanvas = element("canvas", "chf-canvas", map.stage, { "aria-hidden": "true" })
  map.top = map.topCanvas.getContext("2d")
  map.plot = element("div", "chf-plot", map.stage)
  map.card = element("div", "chf-card", map.stage, { hidden: "", role: "status" })
  map.waiting = element("div", "chf-waiting", map.stage)
  map.waiting.textContent = "Loading the points…"
  map.note = element("div", "chf-note", map.stage, { hidden: "" })
  map.legend = element("div", "chf-legend", root)
  map.voice = element("div", "chf-voice", root, { "aria-live": "polite" })
  wirePointer(map)
  wireKeys(map)
  map.observer = new ResizeObserver(() => resized(map))
  map.observer.observe(map.stage)
  home.maps.set(map.key, map)
  ;(window.__chaffinch_map ||= {})[map.key] = debugHooks(map)
  return map
}

function buildToolbar(map) {
  const bar = element("div", "chf-bar", map.root, { role: "toolbar", "aria-label": "Map tools" })
  map.buttons = []
  for (const spec of BUTTONS) {
    if (!spec) { element("span", "chf-gap", bar); continue }
    const [kind, value, words] = spec
    const button = element("button", "chf-tool", bar, { type: "button", title: words, "aria-label": words })
    button.innerHTML = `<svg viewBox="0 0 18 18" aria-hidden="true"><path d="${ICONS[value === "select" ? "box" : value]}"/></svg>`
    button.onclick = () => press(map, kind, value)
    map.buttons.push([button, kind, value])
  }
  map.counts = element("span", "chf-counts", bar)
  markButtons(map)
}

function press(map, kind, value) {
  if (kind === "do") return { clear: clearSelection, home: showAll, closer: (m) => zoomBy(m, 1 / 1.5), farther: (m) => zoomBy(m, 1.5) }[value](map)
  map[kind] = value
  markButtons(map)
  if (kind === "tool" && map.plotReady) window.Plotly.relayout(map.plot, { dragmode: value })
}

function markButtons(map) {
  for (const [button, kind, value] of map.buttons) if (kind !== "do") button.setAttribute("aria-pressed", String(map[kind] === value))
}

// ---- what to draw ---------------------------------------------------------------------------------------------
function missing(map) {
  const { data } = map
  const names = [data.coords, data.ranks, data.colors.codes, data.locked, data.hollow, data.grid, ...ROW_LISTS.map((n) => data[n]?.b)]
  return names.filter((name) => name && !home.columns.has(name))
}

const ROW_LISTS = ["selected", "flagged", "hidden", "pinKept", "pinDropped"]

function refresh(map) {
  clearTimeout(map.patience)
  const lacking = missing(map)
  map.waiting.hidden = !lacking.length
  if (lacking.length) {
    map.patience = setTimeout(() => map.send("need", lacking), 1500)
    return
  }
  if (map.data.grid) forgetParts(map)
  for (const name of ROW_LISTS) if (name !== "hidden") map[name] = rowList(map.data[name])
  map.pinned = map.pinned?.length === map.data.n ? map.pinned.fill(0) : new Uint8Array(map.data.n)
  for (const name of ["pinKept", "pinDropped"]) for (const i of map[name]) map.pinned[i] = 1
  map.lockedRows = map.data.locked ? home.columns.get(map.data.locked).data.locked : null
  if (map.data.locked !== map.lockedAs) {
    map.lockedCount = map.lockedRows ? map.lockedRows.reduce((a, b) => a + b, 0) : 0
    map.lockedAs = map.data.locked
  }
  map.hollow = map.data.hollow ? home.columns.get(map.data.hollow).data.hollow : null
  readTheme(map)
  readHidden(map)
  if (map.kept?.length !== map.data.n) map.kept = new Uint8Array(map.data.n)
  const colored = JSON.stringify([map.data.colors, map.data.ranks, map.data.hollow, map.theme])
  if (colored !== map.coloredAs) {
    if (map.data.colors.codes !== map.forwardOf) [map.forward, map.forwardOf] = [null, map.data.colors.codes]
    colorIndex(map)
    colorTables(map)
    drawLegend(map)
    map.coloredAs = colored
  }
  const { coords, rule, pinKept, pinDropped, hidden, locked, grid, label, n } = map.data
  const drawn = JSON.stringify([colored, coords, rule, pinKept, pinDropped, hidden, locked, grid, label, n])
  const same = drawn === map.drawnAs && !map.live
  map.drawnAs = drawn
  resized(map, same ? "overlay" : "decide") // a click elsewhere on the page leaves a million points as they are
}

// Of a large map only the part in view is held; the server sends an older one again when it is asked for.
function forgetParts(map) {
  const { data } = map
  const now = [data.coords, data.ranks, data.colors.codes, data.locked, data.hollow]
  for (const name of map.partOf || []) if (!now.includes(name)) home.columns.delete(name)
  map.partOf = now
}

function readTheme(map) {
  const background = cssColor(map.root, "--st-background-color", "#ffffff")
  const text = cssColor(map.root, "--st-text-color", "#1c2733")
  map.theme = {
    background, text, accent: cssColor(map.root, "--st-primary-color", "#2a6fb0"), none: hexColor("__NO_CLASS__"),
    kept: hexColor("__KEPT__"), dropped: hexColor("__DROPPED__"), faded: mix(background, text, 0.3), flag: text,
  }
}

function readHidden(map) {
  const signature = JSON.stringify([map.data.hidden, map.data.n])
  if (signature === map.hiddenAs) return
  map.hidden = new Uint8Array(map.data.n)
  const rows = rowList(map.data.hidden)
  for (const i of rows) map.hidden[i] = 1
  map.hiddenCount = rows.length
  map.hiddenAs = signature
  map.projectedAs = ""
}

function resized(map, from = "paint") {
  const width = map.stage.clientWidth
  const height = map.stage.clientHeight
  if (!width || !height || !map.kept) return void (map.drawnAs = "")
  if (!map.drawnAs) from = "decide"
  const titled = map.data.x || map.data.y
  map.margins = titled ? { left: 46, right: 8, top: 8, bottom: 34 } : { left: 0, right: 0, top: 0, bottom: 0 }
  map.ratio = Math.min(window.devicePixelRatio || 1, 2)
  const inner = [width - map.margins.left - map.margins.right, height - map.margins.top - map.margins.bottom]
  map.size = [width, height]
  for (const canvas of [map.canvas, map.topCanvas]) {
    const [w, h] = inner.map((v) => Math.round(v * map.ratio))
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h]
    Object.assign(canvas.style, { left: `${map.margins.left}px`, top: `${map.margins.top}px`, width: `${inner[0]}px`, height: `${inner[1]}px` })
  }
  fitLegend(map)
  chooseRange(map, inner, titled)
  repaint(map, from)
  const plotted = JSON.stringify([map.size, map.theme, map.data.x, map.data.y, map.range])
  if (plotted !== map.plottedAs) drawPlot(map).catch((error) => (map.waiting.textContent = error.message))
  map.plottedAs = plotted
}

function chooseRange(map, inner, titled) {
  const held = map.zooms.get(map.data.place)
  const range = held ? held.slice() : fullRange(map)
  const shape = (range[1] - range[0]) / inner[0] / ((range[3] - range[2]) / inner[1])
  if (!titled && Math.abs(shape - 1) > 1e-6) {
    const unit = Math.max((range[1] - range[0]) / inner[0], (range[3] - range[2]) / inner[1])
    for (const [a, b, pixels] of [[0, 1, inner[0]], [2, 3, inner[1]]]) {
      const middle = (range[a] + range[b]) / 2
      range[a] = middle - (unit * pixels) / 2
      range[b] = middle + (unit * pixels) / 2
    }
  }
  map.range = range
}

function fullRange(map) {
  if (map.data.extent) return padded(map.data.extent.slice())
  const { x, y } = home.columns.get(map.data.coords).data
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

function padded(range) {
  const pad = [(range[1] - range[0]) * 0.04 || 0.5, (range[3] - range[2]) * 0.04 || 0.5]
  return [range[0] - pad[0], range[1] + pad[0], range[2] - pad[1], range[3] + pad[1]]
}

// from: project (zoom moved) | decide (rule or rows changed) | paint | overlay (the points stay as they are drawn)
function repaint(map, from) {
  if (!map.kept || !map.range) return
  const started = performance.now()
  const projected = JSON.stringify([map.data.coords, map.range, map.canvas.width, map.canvas.height])
  const moved = projected !== map.projectedAs
  if (moved) project(map)
  map.projectedAs = projected
  if (from === "project") tellView(map)
  if (from === "decide") {
    const at = performance.now()
    decide(map)
    map.times.decide = performance.now() - at
  }
  if (moved || from !== "overlay") paint(map)
  paintOverlay(map)
  map.times.total = performance.now() - started
  tellCounts(map)
}

home.live = (key, rule) => {
  const map = home.maps.get(key)
  if (!map?.kept) return null
  map.dragging = rule !== null
  map.drawnAs = "" // what stands there now is not what the server said
  if (rule) map.live = rule
  if (rule) repaint(map, "decide")
  return { kept: map.keptCount, rows: map.data.n, locked: map.lockedCount }
}

function tellCounts(map) {
  const n = (v) => v.toLocaleString("en-US")
  const { hiddenCount } = map
  map.note.hidden = !map.data.label
  map.note.textContent = map.data.label || ""
  if (map.data.grid && !map.data.n) return tellWords(map, [map.data.label])
  const parts = [`${n(map.data.n - hiddenCount)}${hiddenCount ? ` / ${n(map.data.n)}` : ""} points`, `kept ${n(map.keptCount)}`,
    `dropped ${n(map.data.n - map.keptCount)}`, `selected ${n(map.selected.length)}`]
  tellWords(map, parts)
}

function tellWords(map, parts) {
  map.counts.textContent = parts.join(" · ")
  const colored = map.data.colors.title ? ` colored by ${map.data.colors.title}` : ""
  map.stage.setAttribute("aria-label", `Map of ${parts.join(", ")}${colored}. ${map.data.about || ""} Arrow keys move from point to point, ` +
    "Enter opens, Space selects, plus and minus zoom, Home shows all, Escape clears. The table lists the same examples.")
}

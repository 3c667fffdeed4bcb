// Selecting, pointing and moving: by pointer and by keyboard.
function choose(map, polygon) {
  const mode = map.modifier || map.mode
  map.selected = joinRows(map.selected, rowsInside(map, polygon), mode)
  paintOverlay(map)
  tellCounts(map)
  map.send("event", { kind: "lasso", polygon, mode })
}

function clearSelection(map) {
  map.selected = new Uint32Array(0)
  paintOverlay(map)
  tellCounts(map)
  map.send("event", { kind: "clear" })
}

function clicked(map, row) {
  const mode = map.modifier || map.mode
  if (mode !== "replace") map.selected = joinRows(map.selected, Uint32Array.of(row), mode)
  else map.data = { ...map.data, focused: row }
  paintOverlay(map)
  tellCounts(map)
  map.send("event", { kind: "click", row, mode })
}

function zoomTo(map, range) {
  map.zooms.set(map.data.place, range)
  map.range = range
  repaint(map, "project")
  if (map.plotReady) window.Plotly.relayout(map.plot, { "xaxis.range": range.slice(0, 2), "yaxis.range": range.slice(2) })
}

function zoomBy(map, factor) {
  const [x0, x1, y0, y1] = map.range
  const around = (a, b) => [(a + b) / 2 - ((b - a) / 2) * factor, (a + b) / 2 + ((b - a) / 2) * factor]
  zoomTo(map, [...around(x0, x1), ...around(y0, y1)])
}

function showAll(map) {
  map.zooms.delete(map.data.place)
  map.projectedAs = ""
  resized(map)
  tellView(map)
  if (map.plotReady) window.Plotly.relayout(map.plot, { "xaxis.range": map.range.slice(0, 2), "yaxis.range": map.range.slice(2) })
}

function canvasPoint(map, event) {
  const box = map.canvas.getBoundingClientRect()
  return [(event.clientX - box.left) * map.ratio, (event.clientY - box.top) * map.ratio]
}

function wirePointer(map) {
  const { stage } = map
  stage.addEventListener("pointerdown", (e) => {
    map.pressed = [e.clientX, e.clientY]
    map.farthest = 0
    map.modifier = e.shiftKey ? "add" : e.altKey ? "subtract" : null
    hideCard(map)
  }, true)
  window.addEventListener("pointerup", (e) => {
    if (!map.pressed) return
    wander(map, e)
    map.pressed = null
    if (map.farthest < 4 && map.index) { // plotly covers the page while a button is down: the target says nothing
      const row = pointAt(map, ...canvasPoint(map, e), Math.round(7 * map.ratio))
      if (row !== null) clicked(map, row)
    }
    setTimeout(() => (map.modifier = null), 300)
  }, true)
  window.addEventListener("pointermove", (e) => map.pressed && wander(map, e), true) // a lasso may close where it began
  stage.addEventListener("dblclick", () => map.tool === "pan" && showAll(map), true) // elsewhere two clicks are two clicks
  stage.addEventListener("pointermove", (e) => {
    if (map.pressed || !map.index || map.moving) return
    map.moving = requestAnimationFrame(() => {
      map.moving = 0
      point(map, pointAt(map, ...canvasPoint(map, e), Math.round(6 * map.ratio)))
    })
  })
  stage.addEventListener("pointerleave", () => point(map, null))
}

function wander(map, e) {
  map.farthest = Math.max(map.farthest, Math.hypot(e.clientX - map.pressed[0], e.clientY - map.pressed[1]))
}

// The pointer (or the cursor) rests on a row: what is known at once, then the card the server sends for that one row.
function point(map, row) {
  if (row === map.pointed) return
  map.pointed = row
  clearTimeout(map.rest)
  if (row === null) return hideCard(map)
  fillCard(map, row, map.cards.get(row) || { title: "", lines: ownLines(map, row) })
  if (!map.cards.has(row) && map.data.card) map.rest = setTimeout(() => askCard(map, row, 3), 120)
}

// A rerun of the whole page that starts just then swallows the question: ask again while the pointer stays.
function askCard(map, row, tries) {
  if (map.pointed !== row || map.cards.has(row) || !tries) return
  home.askers?.[map.key]?.(row)
  map.rest = setTimeout(() => askCard(map, row, tries - 1), 900)
}

function ownLines(map, row) {
  const blob = map.data.colors.codes && home.columns.get(map.data.colors.codes)
  const lines = [["", map.kept[row] ? "kept" : "dropped"]]
  if (blob) lines.unshift([map.data.colors.title, blob.names[blob.data.codes[row]] ?? "none"])
  return lines
}

function showCard(map, row, card) {
  if (row === null || !card) return
  map.cards.set(row, card)
  if (map.pointed === row) fillCard(map, row, card)
  if (map.cursor === row) map.voice.textContent = [card.title, ...card.lines.map((l) => l.join(" ")), card.text].join(". ")
}

function hideCard(map) {
  map.card.hidden = true
}

function fillCard(map, row, card) {
  map.card.replaceChildren()
  if (card.image) element("img", "", map.card, { src: card.image, alt: card.title })
  const words = element("div", "chf-words", map.card)
  if (card.title) element("b", "", words).textContent = card.title
  for (const [name, value] of card.lines) {
    const line = element("div", "", words)
    if (name) element("span", "chf-name", line).textContent = name
    element("span", "", line).textContent = value
  }
  if (card.text) element("p", "", words).textContent = card.text
  map.card.hidden = false
  placeCard(map, row)
}

function placeCard(map, row) {
  const at = place(map, row)
  if (!at) return hideCard(map)
  const [x, y] = [at[0] / map.ratio + map.margins.left, at[1] / map.ratio + map.margins.top]
  const { offsetWidth: w, offsetHeight: h } = map.card
  map.card.style.left = `${x + 14 + w > map.size[0] ? Math.max(4, x - w - 14) : x + 14}px`
  map.card.style.top = `${Math.min(Math.max(4, y - h / 2), map.size[1] - h - 4)}px`
}

const STEPS_TO = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

function wireKeys(map) {
  map.stage.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || !map.index) return
    const way = STEPS_TO[e.key]
    const acts = { "+": () => zoomBy(map, 1 / 1.5), "=": () => zoomBy(map, 1 / 1.5), "-": () => zoomBy(map, 1.5), Home: () => showAll(map),
      Escape: () => clearSelection(map), Enter: () => map.cursor !== null && clicked(map, map.cursor), " ": () => toggle(map) }
    if (!way && !acts[e.key]) return
    e.preventDefault()
    e.stopPropagation()
    if (!way) return acts[e.key]()
    if (e.shiftKey) return pan(map, way)
    map.cursor = nextPoint(map, way)
    paintOverlay(map)
    if (map.cursor !== null) point(map, map.cursor)
  })
}

function toggle(map) {
  if (map.cursor === null) return
  map.modifier = map.selected.includes(map.cursor) ? "subtract" : "add"
  clicked(map, map.cursor)
  map.modifier = null
}

function pan(map, [dx, dy]) {
  const [x0, x1, y0, y1] = map.range
  const [sx, sy] = [(x1 - x0) * 0.15 * dx, (y0 - y1) * 0.15 * dy]
  zoomTo(map, [x0 + sx, x1 + sx, y0 + sy, y1 + sy])
}

// The nearest point in that direction (within 45 degrees), or the one nearest the middle to start from.
function nextPoint(map, [dx, dy]) {
  const from = map.cursor === null ? null : place(map, map.cursor)
  const [cx, cy] = from || [map.canvas.width / 2, map.canvas.height / 2]
  let best = map.cursor
  let nearest = Infinity
  for (let i = 0; i < map.offsets.length; i++) {
    const p = place(map, i)
    if (!p || i === map.cursor) continue
    const [px, py] = [p[0] - cx, p[1] - cy]
    const along = px * dx + py * dy
    const across = Math.abs(px * dy) + Math.abs(py * dx)
    const d = from ? along + across * 2 : Math.hypot(px, py)
    if ((!from || (along > 0 && across <= along)) && d < nearest) [best, nearest] = [i, d]
  }
  return best
}

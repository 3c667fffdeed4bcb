// Selecting and pointing with a mouse.
const CLICK = 4 // pixels: a press that moved less is a click
const [CLICK_REACH, HOVER_REACH] = [7, 6] // pixels from a point at which it is still meant
const AFTER_LASSO = 300 // milliseconds in which plotly.js reports the outline, under the keys held while it was drawn

const newPointer = (old) => ({
  tool: old?.tool || "lasso", mode: old?.mode || "replace", modifier: null,
  pressed: null, farthest: 0, frame: 0, // where the button went down, how far it went since, the frame asked for
  row: null, cursor: null, // the row under the pointer, and the one that the keyboard is on
})

function choose(map, polygon) {
  const mode = map.pointer.modifier || map.pointer.mode
  select(map, joinRows(map.rows.selected, rowsInside(map, polygon), mode))
  map.send("event", { kind: "lasso", polygon, mode })
}

function clearSelection(map) {
  select(map, new Uint32Array(0))
  map.send("event", { kind: "clear" })
}

function select(map, rows) {
  map.rows.selected = rows
  paintOverlay(map)
  tellCounts(map)
}

function clicked(map, row) {
  const mode = map.pointer.modifier || map.pointer.mode
  if (mode === "replace") map.data = { ...map.data, focused: row }
  select(map, mode === "replace" ? map.rows.selected : joinRows(map.rows.selected, Uint32Array.of(row), mode))
  map.send("event", { kind: "click", row, mode })
}

function canvasPoint({ nodes, frame }, event) {
  const box = nodes.canvas.getBoundingClientRect()
  return [(event.clientX - box.left) * frame.ratio, (event.clientY - box.top) * frame.ratio]
}

const nearPointer = (map, event, reach) => pointAt(map, canvasPoint(map, event), Math.round(reach * map.frame.ratio))

function wirePointer(map) {
  const { nodes: { stage }, pointer } = map
  const moved = (event) => pointer.pressed && wander(pointer, event)
  stage.addEventListener("pointerdown", (event) => pressed(map, event), true)
  window.addEventListener("pointerup", (event) => released(map, event), true)
  window.addEventListener("pointermove", moved, true) // a lasso may close where it began
  stage.addEventListener("dblclick", () => pointer.tool === "pan" && showAll(map), true) // else two clicks are two
  stage.addEventListener("pointermove", (event) => hover(map, event))
  stage.addEventListener("pointerleave", () => point(map, null))
}

function pressed(map, event) {
  const modifier = event.shiftKey ? "add" : event.altKey ? "subtract" : null
  Object.assign(map.pointer, { pressed: [event.clientX, event.clientY], farthest: 0, modifier })
  hideCard(map)
}

function released(map, event) {
  const { pointer } = map
  if (!pointer.pressed) return
  wander(pointer, event)
  pointer.pressed = null
  if (pointer.farthest < CLICK && map.ready) { // plotly covers the page while a button is down: the target says nothing
    const row = nearPointer(map, event, CLICK_REACH)
    if (row !== null) clicked(map, row)
  }
  setTimeout(() => (pointer.modifier = null), AFTER_LASSO)
}

function hover(map, event) {
  const { pointer } = map
  if (pointer.pressed || !map.ready || pointer.frame) return
  pointer.frame = requestAnimationFrame(() => {
    pointer.frame = 0
    point(map, nearPointer(map, event, HOVER_REACH))
  })
}

function wander(pointer, event) {
  const [x, y] = pointer.pressed
  pointer.farthest = Math.max(pointer.farthest, Math.hypot(event.clientX - x, event.clientY - y))
}

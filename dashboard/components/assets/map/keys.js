// Moving, selecting and opening with a keyboard.
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const STEP_IN = 1 / 1.5 // what one press of plus leaves of the width
const PAN = 0.15 // of the width, by Shift and an arrow

function wireKeys(map) {
  const acts = {
    "+": () => zoomBy(map, STEP_IN), "=": () => zoomBy(map, STEP_IN), "-": () => zoomBy(map, 1 / STEP_IN),
    Home: () => showAll(map), Escape: () => clearSelection(map), " ": () => toggle(map),
    Enter: () => map.pointer.cursor !== null && clicked(map, map.pointer.cursor),
  }
  map.nodes.stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || !map.ready) return
    const way = WAYS[event.key]
    if (!way && !acts[event.key]) return
    event.preventDefault()
    event.stopPropagation()
    if (!way) acts[event.key]()
    else if (event.shiftKey) pan(map, way)
    else moveCursor(map, way)
  })
}

function moveCursor(map, way) {
  map.pointer.cursor = nextPoint(map, way)
  paintOverlay(map)
  if (map.pointer.cursor !== null) point(map, map.pointer.cursor)
}

function toggle(map) {
  const { pointer, rows } = map
  if (pointer.cursor === null) return
  pointer.modifier = rows.selected.includes(pointer.cursor) ? "subtract" : "add"
  clicked(map, pointer.cursor)
  pointer.modifier = null
}

function pan(map, [dx, dy]) {
  const [x0, x1, y0, y1] = map.frame.range
  const [sx, sy] = [(x1 - x0) * PAN * dx, (y0 - y1) * PAN * dy]
  zoomTo(map, [x0 + sx, x1 + sx, y0 + sy, y1 + sy])
}

// The nearest point in that direction (within 45 degrees), or the one nearest the middle to start from.
function nextPoint(map, [dx, dy]) {
  const { nodes: { canvas }, raster: { offsets }, pointer: { cursor } } = map
  const from = cursor === null ? null : place(map, cursor)
  const [cx, cy] = from || [canvas.width / 2, canvas.height / 2]
  let best = cursor
  let nearest = Infinity
  for (let i = 0; i < offsets.length; i++) {
    const p = place(map, i)
    if (!p || i === cursor) continue
    const [px, py] = [p[0] - cx, p[1] - cy]
    const along = px * dx + py * dy
    const across = Math.abs(px * dy) + Math.abs(py * dx)
    const d = from ? along + across * 2 : Math.hypot(px, py)
    if ((!from || (along > 0 && across <= along)) && d < nearest) [best, nearest] = [i, d]
  }
  return best
}

// Always on top: selected, flagged and focused points, drawn apart so that density never buries them.
const MOST_RINGS = 4000 // selected points drawn as rings; more are filled pixels, or a lasso would stutter

function paintOverlay(map) {
  const { nodes: { top, canvas }, raster, rows, frame: { ratio }, ink: { theme }, pointer, data } = map
  top.clearRect(0, 0, canvas.width, canvas.height)
  const radius = Math.max(raster.diameter / 2, 1.5)
  if (rows.selected.length > MOST_RINGS) fillSelected(map)
  else drawSelected(map, radius)
  const flag = { radius: radius + 3 * ratio, color: theme.flag, width: 1.6, diamond: true }
  for (const i of rows.flagged) drawMark(map, i, flag)
  const cursor = { radius: radius + 5 * ratio, color: theme.text, width: 1.5 }
  if (pointer.cursor !== null) drawMark(map, pointer.cursor, cursor)
  if (data.focused !== null) drawFocus(map, data.focused, radius)
}

// Where a row is drawn, in pixels of the canvas; null out of view.
function place({ nodes: { canvas }, raster: { offsets } }, i) {
  const at = offsets[i]
  return at === undefined || at < 0 ? null : [(at % canvas.width) + 0.5, ((at / canvas.width) | 0) + 0.5]
}

function drawSelected(map, radius) {
  const { nodes: { top }, frame, ink, rows } = map
  top.lineWidth = 1.4 * frame.ratio
  top.strokeStyle = rgb(ink.theme.text, 0.95)
  top.beginPath()
  for (const i of rows.selected) {
    const p = place(map, i)
    if (!p) continue
    top.moveTo(p[0] + radius + 1, p[1])
    top.arc(p[0], p[1], radius + 1, 0, TURN)
  }
  top.stroke()
}

// Many selected points: pixels, like the points themselves.
function fillSelected({ nodes: { top, canvas }, ink: { theme }, rows: { selected }, raster: { offsets, diameter } }) {
  const image = top.createImageData(canvas.width, canvas.height)
  const pixels = new Uint32Array(image.data.buffer)
  const color = ((205 << 24) | (theme.text[2] << 16) | (theme.text[1] << 8) | theme.text[0]) >>> 0
  const shape = square(Math.max(diameter, 1), canvas.width)
  for (const i of selected) if (offsets[i] >= 0) for (const s of shape) pixels[offsets[i] + s] = color
  top.putImageData(image, 0, 0)
}

function drawMark(map, i, { radius, color, width, diamond = false }) {
  const p = place(map, i)
  if (!p) return
  const { top } = map.nodes
  top.lineWidth = width * map.frame.ratio
  top.strokeStyle = rgb(color)
  top.beginPath()
  if (diamond) {
    top.moveTo(p[0], p[1] - radius)
    for (const [dx, dy] of [[radius, 0], [0, radius], [-radius, 0]]) top.lineTo(p[0] + dx, p[1] + dy)
    top.closePath()
  } else top.arc(p[0], p[1], radius, 0, TURN)
  top.stroke()
}

function drawFocus(map, i, radius) {
  const p = place(map, i)
  if (!p) return
  const { nodes: { top }, frame: { ratio }, ink, decision } = map
  drawMark(map, i, { radius: radius + 4 * ratio, color: ink.theme.background, width: 5 })
  drawMark(map, i, { radius: radius + 4 * ratio, color: ink.theme.accent, width: 2.6 })
  top.beginPath()
  top.arc(p[0], p[1], radius + 1, 0, TURN)
  top.fillStyle = rgb(ink.tables[decision.kept[i]].colors[ink.colorOf[i]])
  top.fill()
}

// The nearest drawn point within `reach` pixels, through the pixel -> row index.
function pointAt({ nodes: { canvas }, raster: { rowAt } }, [x, y], reach) {
  let best = null
  let nearest = reach * reach + 1
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++) {
      const px = (x + dx) | 0
      const py = (y + dy) | 0
      const d = dx * dx + dy * dy
      if (px < 0 || py < 0 || px >= canvas.width || py >= canvas.height || d >= nearest) continue
      const row = rowAt[py * canvas.width + px]
      if (row >= 0) [best, nearest] = [row, d]
    }
  return best
}

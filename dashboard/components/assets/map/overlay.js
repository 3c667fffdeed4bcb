// Always on top: selected, flagged and focused points, drawn apart so that density never buries them.
function paintOverlay(map) {
  const { top, canvas, theme } = map
  top.clearRect(0, 0, canvas.width, canvas.height)
  const radius = Math.max(map.diameter / 2, 1.5)
  drawSelected(map, radius)
  for (const i of map.flagged) ring(map, i, radius + 3 * map.ratio, theme.flag, 1.6, true)
  if (map.cursor !== null && map.cursor !== undefined) ring(map, map.cursor, radius + 5 * map.ratio, theme.text, 1.5, false)
  if (map.data.focused !== null) drawFocus(map, map.data.focused, radius)
}

function place(map, i) {
  const at = map.offsets[i]
  return at === undefined || at < 0 ? null : [(at % map.canvas.width) + 0.5, ((at / map.canvas.width) | 0) + 0.5]
}

function drawSelected(map, radius) {
  const { top, theme } = map
  if (map.selected.length > 4000) return fillSelected(map)
  top.lineWidth = 1.4 * map.ratio
  top.strokeStyle = rgb(theme.text, 0.95)
  top.beginPath()
  for (const i of map.selected) {
    const p = place(map, i)
    if (!p) continue
    top.moveTo(p[0] + radius + 1, p[1])
    top.arc(p[0], p[1], radius + 1, 0, 6.3)
  }
  top.stroke()
}

// Many selected points: pixels, like the points themselves.
function fillSelected({ top, canvas, theme, selected, offsets, diameter }) {
  const image = top.createImageData(canvas.width, canvas.height)
  const pixels = new Uint32Array(image.data.buffer)
  const ink = ((205 << 24) | (theme.text[2] << 16) | (theme.text[1] << 8) | theme.text[0]) >>> 0
  const shape = square(Math.max(diameter, 1), canvas.width)
  for (const i of selected) if (offsets[i] >= 0) for (const s of shape) pixels[offsets[i] + s] = ink
  top.putImageData(image, 0, 0)
}

function ring(map, i, radius, color, width, diamond) {
  const p = place(map, i)
  if (!p) return
  const { top } = map
  top.lineWidth = width * map.ratio
  top.strokeStyle = rgb(color)
  top.beginPath()
  if (diamond) {
    top.moveTo(p[0], p[1] - radius)
    for (const [dx, dy] of [[radius, 0], [0, radius], [-radius, 0]]) top.lineTo(p[0] + dx, p[1] + dy)
    top.closePath()
  } else top.arc(p[0], p[1], radius, 0, 7)
  top.stroke()
}

function drawFocus(map, i, radius) {
  const p = place(map, i)
  if (!p) return
  const { top, theme } = map
  ring(map, i, radius + 4 * map.ratio, theme.background, 5, false)
  ring(map, i, radius + 4 * map.ratio, theme.accent, 2.6, false)
  const table = map.tables[map.kept[i]]
  top.beginPath()
  top.arc(p[0], p[1], radius + 1, 0, 7)
  top.fillStyle = rgb(table.colors[map.colorOf[i]])
  top.fill()
}

// The nearest drawn point within `reach` pixels, through the pixel -> row index.
function pointAt(map, x, y, reach) {
  const { width, height } = map.canvas
  let best = null
  let nearest = reach * reach + 1
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++) {
      const px = (x + dx) | 0
      const py = (y + dy) | 0
      const d = dx * dx + dy * dy
      if (px < 0 || py < 0 || px >= width || py >= height || d >= nearest) continue
      const row = map.index[py * width + px]
      if (row >= 0) [best, nearest] = [row, d]
    }
  return best
}

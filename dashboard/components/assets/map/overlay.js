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
  const many = map.selected.length > 4000
  const size = many ? Math.max(2, map.diameter) : radius
  top.lineWidth = 1.4 * map.ratio
  top.strokeStyle = rgb(theme.text, 0.95)
  top.fillStyle = rgb(theme.text, 0.8)
  top.beginPath()
  for (const i of map.selected) {
    const p = place(map, i)
    if (!p) continue
    if (many) top.fillRect(p[0] - size / 2, p[1] - size / 2, size, size)
    else {
      top.moveTo(p[0] + size + 1, p[1])
      top.arc(p[0], p[1], size + 1, 0, 6.3)
    }
  }
  top.stroke()
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

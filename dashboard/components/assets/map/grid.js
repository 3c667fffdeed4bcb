// More points than the browser holds: the server's counts per cell, until one zooms in far enough for the points.
const RESTED = 300 // milliseconds after which a zoom rests, and the server is asked for the points in view
const THINNEST = 40 // opacity, of 255, of a cell with one point: seen on a white page and on a black one

function paintGrid({ nodes, frame, data, ink }) {
  const { canvas, ctx } = nodes
  const { counts } = home.columns.get(data.grid).data
  const bins = home.columns.get(data.grid).bins
  const [left, right, bottom, top] = frame.range
  const [x0, x1, y0, y1] = data.extent
  const image = ctx.createImageData(canvas.width, canvas.height)
  const pixels = new Uint32Array(image.data.buffer)
  const across = new Int32Array(canvas.width)
  for (let px = 0; px < across.length; px++) {
    const x = left + ((px + 0.5) / canvas.width) * (right - left)
    across[px] = Math.floor(((x - x0) / (x1 - x0 || 1)) * bins)
  }
  const scale = (255 - THINNEST) / Math.log(1 + counts.reduce((a, b) => Math.max(a, b), 1))
  const [red, green, blue] = ink.theme.kept
  const color = (blue << 16) | (green << 8) | red
  for (let py = 0; py < canvas.height; py++) {
    const y = top - ((py + 0.5) / canvas.height) * (top - bottom)
    const row = Math.floor(((y1 - y) / (y1 - y0 || 1)) * bins)
    if (row < 0 || row >= bins) continue
    for (let px = 0; px < across.length; px++) {
      const count = across[px] >= 0 && across[px] < bins ? counts[row * bins + across[px]] : 0
      if (count) pixels[py * across.length + px] = ((THINNEST + scale * Math.log(1 + count)) << 24) | color
    }
  }
  ctx.putImageData(image, 0, 0)
}

// Tells the server what is in view, once the zoom rests.
function tellView(map) {
  const { range } = map.frame
  if (!map.data.grid || map.made.get("told view") === JSON.stringify([range])) return
  clearTimeout(map.timers.view)
  map.timers.view = setTimeout(() => {
    changed(map, "told view", map.frame.range)
    map.send("view", [...map.frame.range])
  }, RESTED)
}

// More points than the browser holds: the server's counts per cell, until one zooms in far enough for the points.
function paintGrid(map) {
  const { ctx, canvas, range, data, theme } = map
  const { counts } = home.columns.get(data.grid).data
  const bins = home.columns.get(data.grid).bins
  const [x0, x1, y0, y1] = data.extent
  const image = ctx.createImageData(canvas.width, canvas.height)
  const pixels = new Uint32Array(image.data.buffer)
  const column = new Int32Array(canvas.width)
  for (let px = 0; px < column.length; px++)
    column[px] = Math.floor(((range[0] + ((px + 0.5) / canvas.width) * (range[1] - range[0]) - x0) / (x1 - x0 || 1)) * bins)
  let most = 1
  for (let at = 0; at < counts.length; at++) if (counts[at] > most) most = counts[at]
  const ink = (theme.kept[2] << 16) | (theme.kept[1] << 8) | theme.kept[0]
  for (let py = 0; py < canvas.height; py++) {
    const y = range[3] - ((py + 0.5) / canvas.height) * (range[3] - range[2])
    const row = Math.floor(((y1 - y) / (y1 - y0 || 1)) * bins)
    if (row < 0 || row >= bins) continue
    for (let px = 0; px < column.length; px++) {
      const count = column[px] >= 0 && column[px] < bins ? counts[row * bins + column[px]] : 0
      if (count) pixels[py * column.length + px] = ((40 + 215 * (Math.log(1 + count) / Math.log(1 + most))) << 24) | ink
    }
  }
  ctx.putImageData(image, 0, 0)
}

// Tells the server what is looked at, once the zoom rests.
function tellView(map) {
  if (!map.data.grid) return
  const seen = JSON.stringify(map.range)
  if (seen === map.toldView) return
  clearTimeout(map.viewing)
  map.viewing = setTimeout(() => {
    map.toldView = seen
    map.send("view", [...map.range])
  }, 300)
}

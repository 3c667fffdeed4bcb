// Points to pixels on the CPU: offsets once per zoom, colors per change. A million points without a GPU.
const LEVELS = 255 // points counted per pixel before it is full
const FAINTEST = 0.5 // opacity of a lone point
const MOST_SHAPES = 3500 // points drawn one by one; more are counted per pixel, in the time of one frame
const TURN = 2 * Math.PI

const newRaster = () => ({
  offsets: new Int32Array(0), // of each row: its pixel, -1 where it is out of view
  rowAt: new Int32Array(0), // of each pixel: the row drawn there last, -1 for none
  inView: 0, diameter: 1,
  sumA: new Uint32Array(0), sumB: new Uint32Array(0), image: null, pixels: null, // what each pixel adds up to
})

function project({ data, nodes, rows, frame, raster }) {
  const { x, y } = home.columns.get(data.coords).data
  const { width, height } = nodes.canvas
  const [x0, x1, y0, y1] = frame.range
  const [sx, sy] = [width / (x1 - x0), height / (y1 - y0)]
  if (raster.offsets.length !== x.length) raster.offsets = new Int32Array(x.length)
  if (raster.rowAt.length !== width * height) raster.rowAt = new Int32Array(width * height)
  const { offsets, rowAt } = raster
  const { hidden } = rows
  rowAt.fill(-1)
  let seen = 0
  for (let i = 0; i < x.length; i++) {
    const px = (x[i] - x0) * sx
    const py = (y1 - y[i]) * sy
    if (px >= 0 && px < width && py >= 0 && py < height && !hidden[i]) {
      const at = (py | 0) * width + (px | 0)
      offsets[i] = at
      rowAt[at] = i
      seen++
    } else offsets[i] = -1
  }
  raster.inView = seen
  raster.diameter = pointSize(seen) * (seen > 60000 ? 1 : Math.round(frame.ratio))
}

// Pixels across: so that as many points as these leave the page between them to be seen.
function pointSize(seen) {
  if (seen > 250000) return 1
  if (seen > 30000) return 2
  if (seen > 8000) return 3
  if (seen > MOST_SHAPES) return 4
  return seen > 900 ? 6 : 8
}

function paint(map) {
  if (map.data.grid && !map.data.n) paintGrid(map)
  else if (map.raster.inView <= MOST_SHAPES) paintShapes(map)
  else paintDensity(map)
}

// Few points: antialiased discs; dropped ones are crosses.
function paintShapes({ nodes, rows: { hollow }, decision: { kept }, raster: { offsets, diameter }, ink }) {
  const { canvas, ctx } = nodes
  ctx.clearRect(0, 0, canvas.width, canvas.height)
  const stamps = new Map()
  const half = Math.ceil(diameter / 2) + 2
  for (const state of [1, 0])
    for (let i = 0; i < offsets.length; i++) {
      if (offsets[i] < 0 || kept[i] !== state) continue
      const open = hollow ? hollow[i] : 0
      const name = ink.colorOf[i] * 4 + state * 2 + open
      let stamp = stamps.get(name)
      if (!stamp) stamps.set(name, (stamp = makeStamp(ink, ink.colorOf[i], state, open, diameter, half)))
      ctx.drawImage(stamp, (offsets[i] % canvas.width) - half, ((offsets[i] / canvas.width) | 0) - half)
    }
}

function makeStamp({ tables, theme }, color, kept, open, diameter, half) {
  const stamp = element("canvas", "", null, { width: half * 2, height: half * 2 })
  const ctx = stamp.getContext("2d")
  ctx.translate(half + 0.5, half + 0.5)
  const fill = tables[kept].colors[color]
  if (!kept) drawCross(ctx, fill, open, diameter)
  else if (open) drawRing(ctx, fill, diameter)
  else drawDisc(ctx, fill, theme.background, diameter)
  return stamp
}

function drawDisc(ctx, color, edge, diameter) {
  ctx.beginPath()
  ctx.arc(0, 0, diameter / 2, 0, TURN)
  ctx.fillStyle = rgb(color, 0.88)
  ctx.fill()
  ctx.lineWidth = 0.75
  ctx.strokeStyle = rgb(edge, 0.75)
  ctx.stroke()
}

function drawRing(ctx, color, diameter) {
  ctx.beginPath()
  ctx.arc(0, 0, Math.max(1, diameter / 2 - 0.7), 0, TURN)
  ctx.lineWidth = Math.max(1.2, diameter / 5)
  ctx.strokeStyle = rgb(color, 0.9)
  ctx.stroke()
}

// A hollow cross is open in the middle.
function drawCross(ctx, color, open, diameter) {
  const [far, near] = [(diameter / 2) * 0.8, open ? (diameter / 2) * 0.3 : 0]
  ctx.lineWidth = Math.max(1.3, diameter / 5)
  ctx.strokeStyle = rgb(color, 0.95)
  ctx.beginPath()
  for (const [dx, dy] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) {
    ctx.moveTo(far * dx, far * dy)
    ctx.lineTo(near * dx, near * dy)
  }
  ctx.stroke()
}

// Many points: count and mean color per pixel, opacity by count; dropped ones cover fewer pixels (a small cross).
function paintDensity(map) {
  const { raster, nodes: { ctx, canvas } } = map
  const size = canvas.width * canvas.height
  if (raster.sumA.length !== size) {
    raster.sumA = new Uint32Array(size)
    raster.sumB = new Uint32Array(size)
    raster.image = ctx.createImageData(canvas.width, canvas.height)
    raster.pixels = new Uint32Array(raster.image.data.buffer)
  } else {
    raster.sumA.fill(0)
    raster.sumB.fill(0)
  }
  raster.diameter === 1 ? addPixels(map) : addShapes(map, canvas.width)
  blend(raster)
  ctx.putImageData(raster.image, 0, 0)
}

function addPixels({ raster, rows: { hollow }, decision: { kept }, ink }) {
  const { offsets, sumA, sumB } = raster
  const { colorOf, packed: [A, B] } = ink
  const shift = ink.colors.length
  const pale = 2 * shift
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i]
    if (at < 0) continue
    const old = sumB[at]
    if ((old & 0xffff) >= LEVELS) continue
    const color = colorOf[i] + (kept[i] ? shift : 0) + (hollow && hollow[i] ? pale : 0)
    sumA[at] += A[color]
    sumB[at] = old + B[color]
  }
}

function addShapes({ raster, rows: { hollow }, decision: { kept }, ink }, width) {
  const { offsets, sumA, sumB, diameter } = raster
  const { colorOf, packed: [A, B] } = ink
  const shift = ink.colors.length
  const shapes = [cross(diameter, width), square(diameter, width)]
  shapes.push(...shapes.map((shape) => (diameter < 3 ? shape : without(shape, diameter, width))))
  const pale = diameter < 3 ? 2 * shift : 0
  const size = sumA.length
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i]
    if (at < 0) continue
    const open = hollow && hollow[i] ? 1 : 0
    const color = colorOf[i] + (kept[i] ? shift : 0) + open * pale
    const shape = shapes[kept[i] + 2 * open]
    for (let s = 0; s < shape.length; s++) {
      const p = at + shape[s]
      if (p < 0 || p >= size || (sumB[p] & 0xffff) >= LEVELS) continue
      sumA[p] += A[color]
      sumB[p] += B[color]
    }
  }
}

function square(d, width) {
  const out = []
  for (let dy = 0; dy < d; dy++) for (let dx = 0; dx < d; dx++) out.push((dy - (d >> 1)) * width + dx - (d >> 1))
  return out
}

// The shape without its middle: hollow.
function without(shape, d, width) {
  const inner = new Set(square(d - 2, width))
  return shape.filter((at) => !inner.has(at))
}

function cross(d, width) {
  if (d < 2) return [0]
  const out = new Set()
  for (let k = 0; k < d; k++) for (const dx of [k, d - 1 - k]) out.add((k - (d >> 1)) * width + dx - (d >> 1))
  return d === 2 ? [0, -width - 1] : [...out]
}

// Sums to pixels: the mean color, as opaque as many points lie there.
function blend({ sumA, sumB, pixels }) {
  const alpha = alphaTable(sumB)
  for (let p = 0; p < pixels.length; p++) {
    const b = sumB[p]
    if (!b) pixels[p] = 0
    else {
      const a = sumA[p]
      const count = b & 0xffff
      pixels[p] = count === 1 ? (alpha[1] << 24) | (b & 0xff0000) | ((a & 255) << 8) | (a >>> 16)
        : (alpha[count] << 24) | (((b >>> 16) / count) << 16) | (((a & 0xffff) / count) << 8) | ((a >>> 16) / count)
    }
  }
}

// Opacity by count on a log scale, full at the count that only one drawn pixel in a hundred exceeds.
function alphaTable(sumB) {
  const most = LEVELS - 1 + DROPPED_TIMES
  const histogram = new Uint32Array(most + 1)
  for (let p = 0; p < sumB.length; p++) histogram[sumB[p] & 0xffff]++
  let drawn = 0
  for (let k = 1; k <= most; k++) drawn += histogram[k]
  let full = most
  for (let above = 0; full > DROPPED_TIMES && above + histogram[full] <= drawn / 100; full--) above += histogram[full]
  const scale = Math.log(1 + full) - Math.log(2)
  const opacity = (k) => FAINTEST + ((1 - FAINTEST) * (Math.log(1 + k) - Math.log(2))) / scale
  return Uint8Array.from(histogram, (_, k) => 255 * Math.min(1, opacity(k)))
}

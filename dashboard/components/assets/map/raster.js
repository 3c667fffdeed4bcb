// Points to pixels on the CPU: offsets once per zoom, colors per change. A million points without a GPU.
const LEVELS = 255 // points counted per pixel before it is full
const DROPPED_TIMES = 3 // 257 times 255 is the most that a color's 16 bits hold
const FAINTEST = 0.5 // opacity of a lone point

// Pixel offset of each point (-1 = out of view), the pixel -> row index for hover, and how many are in view.
function project(map) {
  const started = performance.now()
  const { x, y } = home.columns.get(map.data.coords).data
  const { width, height } = map.canvas
  const [x0, x1, y0, y1] = map.range
  const sx = width / (x1 - x0)
  const sy = height / (y1 - y0)
  if (map.offsets?.length !== x.length) map.offsets = new Int32Array(x.length)
  if (map.index?.length !== width * height) map.index = new Int32Array(width * height)
  map.index.fill(-1)
  const { offsets, index, hidden } = map
  let seen = 0
  for (let i = 0; i < x.length; i++) {
    const px = (x[i] - x0) * sx
    const py = (y1 - y[i]) * sy
    if (px >= 0 && px < width && py >= 0 && py < height && !hidden[i]) {
      const at = (py | 0) * width + (px | 0)
      offsets[i] = at
      index[at] = i
      seen++
    } else offsets[i] = -1
  }
  map.inView = seen
  map.diameter = pointSize(seen) * (seen > 60000 ? 1 : Math.round(map.ratio))
  map.times.project = performance.now() - started
}

function pointSize(seen) {
  if (seen > 250000) return 1
  if (seen > 30000) return 2
  if (seen > 8000) return 3
  if (seen > 3500) return 4
  return seen > 900 ? 6 : 8
}

// Index of each point's color in the tables below.
function colorIndex(map) {
  const { kind, column, codes } = map.data.colors
  const n = map.data.n
  const out = map.colorOf?.length === n ? map.colorOf : (map.colorOf = new Uint16Array(n))
  if (kind === "category") {
    const blob = home.columns.get(codes)
    const none = blob.palette.length
    for (let i = 0; i < n; i++) out[i] = blob.data.codes[i] < none ? blob.data.codes[i] : none
    map.colors = [...blob.palette.map(hexColor), hexColor(blob.none)]
  } else if (kind === "score") {
    const ranks = home.columns.get(map.data.ranks)?.data[column]
    for (let i = 0; i < n; i++) out[i] = ranks && ranks[i] ? ranks[i] >> 8 : 256
    map.colors = [...Array(256).keys()].map((v) => sequential(v / 255)).concat([map.theme.none])
  } else {
    out.fill(0)
    map.colors = [map.theme.kept]
  }
}

// Perceptually even from dark blue over teal to yellow (viridis-like anchors).
const SCALE = ["#4A3F9C", "#31688E", "#21918C", "#5EC962", "#FDE725"].map(hexColor)
function sequential(t) {
  const at = Math.min(t * (SCALE.length - 1), SCALE.length - 1.0001)
  return mix(SCALE[at | 0], SCALE[(at | 0) + 1], at % 1)
}

function colorTables(map) {
  const decision = map.data.colors.kind === "decision"
  const fade = decision ? 0 : 0.62
  const front = map.data.colors.kind === "category" && (map.forward ?? null) !== null
  const shown = front ? map.colors.map((c, i) => (i === map.forward ? c : mix(c, map.theme.faded, 0.85))) : map.colors
  const dropped = shown.map((c) => (decision ? map.theme.dropped : mix(c, map.theme.faded, fade)))
  map.tables = [{ colors: dropped }, { colors: shown }]
  const both = [...dropped, ...shown] // a row's color is at (kept ? number of colors : 0) + colorOf[row]
  const pale = both.map((c) => mix(c, map.theme.background, 0.6)) // of points too small to be drawn hollow
  const four = [...both, ...pale]
  // The few that go are what one looks for among the many that stay: each counts as several.
  const times = (at) => (decision && at % (2 * map.colors.length) < map.colors.length ? DROPPED_TIMES : 1)
  map.packed = [
    Uint32Array.from(four, (c, at) => times(at) * ((c[0] << 16) | c[1])),
    Uint32Array.from(four, (c, at) => times(at) * ((c[2] << 16) | 1)),
  ]
}

function paint(map) {
  const started = performance.now()
  if (map.data.grid && !map.data.n) paintGrid(map)
  else if (map.inView <= 3500) paintShapes(map)
  else paintDensity(map)
  map.times.paint = performance.now() - started
}

// Few points: antialiased discs; dropped ones are crosses.
function paintShapes(map) {
  const { ctx, canvas, offsets, kept, colorOf, tables, diameter, hollow } = map
  ctx.clearRect(0, 0, canvas.width, canvas.height)
  const stamps = new Map()
  const half = Math.ceil(diameter / 2) + 2
  for (const state of [1, 0])
    for (let i = 0; i < offsets.length; i++) {
      if (offsets[i] < 0 || kept[i] !== state) continue
      const open = hollow ? hollow[i] : 0
      const name = colorOf[i] * 4 + state * 2 + open
      let stamp = stamps.get(name)
      if (!stamp) stamps.set(name, (stamp = makeStamp(map, tables[state].colors[colorOf[i]], state, open, diameter, half)))
      ctx.drawImage(stamp, (offsets[i] % canvas.width) - half, ((offsets[i] / canvas.width) | 0) - half)
    }
}

function makeStamp(map, color, kept, open, diameter, half) {
  const stamp = Object.assign(document.createElement("canvas"), { width: half * 2, height: half * 2 })
  const c = stamp.getContext("2d")
  c.translate(half + 0.5, half + 0.5)
  const r = diameter / 2
  if (kept && open) {
    c.beginPath()
    c.arc(0, 0, Math.max(1, r - 0.7), 0, 7)
    c.lineWidth = Math.max(1.2, diameter / 5)
    c.strokeStyle = rgb(color, 0.9)
    c.stroke()
  } else if (kept) {
    c.beginPath()
    c.arc(0, 0, r, 0, 7)
    c.fillStyle = rgb(color, 0.88)
    c.fill()
    c.lineWidth = 0.75
    c.strokeStyle = rgb(map.theme.background, 0.75)
    c.stroke()
  } else {
    c.lineWidth = Math.max(1.3, diameter / 5)
    c.strokeStyle = rgb(color, 0.95)
    for (const [dx, dy] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) { // a hollow cross is open in the middle
      c.beginPath()
      c.moveTo(r * 0.8 * dx, r * 0.8 * dy)
      c.lineTo(open ? r * 0.3 * dx : 0, open ? r * 0.3 * dy : 0)
      c.stroke()
    }
  }
  return stamp
}

// Many points: count and mean color per pixel, opacity by count; dropped ones cover fewer pixels (a small cross).
function paintDensity(map) {
  const { ctx, canvas } = map
  const size = canvas.width * canvas.height
  if (map.sumA?.length !== size) {
    map.sumA = new Uint32Array(size)
    map.sumB = new Uint32Array(size)
    map.image = ctx.createImageData(canvas.width, canvas.height)
    map.pixels = new Uint32Array(map.image.data.buffer)
  } else {
    map.sumA.fill(0)
    map.sumB.fill(0)
  }
  map.diameter === 1 ? addPixels(map) : addShapes(map)
  resolve(map)
  ctx.putImageData(map.image, 0, 0)
}

function addPixels({ offsets, kept, hollow, colorOf, colors, packed: [A, B], sumA, sumB }) {
  const shift = colors.length
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

function addShapes({ offsets, kept, hollow, colorOf, colors, packed: [A, B], sumA, sumB, diameter, canvas }) {
  const shift = colors.length
  const shapes = [cross(diameter, canvas.width), square(diameter, canvas.width)]
  shapes.push(...shapes.map((shape) => (diameter < 3 ? shape : without(shape, diameter, canvas.width))))
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

function resolve(map) {
  const { sumA, sumB, pixels } = map
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
  return Uint8Array.from(histogram, (_, k) => 255 * Math.min(1, FAINTEST + ((1 - FAINTEST) * (Math.log(1 + k) - Math.log(2))) / scale))
}

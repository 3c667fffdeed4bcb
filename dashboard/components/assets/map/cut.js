// Composite and cut, the same arithmetic as map_wire.browser_composite: the two agree to the row.
function computeComposite(map, weights) {
  const ranks = home.columns.get(map.data.ranks)
  const used = Object.entries(weights).filter(([m, w]) => w && ranks && ranks.data[m])
  if (map.composite?.length !== map.data.n) map.composite = new Float64Array(map.data.n)
  map.composite.fill(0)
  if (!used.length) return false
  const holes = used.some(([m]) => ranks.holes.includes(m))
  for (const [m, w] of used) addColumn(map.composite, ranks.data[m], w / STEPS, holes)
  if (holes) renormalise(map.composite, used, ranks)
  return true
}

function addColumn(out, column, step, holes) {
  if (holes) for (let i = 0; i < out.length; i++) out[i] += step * (column[i] ? column[i] - MIDDLE : 0)
  else for (let i = 0; i < out.length; i++) out[i] += step * (column[i] - MIDDLE)
}

function renormalise(out, used, ranks) {
  const whole = used.reduce((sum, [, w]) => sum + Math.abs(w), 0)
  for (let i = 0; i < out.length; i++) {
    let present = 0
    for (const [m, w] of used) present += Math.abs(w) * (ranks.data[m][i] ? 1 : 0)
    out[i] = present > 0 ? (out[i] * whole) / present : NaN
  }
}

// Where to cut so that `share` of the rows that may go are beyond it: the k-th value from the drop side, by histogram.
function cutForShare(map, share, drop) {
  const { composite, lockedRows } = map
  const BINS = 4096
  let low = Infinity
  let high = -Infinity
  let total = 0
  const usable = (i) => composite[i] === composite[i] && !(lockedRows && lockedRows[i])
  for (let i = 0; i < composite.length; i++)
    if (usable(i)) {
      total++
      if (composite[i] < low) low = composite[i]
      if (composite[i] > high) high = composite[i]
    }
  const wanted = roundHalfEven(share * total)
  if (wanted <= 0 || !total) return null
  if (wanted >= total) return drop === "above" ? -Infinity : Infinity
  const scale = BINS / (high - low || 1)
  const bin = (v) => Math.min(BINS - 1, ((drop === "above" ? high - v : v - low) * scale) | 0)
  const histogram = new Uint32Array(BINS)
  for (let i = 0; i < composite.length; i++) if (usable(i)) histogram[bin(composite[i])]++
  let at = 0
  let before = 0
  while (before + histogram[at] <= wanted) before += histogram[at++]
  const inside = []
  for (let i = 0; i < composite.length; i++) if (usable(i) && bin(composite[i]) === at) inside.push(composite[i])
  inside.sort((a, b) => (drop === "above" ? b - a : a - b))
  return inside[wanted - before] // the first row that stays
}

function applyCut(map, cut, drop) {
  const { kept, composite } = map
  if (cut === null || cut === undefined) kept.fill(1)
  else if (drop === "above") for (let i = 0; i < kept.length; i++) kept[i] = composite[i] > cut ? 0 : 1
  else for (let i = 0; i < kept.length; i++) kept[i] = composite[i] < cut ? 0 : 1
  if (map.lockedRows) for (let i = 0; i < kept.length; i++) if (map.lockedRows[i]) kept[i] = 1
  for (const i of map.pinKept) kept[i] = 1
  for (const i of map.pinDropped) kept[i] = 0
  let count = 0
  for (let i = 0; i < kept.length; i++) count += kept[i]
  map.keptCount = count
}

// What the server decided, or (live) what a slider holds at this moment.
function decide(map) {
  const rule = map.live || map.data.rule
  const signature = JSON.stringify(rule.w) + map.data.ranks
  let any = map.compositeSignature !== undefined && map.hasComposite
  if (signature !== map.compositeSignature) {
    any = map.hasComposite = computeComposite(map, rule.w)
    map.compositeSignature = signature
  }
  let cut = any ? rule.cut : null
  if (any && map.live && rule.share !== undefined && rule.share !== null) cut = cutForShare(map, rule.share, rule.drop)
  map.cut = cut
  applyCut(map, cut, rule.drop)
}

// Even-odd rule, the same arithmetic as polygon.rows_in_polygon.
function rowsInside(map, polygon) {
  const { x, y } = home.columns.get(map.data.coords).data
  const xs = polygon.map((p) => p[0])
  const ys = polygon.map((p) => p[1])
  const box = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const rows = []
  for (let i = 0; i < x.length; i++) {
    if (map.hidden[i] || !(x[i] >= box[0] && x[i] <= box[1] && y[i] >= box[2] && y[i] <= box[3])) continue
    let inside = false
    for (let a = 0, b = xs.length - 1; a < xs.length; b = a++)
      if (ys[a] > y[i] !== ys[b] > y[i] && x[i] < ((xs[b] - xs[a]) * (y[i] - ys[a])) / (ys[b] - ys[a]) + xs[a]) inside = !inside
    if (inside) rows.push(i)
  }
  return Uint32Array.from(rows)
}

function joinRows(old, fresh, mode) {
  if (mode === "replace") return fresh
  const set = new Set(old)
  for (const i of fresh) mode === "add" ? set.add(i) : set.delete(i)
  return Uint32Array.from(set).sort()
}

// As Python's round.
function roundHalfEven(v) {
  const below = Math.floor(v)
  return v - below === 0.5 ? below + (below & 1) : Math.round(v)
}

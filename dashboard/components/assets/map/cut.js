// Composite and cut, the same arithmetic as map_wire.browser_composite: the two agree to the row.
const BLOCK = 8192 // rows whose sums stay in the processor's cache while the columns are added

function computeComposite(map, weights) {
  const ranks = home.columns.get(map.data.ranks)
  const used = Object.entries(weights).filter(([m, w]) => w && ranks && ranks.data[m])
  if (map.composite?.length !== map.data.n) map.composite = new Float64Array(map.data.n)
  if (!used.length) {
    map.composite.fill(0)
    return false
  }
  const holes = used.some(([m]) => ranks.holes.includes(m))
  const columns = used.map(([m]) => ranks.data[m])
  const steps = used.map(([, w]) => w / STEPS)
  for (let from = 0; from < map.data.n; from += BLOCK) {
    const to = Math.min(from + BLOCK, map.data.n)
    map.composite.fill(0, from, to)
    for (let k = 0; k < columns.length; k++) addColumn(map.composite, columns[k], steps[k], holes, from, to)
    if (holes) renormalise(map.composite, columns, used, from, to)
  }
  map.bound = steps.reduce((sum, s) => sum + Math.abs(s) * (MIDDLE + 1), 0) // no composite lies farther from 0
  if (holes) map.bound = used.reduce((sum, [, w]) => sum + Math.abs(w), 0) * 0.51
  return true
}

// While one slider is dragged, all coefficients but a few keep their proportions: sums of such columns are added up once,
// and a frame adds two or three arrays instead of a dozen columns. Missing ranks need the whole sum.
function followWeights(map, weights) {
  const ranks = home.columns.get(map.data.ranks)
  const names = Object.keys(weights).filter((m) => ranks?.data[m])
  if (!names.length || names.some((m) => ranks.holes.includes(m))) return computeComposite(map, weights)
  const start = map.data.rule.w
  const shares = new Map() // how far a coefficient has moved -> the columns that moved so far
  for (const m of names) {
    const moved = start[m] ? (weights[m] / start[m]).toPrecision(9) : `alone ${m}`
    shares.set(moved, [...(shares.get(moved) || []), m])
  }
  const groups = [...shares.values()]
  const signature = JSON.stringify([groups, start, map.data.ranks])
  if (map.partsAs !== signature) {
    map.parts = groups.map((group) => addUp(map, ranks, group, start))
    map.partsAs = signature
  }
  const factors = groups.map((group) => (start[group[0]] ? weights[group[0]] / start[group[0]] : weights[group[0]]))
  combineParts(map, factors)
  map.bound = names.reduce((sum, m) => sum + Math.abs(weights[m]), 0) * 0.51
  return true
}

function addUp(map, ranks, group, start) {
  const out = new Float64Array(map.data.n)
  for (let from = 0; from < out.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, out.length)
    for (const m of group) addColumn(out, ranks.data[m], (start[m] || 1) / STEPS, false, from, to)
  }
  return out
}

function combineParts({ composite, parts }, factors) {
  const [a, b, c] = parts
  const [fa, fb, fc] = factors
  if (parts.length === 1) for (let i = 0; i < composite.length; i++) composite[i] = fa * a[i]
  else if (parts.length === 2) for (let i = 0; i < composite.length; i++) composite[i] = fa * a[i] + fb * b[i]
  else for (let i = 0; i < composite.length; i++) composite[i] = fa * a[i] + fb * b[i] + fc * c[i]
  for (let k = 3; k < parts.length; k++) {
    const [more, f] = [parts[k], factors[k]]
    for (let i = 0; i < composite.length; i++) composite[i] += f * more[i]
  }
}

function addColumn(out, column, step, holes, from, to) {
  if (holes) for (let i = from; i < to; i++) out[i] += step * (column[i] ? column[i] - MIDDLE : 0)
  else for (let i = from; i < to; i++) out[i] += step * (column[i] - MIDDLE)
}

function renormalise(out, columns, used, from, to) {
  const sizes = used.map(([, w]) => Math.abs(w))
  const whole = sizes.reduce((sum, w) => sum + w, 0)
  for (let i = from; i < to; i++) {
    let present = 0
    for (let k = 0; k < columns.length; k++) present += sizes[k] * (columns[k][i] ? 1 : 0)
    out[i] = present > 0 ? (out[i] * whole) / present : NaN
  }
}

function applyCut(map, cut, drop, limits) {
  const { kept, composite, lockedRows } = map
  const rows = kept.length
  const codes = limits && classCodes(map)
  if (cut === null || cut === undefined) kept.fill(1)
  else if (limits && drop === "above") for (let i = 0; i < rows; i++) kept[i] = composite[i] > limits[codes[i]] && !(lockedRows && lockedRows[i]) ? 0 : 1
  else if (limits) for (let i = 0; i < rows; i++) kept[i] = composite[i] < limits[codes[i]] && !(lockedRows && lockedRows[i]) ? 0 : 1
  else if (drop === "above") for (let i = 0; i < rows; i++) kept[i] = composite[i] > cut && !(lockedRows && lockedRows[i]) ? 0 : 1
  else for (let i = 0; i < rows; i++) kept[i] = composite[i] < cut && !(lockedRows && lockedRows[i]) ? 0 : 1
  for (const i of map.pinKept) kept[i] = 1
  for (const i of map.pinDropped) kept[i] = 0
  let count = 0
  for (let i = 0; i < rows; i++) count += kept[i]
  map.keptCount = count
}

// What the server decided, or (live) what a slider holds at this moment.
function decide(map) {
  const rule = map.live || map.data.rule
  const signature = JSON.stringify(rule.w) + map.data.ranks
  let any = map.compositeSignature !== undefined && map.hasComposite
  if (signature !== map.compositeSignature) {
    any = map.hasComposite = map.live ? followWeights(map, rule.w) : computeComposite(map, rule.w)
    map.compositeSignature = signature
  }
  const byShare = any && map.live && rule.share !== undefined && rule.share !== null
  const { cut, limits } = byShare ? cutForShare(map, rule.share, rule.drop) : { cut: any ? rule.cut : null, limits: null }
  map.cut = cut
  applyCut(map, cut, rule.drop, byShare ? limits : saidLimits(map, cut, rule.drop))
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

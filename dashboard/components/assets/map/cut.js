// Composite and cut, the same arithmetic as map_wire.browser_composite: the two agree to the row.
const BLOCK = 8192 // rows whose sums stay in the processor's cache while the columns are added
const FARTHEST = 0.51 // a rank is at most half from the middle; a little more, so that no bin is ever the one beyond

const newDecision = () => ({
  composite: new Float64Array(0), hasComposite: false, // no composite lies farther from 0 than `bound`
  bound: 0, parts: [], // sums of columns that a dragged slider moves together
  kept: new Uint8Array(0), keptCount: 0, cut: null,
  live: null, dragging: false, // the rule that a slider holds at this moment
  counting: newCounting(),
})

function computeComposite({ data, decision }, weights) {
  const ranks = home.columns.get(data.ranks)
  const used = Object.entries(weights).filter(([m, w]) => w && ranks && ranks.data[m])
  if (decision.composite.length !== data.n) decision.composite = new Float64Array(data.n)
  const { composite } = decision
  if (!used.length) {
    composite.fill(0)
    return false
  }
  const holes = used.some(([m]) => ranks.holes.includes(m))
  const columns = used.map(([m]) => ranks.data[m])
  const steps = used.map(([, w]) => w / STEPS)
  for (let from = 0; from < data.n; from += BLOCK) {
    const to = Math.min(from + BLOCK, data.n)
    composite.fill(0, from, to)
    for (let k = 0; k < columns.length; k++) addColumn(composite, columns[k], steps[k], holes, from, to)
    if (holes) renormalise(composite, columns, used, from, to)
  }
  decision.bound = steps.reduce((sum, s) => sum + Math.abs(s) * (MIDDLE + 1), 0)
  if (holes) decision.bound = used.reduce((sum, [, w]) => sum + Math.abs(w), 0) * FARTHEST
  return true
}

// While one slider is dragged, all coefficients but a few keep their proportions: sums of such columns are added up
// once, and a frame adds two or three arrays instead of a dozen columns. Missing ranks need the whole sum.
function followWeights(map, weights) {
  const { data, decision } = map
  const ranks = home.columns.get(data.ranks)
  const names = Object.keys(weights).filter((m) => ranks?.data[m])
  if (!names.length || names.some((m) => ranks.holes.includes(m))) return computeComposite(map, weights)
  const start = data.rule.w
  const groups = movedTogether(names, start, weights)
  if (changed(map, "parts", groups, start, data.ranks))
    decision.parts = groups.map((group) => addUp(data.n, ranks, group, start))
  combineParts(decision, groups.map(([m]) => (start[m] ? weights[m] / start[m] : weights[m])))
  decision.bound = names.reduce((sum, m) => sum + Math.abs(weights[m]), 0) * FARTHEST
  return true
}

// Columns whose coefficients have moved by one factor, and each that stood at 0 alone.
function movedTogether(names, start, weights) {
  const groups = new Map()
  for (const m of names) {
    const factor = start[m] ? (weights[m] / start[m]).toPrecision(9) : `alone ${m}`
    groups.set(factor, [...(groups.get(factor) || []), m])
  }
  return [...groups.values()]
}

function addUp(rows, ranks, group, start) {
  const out = new Float64Array(rows)
  for (let from = 0; from < rows; from += BLOCK) {
    const to = Math.min(from + BLOCK, rows)
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

// What the server decided, or (live) what a slider holds at this moment.
function decide(map) {
  const { data, decision } = map
  if (decision.kept.length !== data.n) decision.kept = new Uint8Array(data.n)
  const rule = decision.live || data.rule
  if (changed(map, "composite", rule.w, data.ranks))
    decision.hasComposite = decision.live ? followWeights(map, rule.w) : computeComposite(map, rule.w)
  const any = decision.hasComposite
  const byShare = any && decision.live && rule.share !== undefined && rule.share !== null
  const cuts = byShare ? cutForShare(map, rule.share, rule.drop) : { cut: (any ? rule.cut : null) ?? null }
  decision.cut = cuts.cut
  applyCut(map, rule.drop, byShare ? cuts.limits : saidLimits(map, cuts.cut, rule.drop))
}

// limits: a cut of its own for each class code, or null. One loop for each case: a million rows in one frame.
function applyCut({ rows, decision, data }, drop, limits) {
  const { kept, composite, cut } = decision
  const { locked } = rows
  const codes = limits && classCodes(data)
  const stays = (i) => !!(locked && locked[i])
  if (cut === null) kept.fill(1)
  else if (limits && drop === "above")
    for (let i = 0; i < kept.length; i++) kept[i] = composite[i] > limits[codes[i]] && !stays(i) ? 0 : 1
  else if (limits) for (let i = 0; i < kept.length; i++) kept[i] = composite[i] < limits[codes[i]] && !stays(i) ? 0 : 1
  else if (drop === "above") for (let i = 0; i < kept.length; i++) kept[i] = composite[i] > cut && !stays(i) ? 0 : 1
  else for (let i = 0; i < kept.length; i++) kept[i] = composite[i] < cut && !stays(i) ? 0 : 1
  for (const i of rows.pinKept) kept[i] = 1
  for (const i of rows.pinDropped) kept[i] = 0
  let count = 0
  for (let i = 0; i < kept.length; i++) count += kept[i]
  decision.keptCount = count
}

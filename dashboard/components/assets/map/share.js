// Where a share cuts: for all rows, and nearer the end for classes that floor or cap hold back (core's guardrails).
const CLASSES = "*classes" // the column of class codes among the ranks: 0 = no class, else the class + 1
const BINS = 8192 // bins of the composite: fine enough that one holds few rows, few enough to be counted per class
const MOST_CODES = 256 // with more classes a slider does not hold them back; the server then has the first word
const NO_BIN = 65535 // of rows that no rule may drop, or that have no composite

// Arrays that a dragged slider fills again in each frame.
const newCounting = () => ({
  histogram: new Uint32Array(0), bins: new Uint16Array(0), noneLocked: new Uint8Array(0), totals: new Float64Array(0),
})

const classCodes = (data) => home.columns.get(data.ranks)?.data[CLASSES]

// What the server said: float32 of each class, NaN where nothing holds it back. By class code, null for none.
function saidLimits({ data }, cut, drop) {
  const { held } = data.rule
  if (!held || !classCodes(data) || cut === null) return null
  const farther = drop === "above" ? Math.max : Math.min
  const limits = [cut, ...new Float32Array(fromBase64(held).buffer)]
  return Float64Array.from(limits, (v) => (v === v ? farther(v, cut) : cut))
}

// A dragged slider: the first row that stays when `share` of the rows that may go are beyond it, and limits by class.
function cutForShare(map, share, drop) {
  const codes = heldCodes(map)
  const side = drop === "above" ? -1 : 1
  const counted = countBins(map, codes, side)
  const goes = roundHalfEven(share * counted.total)
  if (goes <= 0) return { cut: null, limits: null }
  const [at, before] = goes < counted.total ? reach(counted.all, 0, goes, BINS) : [BINS, 0]
  const held = codes ? heldBins(map, codes, counted.histogram, at) : []
  const inside = valuesInside(map, codes, at, held)
  const first = (values, place) => values.sort((a, b) => side * (a - b))[place]
  const cut = at < BINS ? first(inside.all, goes - before) : side * Infinity
  if (!held.length) return { cut, limits: null }
  const limits = new Float64Array(counted.codes).fill(cut)
  held.forEach(({ code, allowed, before: own }, slot) => {
    const stays = first(inside.own[slot], allowed - own)
    if (stays !== undefined && side * stays < side * cut) limits[code] = stays
  })
  return { cut, limits }
}

function heldCodes(map) {
  const codes = classCodes(map.data)
  const { cap, floor } = map.data.rule
  return codes && (cap !== null || floor) && classTotals(map, codes).length <= MOST_CODES ? codes : null
}

// Rows that may go in each bin of their composite, bin 0 the first to go; by class where one is held back.
function countBins({ rows: { locked, pinned }, decision: { composite, bound, counting } }, codes, side) {
  const rows = composite.length
  const size = codes ? counting.totals.length : 1
  if (counting.histogram.length !== size * BINS) counting.histogram = new Uint32Array(size * BINS)
  if (counting.bins.length !== rows) counting.bins = new Uint16Array(rows)
  if (!locked && counting.noneLocked.length !== rows) counting.noneLocked = new Uint8Array(rows)
  const { bins } = counting
  const histogram = counting.histogram.fill(0)
  const stays = locked || counting.noneLocked
  const scale = (side * BINS) / (2 * bound || 1) // the bound keeps every bin inside
  const shift = BINS / 2
  for (let i = 0; i < rows; i++) {
    const v = composite[i]
    if (v !== v || stays[i]) bins[i] = NO_BIN
    else {
      const bin = (bins[i] = (v * scale + shift) | 0)
      histogram[(codes && !pinned[i] ? codes[i] : 0) * BINS + bin]++ // what is pinned no rule decides
    }
  }
  const all = size === 1 ? histogram : new Uint32Array(BINS)
  if (size > 1) for (let at = 0; at < histogram.length; at++) all[at % BINS] += histogram[at]
  return { histogram, all, codes: size, total: all.reduce((a, b) => a + b, 0) }
}

// The bin with the row number `row`, and how many rows stand before that bin.
function reach(histogram, from, row, end) {
  let [at, before] = [0, 0]
  while (at < end && before + histogram[from + at] <= row) before += histogram[from + at++]
  return [at, before]
}

// Classes that might lose more than they may: the bin in which they would.
function heldBins({ data, rows, decision }, codes, histogram, end) {
  const { cap, floor } = data.rule
  const { totals } = decision.counting
  const held = []
  const gone = new Uint32Array(totals.length) // by hand, or as duplicates
  for (const i of rows.pinDropped) gone[codes[i]]++
  for (let code = 1; code < totals.length; code++) {
    const n = totals[code]
    const allowed = Math.max(0, Math.min(Math.floor((cap ?? 1) * n + 1e-9), n - Math.min(floor, n) - gone[code]))
    const [at, before] = reach(histogram, code * BINS, allowed, Math.min(end + 1, BINS))
    if (at <= end && at < BINS && allowed < n) held.push({ code, allowed, at, before })
  }
  return held
}

// Composites of the rows in bin `at`, and of each held class in its own bin.
function valuesInside({ rows: { pinned }, decision: { composite, counting } }, codes, at, held) {
  const { bins, totals } = counting
  const all = []
  const own = held.map(() => [])
  if (!held.length) {
    for (let i = 0; i < bins.length; i++) if (bins[i] === at) all.push(composite[i])
    return { all, own }
  }
  const binOf = new Uint16Array(totals.length).fill(NO_BIN - 1)
  const slots = new Uint8Array(totals.length)
  held.forEach((one, slot) => ([binOf[one.code], slots[one.code]] = [one.at, slot]))
  for (let i = 0; i < bins.length; i++) {
    const bin = bins[i]
    if (bin === at) all.push(composite[i])
    if (bin === binOf[codes[i]] && !pinned[i]) own[slots[codes[i]]].push(composite[i])
  }
  return { all, own }
}

// Rows of each class that rules may drop.
function classTotals(map, codes) {
  const { counting } = map.decision
  const { locked } = map.rows
  if (!changed(map, "totals", map.data.ranks, map.data.locked)) return counting.totals
  let most = 0
  for (let i = 0; i < codes.length; i++) if (codes[i] > most) most = codes[i]
  counting.totals = new Float64Array(most + 1)
  for (let i = 0; i < codes.length; i++) if (!(locked && locked[i])) counting.totals[codes[i]]++
  return counting.totals
}

// As Python's round.
function roundHalfEven(v) {
  const below = Math.floor(v)
  return v - below === 0.5 ? below + (below & 1) : Math.round(v)
}

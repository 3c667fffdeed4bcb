// Where a share cuts: for all rows, and nearer the end for classes that floor or cap hold back (core's guardrails).
const CLASSES = "*classes" // the column of class codes among the ranks: 0 = no class, else the class + 1
const BINS = 8192
const MOST_CODES = 256 // with more classes a dragged slider does not hold them back; the server then has the first word
const NO_BIN = 65535

const classCodes = (map) => home.columns.get(map.data.ranks)?.data[CLASSES]

// What the server said: float32 of each class, NaN where nothing holds it back. By class code, null for none.
function saidLimits(map, cut, drop) {
  const { held } = map.data.rule
  if (!held || !classCodes(map) || cut === null || cut === undefined) return null
  const farther = drop === "above" ? Math.max : Math.min
  return Float64Array.from([cut, ...new Float32Array(fromBase64(held).buffer)], (v) => (v === v ? farther(v, cut) : cut))
}

// A dragged slider: the first row that stays when `share` of the rows that may go are beyond it, and limits by class.
function cutForShare(map, share, drop) {
  const codes = heldCodes(map)
  const side = drop === "above" ? -1 : 1
  const counted = countBins(map, codes, side)
  const wanted = roundHalfEven(share * counted.total)
  if (wanted <= 0) return { cut: null, limits: null }
  const [at, before] = wanted < counted.total ? reach(counted.all, 0, wanted, BINS) : [BINS, 0]
  const held = codes ? heldBins(map, counted, at) : []
  const inside = valuesInside(map, codes, at, held)
  const first = (values, place) => values.sort((a, b) => side * (a - b))[place]
  const cut = at < BINS ? first(inside.all, wanted - before) : side * Infinity
  if (!held.length) return { cut, limits: null }
  const limits = new Float64Array(counted.codes).fill(cut)
  held.forEach(({ code, allowed, before: own }, slot) => {
    const stays = first(inside.own[slot], allowed - own)
    if (stays !== undefined && side * stays < side * cut) limits[code] = stays
  })
  return { cut, limits }
}

function heldCodes(map) {
  const codes = classCodes(map)
  const { cap, floor } = map.data.rule
  return codes && (cap !== null || floor) && classTotals(map, codes).length <= MOST_CODES ? codes : null
}

// Rows that may go in each bin of their composite, bin 0 the first to go; by class where one is held back.
function countBins(map, codes, side) {
  const { composite, lockedRows, pinned, bound } = map
  const rows = composite.length
  const size = codes ? map.totals.length : 1
  const histogram = map.histogram?.length === size * BINS ? map.histogram.fill(0) : (map.histogram = new Uint32Array(size * BINS))
  const bins = map.bins?.length === rows ? map.bins : (map.bins = new Uint16Array(rows))
  const locked = lockedRows || (map.noneLocked?.length === rows ? map.noneLocked : (map.noneLocked = new Uint8Array(rows)))
  const scale = (side * BINS) / (2 * bound || 1) // the bound keeps every bin inside
  const shift = BINS / 2
  for (let i = 0; i < rows; i++) {
    const v = composite[i]
    if (v !== v || locked[i]) bins[i] = NO_BIN
    else {
      const bin = (bins[i] = (v * scale + shift) | 0)
      histogram[(codes && !pinned[i] ? codes[i] : 0) * BINS + bin]++ // what is pinned no rule decides
    }
  }
  const all = size === 1 ? histogram : new Uint32Array(BINS)
  if (size > 1) for (let at = 0; at < histogram.length; at++) all[at % BINS] += histogram[at]
  return { histogram, all, codes: size, total: all.reduce((a, b) => a + b, 0) }
}

// The bin with the row number `wanted`, and how many rows stand before that bin.
function reach(histogram, from, wanted, end) {
  let [at, before] = [0, 0]
  while (at < end && before + histogram[from + at] <= wanted) before += histogram[from + at++]
  return [at, before]
}

// Classes that might lose more than they may: the bin in which they would.
function heldBins(map, { histogram }, end) {
  const { cap, floor } = map.data.rule
  const found = []
  const gone = new Uint32Array(map.totals.length) // by hand, or as duplicates
  for (const i of map.pinDropped) gone[classCodes(map)[i]]++
  for (let code = 1; code < map.totals.length; code++) {
    const n = map.totals[code]
    const allowed = Math.max(0, Math.min(Math.floor((cap ?? 1) * n + 1e-9), n - Math.min(floor, n) - gone[code]))
    const [at, before] = reach(histogram, code * BINS, allowed, Math.min(end + 1, BINS))
    if (at <= end && at < BINS && allowed < n) found.push({ code, allowed, at, before })
  }
  return found
}

function valuesInside({ composite, bins, totals, pinned }, codes, at, held) {
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
  const signature = `${map.data.ranks} ${map.data.locked}`
  if (map.totalsAs === signature) return map.totals
  let most = 0
  for (let i = 0; i < codes.length; i++) if (codes[i] > most) most = codes[i]
  map.totals = new Float64Array(most + 1)
  for (let i = 0; i < codes.length; i++) if (!(map.lockedRows && map.lockedRows[i])) map.totals[codes[i]]++
  map.totalsAs = signature
  return map.totals
}

// As Python's round.
function roundHalfEven(v) {
  const below = Math.floor(v)
  return v - below === 0.5 ? below + (below & 1) : Math.round(v)
}

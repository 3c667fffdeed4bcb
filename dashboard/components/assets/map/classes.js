// Floor and cap of each class, the same arithmetic as core's guardrails: beyond which composite its rows may go.
const CLASSES = "*classes" // the column of class codes among the ranks: 0 = no class, else the class + 1
const CLASS_BINS = 2048
const MOST_HELD = 256 // classes that a dragged slider holds back; with more of them the server has the first word

// Float64Array by class code, or null where the one cut holds for all.
function classLimits(map, cut, drop) {
  const codes = home.columns.get(map.data.ranks)?.data[CLASSES]
  const { held, cap, floor } = map.data.rule
  if (!codes || cut === null || cut === undefined) return null
  const limits = map.live ? liveLimits(map, codes, cut, drop, cap ?? 1, floor) : held && saidLimits(held, cut, drop)
  return limits ? { codes, limits } : null
}

// What the server said: float32 of each class, NaN where nothing holds it back.
function saidLimits(held, cut, drop) {
  const said = new Float32Array(fromBase64(held).buffer)
  const farther = drop === "above" ? Math.max : Math.min
  return Float64Array.from([cut, ...said], (v) => (v === v ? farther(v, cut) : cut))
}

function liveLimits(map, codes, cut, drop, cap, floor) {
  const side = drop === "above" ? 1 : -1
  const totals = classTotals(map, codes)
  const allowed = totals.map((n) => Math.min(Math.floor(cap * n + 1e-9), n - Math.min(floor, n)))
  const beyond = new Uint32Array(totals.length)
  eachBeyond(map, codes, cut, side, (code) => beyond[code]++)
  const held = [...beyond.keys()].filter((code) => code && beyond[code] > allowed[code])
  if (!held.length || held.length > MOST_HELD) return null
  const limits = new Float64Array(totals.length).fill(cut)
  return raise(map, codes, cut, side, held, allowed, limits)
}

// The composite of the first row of each held class that stays: by histogram, then exactly inside one bin.
function raise(map, codes, cut, side, held, allowed, limits) {
  const slots = new Int32Array(limits.length).fill(-1)
  held.forEach((code, slot) => (slots[code] = slot))
  const scale = CLASS_BINS / (map.bound - side * cut || 1)
  const binOf = (value) => Math.min(CLASS_BINS - 1, (side * (value - cut) * scale) | 0)
  const histogram = new Uint32Array(held.length * CLASS_BINS)
  eachBeyond(map, codes, cut, side, (code, value) => slots[code] >= 0 && histogram[slots[code] * CLASS_BINS + binOf(value)]++)
  const at = held.map((code, slot) => {
    let [bin, before] = [CLASS_BINS - 1, 0]
    while (before + histogram[slot * CLASS_BINS + bin] <= allowed[code]) before += histogram[slot * CLASS_BINS + bin--]
    return { bin, before, inside: [] }
  })
  eachBeyond(map, codes, cut, side, (code, value) => {
    const slot = slots[code]
    if (slot >= 0 && binOf(value) === at[slot].bin) at[slot].inside.push(value)
  })
  held.forEach((code, slot) => {
    const inside = at[slot].inside.sort((a, b) => side * (b - a))
    limits[code] = inside[allowed[code] - at[slot].before]
  })
  return limits
}

function eachBeyond({ composite, lockedRows }, codes, cut, side, act) {
  const edge = side * cut
  for (let i = 0; i < composite.length; i++) if (side * composite[i] > edge && !(lockedRows && lockedRows[i])) act(codes[i], composite[i])
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

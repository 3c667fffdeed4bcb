// The rows that a message names (selected, hidden, locked, ...), and the rows inside an outline.
const ROW_LISTS = ["selected", "flagged", "hidden", "pinKept", "pinDropped"]

const newRows = () => ({
  selected: new Uint32Array(0), flagged: new Uint32Array(0), pinKept: [], pinDropped: [],
  hidden: new Uint8Array(0), hiddenCount: 0, // hidden, pinned, locked and hollow have one entry for each row
  pinned: new Uint8Array(0), locked: null, lockedCount: 0, hollow: null,
})

// Names of columns that the message needs and that have not arrived.
function missing({ data }) {
  const lists = ROW_LISTS.map((name) => data[name]?.b)
  const names = [data.coords, data.ranks, data.colors.codes, data.locked, data.hollow, data.grid, ...lists]
  return names.filter((name) => name && !home.columns.has(name))
}

function readRows(map) {
  const { data, rows } = map
  for (const name of ROW_LISTS) if (name !== "hidden") rows[name] = rowList(data[name])
  rows.pinned = rows.pinned.length === data.n ? rows.pinned.fill(0) : new Uint8Array(data.n)
  for (const i of [...rows.pinKept, ...rows.pinDropped]) rows.pinned[i] = 1
  rows.locked = data.locked ? home.columns.get(data.locked).data.locked : null
  if (changed(map, "locked", data.locked)) rows.lockedCount = rows.locked ? rows.locked.reduce((a, b) => a + b, 0) : 0
  rows.hollow = data.hollow ? home.columns.get(data.hollow).data.hollow : null
  if (!changed(map, "hidden", data.hidden, data.n)) return
  rows.hidden = new Uint8Array(data.n)
  const hidden = rowList(data.hidden)
  for (const i of hidden) rows.hidden[i] = 1
  rows.hiddenCount = hidden.length
  map.made.delete("projection")
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))

// null while its bytes are still on the way
function rowList(how) {
  if (!how) return new Uint32Array(0)
  if (how.i !== undefined) return unpackRows(fromBase64(how.i))
  const blob = home.columns.get(how.b)
  if (!blob) return null
  blob.rows ||= unpackRows(blob.data.rows)
  return how.x === undefined ? blob.rows : toggled(blob.rows, unpackRows(fromBase64(how.x)))
}

// A row list: tag 0 + varints of the gaps, or tag 1 + one bit per row.
function unpackRows(bytes) {
  const rows = []
  if (bytes[0] === 1) {
    for (let at = 1; at < bytes.length; at++)
      for (let bit = 0; bit < 8; bit++) if ((bytes[at] >> bit) & 1) rows.push((at - 1) * 8 + bit)
    return Uint32Array.from(rows)
  }
  let row = -1
  for (let at = 1; at < bytes.length; ) {
    let gap = 0
    let shift = 0
    for (; bytes[at] & 128; at++, shift += 7) gap |= (bytes[at] & 127) << shift
    gap |= bytes[at++] << shift
    row += gap + 1
    rows.push(row)
  }
  return Uint32Array.from(rows)
}

// Rows in one of two sorted lists, not in both.
function toggled(rows, moved) {
  const out = new Uint32Array(rows.length + moved.length)
  let size = 0
  for (let a = 0, b = 0; a < rows.length || b < moved.length; ) {
    if (b === moved.length || rows[a] < moved[b]) out[size++] = rows[a++]
    else if (a === rows.length || moved[b] < rows[a]) out[size++] = moved[b++]
    else { a++; b++ }
  }
  return out.subarray(0, size)
}

// Even-odd rule, the same arithmetic as polygon.rows_in_polygon.
function rowsInside({ data, rows }, polygon) {
  const { x, y } = home.columns.get(data.coords).data
  const xs = polygon.map((p) => p[0])
  const ys = polygon.map((p) => p[1])
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const inside = []
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i], y[i]]
    if (rows.hidden[i] || !(px >= left && px <= right && py >= bottom && py <= top)) continue
    let odd = false
    for (let a = 0, b = xs.length - 1; a < xs.length; b = a++)
      if (ys[a] > py !== ys[b] > py && px < ((xs[b] - xs[a]) * (py - ys[a])) / (ys[b] - ys[a]) + xs[a]) odd = !odd
    if (odd) inside.push(i)
  }
  return Uint32Array.from(inside)
}

function joinRows(old, fresh, mode) {
  if (mode === "replace") return fresh
  const set = new Set(old)
  for (const i of fresh) mode === "add" ? set.add(i) : set.delete(i)
  return Uint32Array.from(set).sort()
}

// Columns that travel once: window.__chaffinch keeps them for every map of the page, beyond any rerun or remount.
const home = (window.__chaffinch ||= { waiting: [] })
home.columns ||= new Map()
home.maps ||= new Map()

const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array }
const MIDDLE = 32767.5
const STEPS = 65533

function readBlob(bytes) {
  const body = bytes.slice() // own, aligned memory
  const length = new DataView(body.buffer).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(body.subarray(4, 4 + length)))
  header.data = {}
  for (const c of header.columns) header.data[c.name] = new KINDS[c.kind](body.buffer, 4 + length + c.at, c.length)
  return header
}

home.put = (bytes) => {
  const blob = readBlob(bytes)
  if (home.columns.has(blob.key)) return
  home.columns.set(blob.key, blob)
  forgetOldRows()
  if (blob.type === "plotly") keepPlotly(blob)
  for (const map of home.maps.values()) map.arrived(blob.key)
}

function forgetOldRows() {
  const rows = [...home.columns.keys()].filter((k) => k.startsWith("rows:"))
  for (const key of rows.slice(0, Math.max(0, rows.length - 64))) home.columns.delete(key)
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

// Rows in one of two sorted lists, not in both.
function toggled(rows, changed) {
  const out = new Uint32Array(rows.length + changed.length)
  let size = 0
  for (let a = 0, b = 0; a < rows.length || b < changed.length; ) {
    if (b === changed.length || rows[a] < changed[b]) out[size++] = rows[a++]
    else if (a === rows.length || changed[b] < rows[a]) out[size++] = changed[b++]
    else { a++; b++ }
  }
  return out.subarray(0, size)
}

function hexColor(text) {
  const n = parseInt(text.slice(1), 16)
  return [n >> 16, (n >> 8) & 255, n & 255]
}

// Any CSS color of the theme as [r, g, b], read through a canvas pixel.
const probe = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
function cssColor(node, name, fallback) {
  probe.clearRect(0, 0, 1, 1)
  probe.fillStyle = fallback
  probe.fillStyle = getComputedStyle(node).getPropertyValue(name).trim() || fallback
  probe.fillRect(0, 0, 1, 1)
  return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3)
}
const rgb = (c, alpha = 1) => `rgba(${c[0]},${c[1]},${c[2]},${alpha})`
const mix = (a, b, t) => a.map((v, i) => Math.round(v * (1 - t) + b[i] * t))

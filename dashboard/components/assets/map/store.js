// Columns that travel once: window.__chaffinch keeps them for every map of the page, beyond any rerun or remount.
const home = (window.__chaffinch ||= { waiting: [] })
home.columns ||= new Map()
home.maps ||= new Map()

const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array }
const MIDDLE = 32767.5 // of the codes of ranks, as in map_wire.py; 0 says that a row has no rank
const STEPS = 65533
const MOST_ROW_LISTS = 64 // row lists kept as blobs; one that was forgotten is asked for again

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
  for (const map of home.maps.values()) refresh(map)
}

function forgetOldRows() {
  const rows = [...home.columns.keys()].filter((key) => key.startsWith("rows:"))
  for (const key of rows.slice(0, Math.max(0, rows.length - MOST_ROW_LISTS))) home.columns.delete(key)
}

// Whether `part` of a map was last made of something else; from now on it is made of this.
function changed(map, part, ...madeOf) {
  const signature = JSON.stringify(madeOf)
  if (map.made.get(part) === signature) return false
  map.made.set(part, signature)
  return true
}

// Dense tiles of examples, to look through, select and open.
const KEYS_HELP = "Arrows move, Space selects, Enter opens, k keeps, d drops, r relabels."

export default (c) => {
  const root = c.parentElement
  const { data } = c
  const kept = root.__gallery || { last: null, active: null }
  root.__gallery = { ...kept, data, send: c.setTriggerValue, chosen: new Set(data.selected) }
  let grid = root.querySelector(".chf-grid")
  if (!grid) grid = create(root)
  const scroll = grid.scrollTop
  draw(root, grid)
  grid.scrollTop = scroll
  if (root.__gallery.bring) bringIntoView(root, grid)
}

// The opened tile, by moving its own pane alone: the page stays where it is.
function bringIntoView(root, grid) {
  const tile = grid.querySelector(".chf-focused")
  const pane = root.closest?.("[class*=rows_pane]")
  if (!tile || !pane) return
  const [is, room] = [tile.getBoundingClientRect(), pane.getBoundingClientRect()]
  if (is.bottom > room.bottom) pane.scrollTop += is.bottom - room.bottom
  if (is.top < room.top) pane.scrollTop -= room.top - is.top
}

function create(root) {
  const grid = element("div", "chf chf-grid", root)
  grid.setAttribute("role", "listbox")
  grid.setAttribute("aria-multiselectable", "true")
  grid.addEventListener("click", (e) => clicked(root, e))
  grid.addEventListener("keydown", (e) => pressed(root, e))
  return grid
}

function draw(root, grid) {
  const { data, active } = root.__gallery
  const hadFocus = grid.contains(root.ownerDocument.activeElement) || grid.contains(root.activeElement)
  grid.className = `chf chf-grid chf-${data.kind}`
  grid.style.setProperty("--size", `${data.size}px`)
  grid.style.maxHeight = data.height ? `${data.height}px` : ""
  grid.setAttribute("aria-label", `${data.tiles.length} examples. ${KEYS_HELP}`)
  grid.replaceChildren()
  if (!data.tiles.length) return element("p", "chf-none", grid, { text: data.empty })
  const drawn = new Set(data.tiles.map((tile) => tile.row))
  const current = [active, data.focused].find((row) => drawn.has(row)) ?? data.tiles[0].row
  for (const tile of data.tiles) drawTile(root, grid, tile, tile.row === current)
  root.__gallery.bring = data.focused !== root.__gallery.brought
  root.__gallery.brought = data.focused
  if (hadFocus) grid.querySelector('[tabindex="0"]')?.focus({ preventScroll: true })
}

function drawTile(root, grid, tile, current) {
  const { data, chosen } = root.__gallery
  const node = element("div", "chf-tile", grid)
  node.dataset.row = tile.row
  node.tabIndex = current ? 0 : -1
  node.setAttribute("role", "option")
  node.setAttribute("aria-selected", String(chosen.has(tile.row)))
  node.classList.toggle("chf-focused", tile.row === data.focused)
  node.classList.toggle("chf-gone", !tile.kept)
  node.setAttribute("aria-label", describe(tile))
  node.title = describe(tile)
  drawBody(node, tile)
  const foot = element("div", "chf-foot", node)
  if (tile.given) chip(foot, `${tile.given} ⟶ ${tile.label}`, tile.label_color, "chf-decided")
  else if (tile.label) chip(foot, tile.label, tile.label_color)
  if (tile.suggested && tile.suggested !== tile.label) chip(foot, `→ ${tile.suggested}`, null, "chf-suggested")
  if (tile.note) element("span", "chf-place", foot, { text: tile.note })
  if (!tile.kept) element("span", "chf-mark", node, { text: "×", "aria-hidden": "true" })
  else if (tile.locked) element("span", "chf-mark chf-lock", node, { text: "held out", "aria-hidden": "true" })
}

const describe = (t) => [
  t.name, t.label && `label ${t.label}`, t.given && `by you, given ${t.given}`,
  t.suggested && t.suggested !== t.label && `suggested ${t.suggested}`, t.kept ? "kept" : "dropped", t.problem, t.note,
].filter(Boolean).join(", ")

function drawBody(node, tile) {
  if (tile.problem) {
    const box = element("div", "chf-problem", node)
    element("b", "", box, { text: tile.name })
    element("span", "", box, { text: tile.problem })
  } else if (tile.image) {
    const image = element("img", "", node)
    image.alt = ""
    image.draggable = false
    image.src = tile.image
  } else if (tile.cells.length) {
    const list = element("dl", "", node)
    for (const [name, value] of tile.cells) {
      element("dt", "", list, { text: name })
      element("dd", "", list, { text: value })
    }
  } else element("p", "", node, { text: tile.text })
}

function chip(parent, text, color, extra = "") {
  const node = element("span", `chf-chip ${extra}`, parent)
  if (color) element("i", "", node).style.background = color
  element("span", "", node, { text })
}

function rowOf(event) {
  const node = event.target.closest?.(".chf-tile")
  return node ? Number(node.dataset.row) : null
}

function clicked(root, event) {
  const row = rowOf(event)
  if (row === null) return
  const state = root.__gallery
  if (event.shiftKey || event.ctrlKey || event.metaKey) return choose(root, row, event.shiftKey)
  activate(root, row)
  state.last = row
  state.send("event", { kind: "focus", row })
}

// Space or Ctrl+click turns one on or off; Shift extends from the last one.
function choose(root, row, extend) {
  const state = root.__gallery
  const rows = state.data.tiles.map((t) => t.row)
  const [from, to] = [rows.indexOf(state.last), rows.indexOf(row)]
  if (extend && from >= 0) for (const r of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) state.chosen.add(r)
  else if (!state.chosen.delete(row)) state.chosen.add(row)
  state.last = row
  activate(root, row)
  for (const node of root.querySelectorAll(".chf-tile"))
    node.setAttribute("aria-selected", String(state.chosen.has(Number(node.dataset.row))))
  state.send("event", { kind: "select", row, rows: [...state.chosen].sort((a, b) => a - b) })
}

function activate(root, row) {
  root.__gallery.active = row
  for (const node of root.querySelectorAll(".chf-tile")) {
    node.tabIndex = Number(node.dataset.row) === row ? 0 : -1
    if (node.tabIndex === 0) node.focus({ preventScroll: false })
  }
}

function pressed(root, event) {
  const row = rowOf(event)
  if (row === null || event.ctrlKey || event.metaKey || event.altKey) return
  const state = root.__gallery
  const tiles = [...root.querySelectorAll(".chf-tile")]
  const at = tiles.findIndex((t) => Number(t.dataset.row) === row)
  const across = tiles.filter((t) => t.offsetTop === tiles[0].offsetTop).length
  const [first, last] = [-at, tiles.length - 1 - at]
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: first, End: last }
  const step = steps[event.key]
  const acts = { Enter: () => state.send("event", { kind: "focus", row }), " ": () => choose(root, row, false) }
  if (step === undefined && !acts[event.key] && !"kdrun?".includes(event.key)) return
  event.preventDefault()
  event.stopPropagation()
  if (acts[event.key]) return acts[event.key]()
  if (step === undefined) return state.send("event", { kind: "key", row, pressed: event.key })
  const next = tiles[Math.min(Math.max(at + step, 0), tiles.length - 1)]
  if (event.shiftKey) return choose(root, Number(next.dataset.row), true)
  activate(root, Number(next.dataset.row))
}

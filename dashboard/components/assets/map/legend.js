// What the colors and shapes mean, in words.
const newLegend = () => ({ items: [], more: null, open: false })
const FEW = 6 // classes that are named in full, however long their names
const MOST_NAMED = 100 // of the classes in grey: a tooltip that fits on a screen

function drawLegend(map) {
  const { nodes, legend, ink: { theme }, data: { colors, hollowWords }, rows } = map
  const { kind, title, codes } = colors
  nodes.legend.replaceChildren()
  Object.assign(legend, { items: [], more: null })
  if (title) element("span", "chf-legend-title", nodes.legend, { text: title })
  if (kind === "category") categoryLegend(map, home.columns.get(codes))
  else if (kind === "score") scaleLegend(nodes.legend)
  else swatch(nodes.legend, theme.kept, "kept")
  swatch(nodes.legend, kind === "decision" ? theme.dropped : theme.faded, "dropped", { shape: "chf-cross" })
  if (rows.hollow) swatch(nodes.legend, theme.text, hollowWords, { shape: "chf-ring", full: true })
  fitLegend(map)
}

// One entry for each class with a color of its own, one for all others; a press brings a class forward.
function categoryLegend(map, blob) {
  const { nodes, legend, ink } = map
  const others = []
  const full = blob.names.length <= FEW
  blob.names.forEach((name, i) => {
    if (blob.palette[i] === blob.none) return others.push(name)
    const item = swatch(nodes.legend, hexColor(blob.palette[i]), name, { tag: "button", full })
    item.type = "button"
    item.title = `${name}: bring it forward`
    item.setAttribute("aria-pressed", String(ink.forward === i))
    item.onclick = () => bringForward(map, i)
    legend.items.push(item)
  })
  legend.more = element("button", "chf-item chf-more", nodes.legend, { type: "button" })
  legend.more.onclick = () => {
    legend.open = !legend.open
    fitLegend(map)
  }
  if (!others.length) return
  const rest = swatch(nodes.legend, hexColor(blob.none), `other (${others.length})`)
  rest.title = others.slice(0, MOST_NAMED).join(", ")
}

function bringForward(map, i) {
  map.ink.forward = map.ink.forward === i ? null : i
  colorTables(map)
  drawLegend(map)
  repaint(map, "paint")
}

// Entries that do not fit are counted, and shown by a press; what stands behind them always has room.
function fitLegend({ nodes, legend: { items, more, open } }) {
  const box = nodes.legend
  if (!items.length || !more.isConnected || !box.clientHeight) return
  box.classList.toggle("chf-open", open)
  for (const item of items) item.hidden = false
  more.hidden = !open
  more.textContent = "show fewer"
  for (let left = items.length - 1; !open && left > 0 && box.scrollHeight > box.clientHeight + 1; left--) {
    items[left].hidden = true
    more.hidden = false
    more.textContent = `and ${items.length - left} more`
    more.title = items.slice(left).map((item) => item.textContent).join(", ")
  }
}

function swatch(box, color, words, { shape = "chf-dot", tag = "span", full = false } = {}) {
  const item = element(tag, full ? "chf-item chf-long" : "chf-item", box)
  const mark = element("i", shape, item)
  mark.style[shape === "chf-dot" ? "background" : "color"] = rgb(color)
  element("span", "chf-word", item, { text: words })
  return item
}

function scaleLegend(box) {
  element("span", "chf-item", box, { text: "lowest" })
  const bar = element("i", "chf-scale", box)
  bar.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((t) => rgb(sequential(t))).join(",")})`
  element("span", "chf-item", box, { text: "highest" })
}

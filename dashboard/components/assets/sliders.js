// Range inputs that repaint the map while dragged; the server hears of it on release.
const add = (tag, className, parent, text) => {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  parent?.append(node)
  return node
}

export default (c) => {
  const root = c.parentElement
  const state = (root.__sliders ||= { open: new Set() })
  const known = ((window.__chaffinch ||= { waiting: [] }).sliders ||= {})
  if (c.data.scores) known[c.data.about] = { scores: c.data.scores, groups: c.data.groups }
  if (!known[c.data.about]) return c.setTriggerValue("need", c.data.about)
  Object.assign(state, { data: { ...c.data, ...known[c.data.about] }, send: c.setTriggerValue })
  if (state.dragging) return
  state.now = structuredClone({ groupWeights: c.data.groupWeights, scoreWeights: c.data.scoreWeights, share: c.data.share })
  const held = [...root.querySelectorAll("input")].indexOf(document.activeElement)
  root.querySelector(".chf-sliders")?.remove()
  build(root, state)
  if (held >= 0) root.querySelectorAll("input")[held]?.focus()
}

function build(root, state) {
  const box = add("div", "chf chf-sliders", root)
  const { data, now } = state
  if (data.share !== null) slider(box, state, "Share to drop", "", now, "share", 0, 0.9, 0.005, (v) => shareWords(v, data.total))
  for (const [group, title] of data.groups) {
    const scores = data.scores.filter((s) => s.group === group)
    if (!scores.some((s) => s.orientation)) continue
    slider(box, state, title, "", now.groupWeights, group, 0, 2, 0.05, weightWords)
    const fold = add("details", "", box)
    fold.open = state.open.has(group)
    fold.ontoggle = () => (fold.open ? state.open.add(group) : state.open.delete(group))
    add("summary", "", fold, `${scores.length} score${scores.length > 1 ? "s" : ""} inside`)
    for (const s of scores)
      if (s.orientation) slider(fold, state, s.title, s.words, now.scoreWeights, s.name, 0, 2, 0.05, weightWords)
      else add("p", "chf-out", fold, `${s.title}: left out, this goal does not use it`)
  }
}

const weightWords = (v) => (v === 0 ? "off" : `× ${v.toFixed(2)}`)
const shareWords = (v, total) => `${(100 * v).toFixed(1)} %${total ? ` · ${Math.round(v * total).toLocaleString("en-US")} rows` : ""}`

function slider(parent, state, title, words, store, name, low, high, step, show) {
  const label = add("label", "chf-slider", parent)
  add("span", "chf-slider-name", label, title)
  const value = add("output", "", label, show(store[name]))
  const input = add("input", "", label)
  Object.assign(input, { type: "range", min: low, max: high, step, value: store[name] })
  input.setAttribute("aria-label", words ? `${title}, ${words}` : title)
  input.setAttribute("aria-valuetext", show(store[name]))
  if (words) add("small", "", label, words)
  const fill = () => input.style.setProperty("--fill", `${(100 * (input.value - low)) / (high - low)}%`)
  fill()
  input.oninput = () => {
    fill()
    store[name] = Number(input.value)
    value.textContent = show(store[name])
    input.setAttribute("aria-valuetext", value.textContent)
    state.dragging = true
    live(state)
  }
  input.onchange = () => {
    state.dragging = false
    window.__chaffinch?.live?.(state.data.map, null)
    const { now, data } = state // what stands as the server said it need not travel
    const moved = (kind) => Object.fromEntries(Object.entries(now[kind]).filter(([name, v]) => v !== data[kind][name]))
    state.send("released", { groupWeights: moved("groupWeights"), scoreWeights: moved("scoreWeights"), share: now.share })
  }
}

// Signed coefficient of each score, as core.composite.coefficients: the mean inside each group, then over groups.
function coefficients({ data, now }) {
  const inside = data.scores.filter((s) => s.orientation && now.scoreWeights[s.name] > 0)
  const sums = {}
  for (const s of inside) sums[s.group] = (sums[s.group] || 0) + now.scoreWeights[s.name]
  let total = 0
  for (const group of Object.keys(sums)) if (now.groupWeights[group] > 0) total += now.groupWeights[group]
  const out = {}
  for (const s of inside)
    if (now.groupWeights[s.group] > 0)
      out[s.name] = (((s.orientation * now.scoreWeights[s.name]) / sums[s.group]) * now.groupWeights[s.group]) / (total || 1)
  return out
}

function live(state) {
  if (state.frame) return
  state.frame = requestAnimationFrame(() => {
    state.frame = 0
    if (!state.dragging) return
    window.__chaffinch?.live?.(state.data.map, { w: coefficients(state), share: state.now.share, drop: state.data.drop })
  })
}

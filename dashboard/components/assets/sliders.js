// Range inputs that repaint the map while dragged; the server hears of it on release.
const MOST_SHARE = 0.9 // dropping more is a matter of what to keep: see the strategies

export default (c) => {
  const root = c.parentElement
  const state = (root.__sliders ||= { open: new Set() })
  const known = ((window.__chaffinch ||= { waiting: [] }).sliders ||= {})
  if (c.data.scores) known[c.data.about] = { scores: c.data.scores, groups: c.data.groups }
  if (!known[c.data.about]) return c.setTriggerValue("need", c.data.about)
  Object.assign(state, { data: { ...c.data, ...known[c.data.about] }, send: c.setTriggerValue })
  if (state.dragging) return
  const { groupWeights, scoreWeights, share } = c.data
  state.now = structuredClone({ groupWeights, scoreWeights, share })
  const held = [...root.querySelectorAll("input")].indexOf(document.activeElement)
  root.querySelector(".chf-sliders")?.remove()
  build(root, state)
  if (held >= 0) root.querySelectorAll("input")[held]?.focus()
}

function build(root, state) {
  const box = element("div", "chf chf-sliders", root)
  const { data, now } = state
  const shareSlider = { title: "Share to drop", high: MOST_SHARE, step: 0.005, show: (v) => shareWords(v, data.total) }
  if (data.share !== null) slider(box, state, now, "share", shareSlider)
  for (const [group, title] of data.groups) {
    const scores = data.scores.filter((s) => s.group === group)
    if (!scores.some((s) => s.orientation)) continue
    slider(box, state, now.groupWeights, group, { title, ...WEIGHT })
    const fold = element("details", "", box)
    fold.open = state.open.has(group)
    fold.ontoggle = () => (fold.open ? state.open.add(group) : state.open.delete(group))
    element("summary", "", fold, { text: `${scores.length} score${scores.length > 1 ? "s" : ""} inside` })
    for (const s of scores)
      if (s.orientation) slider(fold, state, now.scoreWeights, s.name, { title: s.title, words: s.words, ...WEIGHT })
      else element("p", "chf-out", fold, { text: `${s.title}: left out, this goal does not use it` })
  }
}

const weightWords = (v) => (v === 0 ? "off" : `× ${v.toFixed(2)}`)
const WEIGHT = { high: 2, step: 0.05, show: weightWords } // beyond twice its share a score speaks over the others

function shareWords(share, total) {
  const rows = total ? ` · ${Math.round(share * total).toLocaleString("en-US")} rows` : ""
  return `${(100 * share).toFixed(1)} %${rows}`
}

// A slider from 0 to `high` that sets `store[name]`.
function slider(parent, state, store, name, { title, words = "", high, step, show }) {
  const label = element("label", "chf-slider", parent)
  element("span", "chf-slider-name", label, { text: title })
  const value = element("output", "", label, { text: show(store[name]) })
  const input = element("input", "", label)
  Object.assign(input, { type: "range", min: 0, max: high, step, value: store[name] })
  input.setAttribute("aria-label", words ? `${title}, ${words}` : title)
  input.setAttribute("aria-valuetext", show(store[name]))
  if (words) element("small", "", label, { text: words })
  const fill = () => input.style.setProperty("--fill", `${(100 * input.value) / high}%`)
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
    const [groupWeights, scoreWeights] = [moved("groupWeights"), moved("scoreWeights")]
    state.send("released", { groupWeights, scoreWeights, share: now.share })
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
  for (const s of inside) {
    const own = (s.orientation * now.scoreWeights[s.name]) / sums[s.group]
    if (now.groupWeights[s.group] > 0) out[s.name] = (own * now.groupWeights[s.group]) / (total || 1)
  }
  return out
}

function live(state) {
  if (state.frame) return
  state.frame = requestAnimationFrame(() => {
    state.frame = 0
    if (!state.dragging) return
    const rule = { w: coefficients(state), share: state.now.share, drop: state.data.drop }
    window.__chaffinch?.live?.(state.data.map, rule)
  })
}

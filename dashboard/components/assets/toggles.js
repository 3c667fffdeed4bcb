// Words of a text, or blocks over an image, that are turned off and on: by press, by drag, by arrows and Space.
const QUIET = 60 // milliseconds of quiet before the server hears of a drag

export default (c) => {
  const root = c.parentElement
  const state = (root.__toggles ||= {})
  Object.assign(state, { data: c.data, send: c.setStateValue })
  if (state.about === c.data.about) return // the same example: what is chosen here is the truth
  state.about = c.data.about
  state.chosen = new Set(c.data.chosen)
  state.active = 0
  root.querySelector(".chf-toggles")?.remove()
  build(root, state)
}

function build(root, state) {
  const { data } = state
  const box = element("div", "chf chf-toggles", root)
  const kind = data.image ? "chf-blocks" : "chf-words"
  const field = element("div", kind, box, { role: "group", "aria-label": data.title })
  if (data.image) showImage(field, data)
  state.parts = data.parts.map((part, at) => place(field, state, part, at))
  if (data.tail) field.append(data.tail)
  state.back = element("button", "chf-back", box, { type: "button", text: "Put all back" })
  state.back.onclick = () => putBack(state)
  field.addEventListener("keydown", (event) => pressed(state, event))
  if (data.image) brush(field, state)
  state.parts.forEach((_, at) => show(state, at))
}

function putBack(state) {
  state.chosen.clear()
  state.parts.forEach((_, at) => show(state, at))
  tell(state, 0)
}

function showImage(field, data) {
  field.style.setProperty("--across", data.across)
  field.style.width = `${data.width}px`
  field.style.backgroundImage = `url("${data.image}")`
  field.style.aspectRatio = data.ratio
}

function place(field, state, part, at) {
  if (part.before) field.append(part.before)
  const node = element("button", "", field, { type: "button", text: part.text, "data-at": at })
  if (part.label) node.setAttribute("aria-label", part.label)
  node.tabIndex = at === state.active ? 0 : -1
  node.onclick = (event) => { // on an image the pointer has turned it already; a click of a keyboard has no detail
    if (!state.data.image || event.detail === 0) turn(state, at, !state.chosen.has(at))
  }
  node.onfocus = () => activate(state, at)
  return node
}

function turn(state, at, off) {
  if (off === state.chosen.has(at)) return
  off ? state.chosen.add(at) : state.chosen.delete(at)
  show(state, at)
  tell(state, QUIET)
}

function show(state, at) {
  state.parts[at].setAttribute("aria-pressed", String(state.chosen.has(at)))
  state.back.disabled = state.chosen.size === 0
}

function tell(state, wait) {
  clearTimeout(state.waiting)
  state.waiting = setTimeout(() => state.send("chosen", [...state.chosen].sort((a, b) => a - b)), wait)
}

function activate(state, at) {
  state.parts[state.active].tabIndex = -1
  state.active = at
  state.parts[at].tabIndex = 0
}

// A press turns one block; dragging on gives the others the same side.
function brush(field, state) {
  let off = null
  const at = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-at]")?.dataset.at
  field.onpointerdown = (event) => {
    const place = event.target.closest("[data-at]")?.dataset.at
    if (place === undefined) return
    off = !state.chosen.has(Number(place))
    turn(state, Number(place), off)
  }
  field.onpointermove = (event) => {
    if (off === null || !(event.buttons & 1)) { off = null; return }
    const root = field.getRootNode()
    const node = root.elementFromPoint?.(event.clientX, event.clientY)?.closest?.("[data-at]")
    const place = node && field.contains(node) ? node.dataset.at : at(event)
    if (place !== undefined && field.querySelector(`[data-at="${place}"]`)) turn(state, Number(place), off)
  }
  field.onpointerup = field.onpointerleave = () => { off = null }
}

function pressed(state, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const across = state.data.image ? state.data.across : 1
  const last = state.parts.length - 1
  const [toFirst, toLast] = [-state.active, last - state.active]
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: toFirst, End: toLast }
  const step = steps[event.key]
  if (step === undefined) return
  event.preventDefault()
  event.stopPropagation()
  const next = state.active + step
  if (next >= 0 && next <= last) state.parts[next].focus()
}

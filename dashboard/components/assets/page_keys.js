// Keys of the whole page: one listener on the document, which asks what the page drawn last answers to.
const now = { keys: {}, buttons: {}, send: null }
const TYPED = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], "
  + "[role=combobox]"
const OWN_LETTERS = ".chf-grid, .chf-stage" // tiles and points answer letters themselves, of the one under the cursor
const OWN_ARROWS = "input, [role=slider], [role=tablist], [role=radiogroup], [role=listbox], [role=grid], "
  + ".stDataFrame, .chf-toggles"
const DIALOG = "[data-testid=stDialog]"
const RUNNING = "[data-test-script-state=running]"
const PATIENCE = 40 // looks for a button that the page is about to draw, LOOK milliseconds apart
const LOOK = 50

const inside = (event, selector) => event.composedPath().some((node) => node.matches?.(selector))

function pressed(event) {
  if (!now.send || event.altKey || inside(event, TYPED)) return
  const held = event.ctrlKey || event.metaKey
  const name = held ? `ctrl+${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}` : event.key
  if (now.keys[name]) command(event, name)
  else if (now.buttons[name]) press(event, now.buttons[name])
}

function command(event, name) {
  if (event.repeat || (/^[a-z?]$/.test(name) && inside(event, OWN_LETTERS))) return
  taken(event)
  now.send("key", now.keys[name])
}

function press(event, names) {
  const arrow = event.key.startsWith("Arrow")
  if (inside(event, OWN_LETTERS) || (arrow && (event.shiftKey || inside(event, OWN_ARROWS)))) return
  if ((event.repeat && !arrow) || document.querySelector(DIALOG)) return
  if (click(names) || (document.querySelector(RUNNING) && wait(names, PATIENCE))) taken(event)
}

// Presses the first of these buttons that is there; false where none is. A disabled one is there, and does nothing.
function click(names) {
  const found = names.map((name) => document.querySelector(`.st-key-${name} button`))
  const button = found.find((one) => one?.checkVisibility())
  button?.click()
  return Boolean(button)
}

// The page is being drawn: its button may come yet.
function wait(names, looks) {
  if (looks > 0) setTimeout(() => click(names) || (document.querySelector(RUNNING) && wait(names, looks - 1)), LOOK)
  return true
}

function taken(event) {
  event.preventDefault()
  event.stopPropagation()
}

export default ({ data, setTriggerValue }) => {
  if (!now.send) document.addEventListener("keydown", pressed, true)
  now.keys = data.keys
  now.buttons = data.buttons
  now.send = setTriggerValue
  return () => { now.keys = {} }
}

// Keys of the whole page: one listener on the document, which asks what the page drawn last answers to.
const now = { keys: {}, buttons: {}, send: null }
const TYPED = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], "
  + "[role=combobox]"
const OWN_LETTERS = ".chf-grid, .chf-stage" // tiles and points answer letters themselves, of the one under the cursor
const OWN_ARROWS = "input, [role=slider], [role=tablist], [role=radiogroup], [role=listbox], [role=grid], "
  + ".stDataFrame, .chf-toggles"
const DIALOG = "[data-testid=stDialog]"
const RUNNING = "[data-test-script-state=running]"
const OPENED = "[data-opened-row]" // says which example the drawer shows
const LOOK = 50 // milliseconds between two looks for a button that the page is about to draw
const PATIENCE = 10_000 // milliseconds: a page that draws longer than that has lost whoever pressed
const AFTERWARDS = 300 // milliseconds in which the browser puts up what a finished run has sent

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
  if (click(names)) return taken(event)
  if (!document.querySelector(RUNNING)) return
  taken(event)
  wait(names, arrow ? null : opened(), PATIENCE)
}

const opened = () => document.querySelector(OPENED)?.dataset.openedRow ?? "none"

// Presses the first of these buttons that is there; false where none is, or while the page is drawn and it is disabled.
function click(names) {
  const found = names.map((name) => document.querySelector(`.st-key-${name} button`))
  const button = found.find((one) => one?.checkVisibility())
  button?.click()
  return Boolean(button) && !(button.disabled && document.querySelector(RUNNING))
}

// The page is being drawn: its button may come yet. A verb meant the row that stood there: it is given up when another
// one is shown (row: null where that does not matter), and so is any key when a dialog opens.
function wait(names, row, left) {
  if (left <= 0 || document.querySelector(DIALOG) || (row !== null && opened() !== row) || click(names)) return
  const next = document.querySelector(RUNNING) ? left - LOOK : Math.min(left, AFTERWARDS) - LOOK
  setTimeout(() => wait(names, row, next), LOOK)
}

function taken(event) {
  event.preventDefault()
  event.stopPropagation()
}

export default ({ data, setTriggerValue }) => {
  if (!now.send) document.addEventListener("keydown", pressed, true)
  const keys = data.keys
  now.keys = keys
  now.buttons = data.buttons
  now.send = setTriggerValue
  return () => { if (now.keys === keys) now.keys = {} } // the next drawing may have said its own already
}

// Keys of the whole page: one listener on the document, which asks what the page drawn last answers to.
const now = { keys: {}, send: null }
const TYPED = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], "
  + "[role=combobox]"
const OWN_LETTERS = ".chf-grid, .chf-stage" // tiles and points answer letters themselves, of the one under the cursor

function pressed(event) {
  const held = event.ctrlKey || event.metaKey
  const name = held ? `ctrl+${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}` : event.key
  const what = now.keys[name]
  if (!what || !now.send || event.altKey || event.repeat) return
  const path = event.composedPath()
  if (path.some((node) => node.matches?.(TYPED))) return
  if (/^[a-z?]$/.test(name) && path.some((node) => node.matches?.(OWN_LETTERS))) return
  event.preventDefault()
  event.stopPropagation()
  now.send("key", what)
}

export default ({ data, setTriggerValue }) => {
  if (!now.send) document.addEventListener("keydown", pressed, true)
  now.keys = data.keys
  now.send = setTriggerValue
  return () => { now.keys = {} }
}

// r and n anywhere on the page. The listener sits on the document once and asks the drawer that is there.
const now = { parts: {}, send: null, granted: 0 }
const TAKEN = "input, textarea, select, [contenteditable], .chf-grid, .chf-stage, [role=combobox]"

function pressed(event) {
  const part = now.parts[event.key]
  if (!part || !now.send || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.composedPath().some((node) => node.matches?.(TAKEN))) return
  event.preventDefault()
  event.stopPropagation()
  now.send("part", part)
}

// Waits until the field is on the page, then puts the cursor into it.
function focus(field, patience = 60) {
  const input = document.querySelector(`.st-key-${CSS.escape(field)} input`)
  input?.focus()
  if (document.activeElement !== input && patience > 0) setTimeout(() => focus(field, patience - 1), 50)
}

export default ({ data, setTriggerValue }) => {
  if (!now.send) document.addEventListener("keydown", pressed, true)
  const parts = data.parts
  now.parts = parts
  now.send = setTriggerValue
  if (data.field && data.wish > now.granted) {
    now.granted = data.wish
    focus(data.field)
  }
  return () => { if (now.parts === parts) now.parts = {} } // the next drawing may have said its own already
}

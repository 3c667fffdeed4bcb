// Leaves the field in time. The listeners sit on the page once and ask which field is there.
const now = { field: "", listening: false }

function leave() {
  const input = document.activeElement
  if (now.field && input?.closest?.(`.st-key-${CSS.escape(now.field)}`)) input.blur()
}

function listen() {
  document.addEventListener("keydown", (event) => event.key === "Escape" && leave(), true)
  document.addEventListener("visibilitychange", () => document.hidden && leave())
  window.addEventListener("popstate", leave, true)
  window.addEventListener("pagehide", leave)
  now.listening = true
}

export default ({ data }) => {
  if (!now.listening) listen()
  now.field = data.field
}

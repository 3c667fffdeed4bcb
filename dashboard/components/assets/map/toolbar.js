// The buttons above the map, and the counts beside them.
const ICONS = {
  lasso: "M4 13c-2-1-3-3-2-6 1-3 5-5 9-4s5 5 3 7-6 2-8 3-1 3-3 3", select: "M3 3h12v12H3z",
  pan: "M9 2v14M2 9h14M9 2 7 4m2-2 2 2M9 16l-2-2m2 2 2-2M2 9l2-2M2 9l2 2m12-2-2-2m2 2-2 2",
  replace: "M4 4h10v10H4z", add: "M9 3v12M3 9h12", subtract: "M3 9h12", clear: "M4 4l10 10M14 4L4 14",
  closer: "M9 5v8M5 9h8M9 2a7 7 0 1 0 .01 0", farther: "M5 9h8M9 2a7 7 0 1 0 .01 0", home: "M3 9l6-6 6 6M5 8v7h8V8",
}
const BUTTONS = [
  ["tool", "lasso", "Lasso"], ["tool", "select", "Box"], ["tool", "pan", "Pan"], null,
  ["mode", "replace", "Replace the selection"], ["mode", "add", "Add to the selection (Shift)"],
  ["mode", "subtract", "Subtract from the selection (Alt)"], ["do", "clear", "Clear the selection (Esc)"], null,
  ["do", "closer", "Zoom in (+)"], ["do", "farther", "Zoom out (-)"], ["do", "home", "Show all points (Home)"],
]
const ACTS = {
  clear: clearSelection, home: showAll,
  closer: (map) => zoomBy(map, STEP_IN), farther: (map) => zoomBy(map, 1 / STEP_IN),
}
const KEYS_HELP = "Arrow keys move from point to point, Enter opens, Space selects, plus and minus zoom, "
  + "Home shows all, Escape clears. The table lists the same examples."

function buildToolbar(map) {
  const { nodes } = map
  const bar = element("div", "chf-bar", nodes.root, { role: "toolbar", "aria-label": "Map tools" })
  nodes.buttons = []
  for (const spec of BUTTONS) {
    if (!spec) { element("span", "chf-gap", bar); continue }
    const [kind, value, words] = spec
    const button = element("button", "chf-tool", bar, { type: "button", title: words, "aria-label": words })
    button.innerHTML = `<svg viewBox="0 0 18 18" aria-hidden="true"><path d="${ICONS[value]}"/></svg>`
    button.onclick = () => press(map, kind, value)
    nodes.buttons.push({ button, kind, value })
  }
  nodes.counts = element("span", "chf-counts", bar)
  markButtons(map)
}

function press(map, kind, value) {
  if (kind === "do") return ACTS[value](map)
  map.pointer[kind] = value
  markButtons(map)
  if (kind === "tool" && map.plotReady) window.Plotly.relayout(map.nodes.plot, { dragmode: value })
}

function markButtons({ nodes, pointer }) {
  for (const { button, kind, value } of nodes.buttons)
    if (kind !== "do") button.setAttribute("aria-pressed", String(pointer[kind] === value))
}

function tellCounts(map) {
  const { data, nodes, rows, decision } = map
  const n = (count) => count.toLocaleString("en-US")
  nodes.note.hidden = !data.label
  nodes.note.textContent = data.label || ""
  if (data.grid && !data.n) return tellWords(map, [data.label])
  const shown = rows.hiddenCount ? `${n(data.n - rows.hiddenCount)} / ${n(data.n)}` : n(data.n)
  const [kept, dropped] = [n(decision.keptCount), n(data.n - decision.keptCount)]
  tellWords(map, [`${shown} points`, `kept ${kept}`, `dropped ${dropped}`, `selected ${n(rows.selected.length)}`])
}

function tellWords({ nodes, data }, parts) {
  nodes.counts.textContent = parts.join(" · ")
  const colored = data.colors.title ? ` colored by ${data.colors.title}` : ""
  nodes.stage.setAttribute("aria-label", `Map of ${parts.join(", ")}${colored}. ${data.about || ""} ${KEYS_HELP}`)
}

// What the colors and shapes mean, in words.
function drawLegend(map) {
  const { kind, title, codes } = map.data.colors
  map.legend.replaceChildren()
  if (title) element("span", "chf-legend-title", map.legend).textContent = title
  if (kind === "category") categoryLegend(map, home.columns.get(codes))
  else if (kind === "score") scaleLegend(map)
  else swatch(map, map.theme.kept, "kept")
  swatch(map, kind === "decision" ? map.theme.dropped : map.theme.faded, kind === "decision" ? "dropped" : "dropped", true)
}

function categoryLegend(map, blob) {
  const most = 14
  blob.names.slice(0, most).forEach((name, i) => swatch(map, hexColor(blob.palette[i]), name))
  if (blob.names.length <= most) return
  element("span", "chf-more", map.legend, { title: blob.names.slice(most).join(", ") }).textContent = `and ${blob.names.length - most} more`
}

function swatch(map, color, words, crossed = false) {
  const item = element("span", "chf-item", map.legend)
  const mark = element("i", crossed ? "chf-cross" : "chf-dot", item)
  if (crossed) mark.style.color = rgb(color)
  else mark.style.background = rgb(color)
  element("span", "", item).textContent = words
}

function scaleLegend(map) {
  element("span", "chf-item", map.legend).textContent = "lowest"
  const bar = element("i", "chf-scale", map.legend)
  bar.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((t) => rgb(sequential(t))).join(",")})`
  element("span", "chf-item", map.legend).textContent = "highest"
}

function debugHooks(map) {
  const rows = (mask, wanted) => { const out = []; for (let i = 0; i < mask.length; i++) if (mask[i] === wanted) out.push(i); return out }
  return {
    state: () => ({
      range: map.range && [...map.range], kept: map.keptCount, selected: map.selected.length, points: map.data.n, inView: map.inView,
      focused: map.data.focused, cut: map.cut, tool: map.tool, mode: map.mode, times: { ...map.times }, waiting: missing(map),
      plotly: Boolean(map.plotReady), live: Boolean(map.live), pointed: map.pointed ?? null, color: map.data.colors.kind,
    }),
    keptRows: () => rows(map.kept, 1), selectedRows: () => [...map.selected], live: (rule) => home.live(map.key, rule),
    pixel: (row) => { // page coordinates of a row, for tests
      const p = place(map, row)
      const box = map.canvas.getBoundingClientRect()
      return p && [box.left + p[0] / map.ratio, box.top + p[1] / map.ratio]
    },
  }
}

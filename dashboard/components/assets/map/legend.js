// What the colors and shapes mean, in words.
function drawLegend(map) {
  const { kind, title, codes } = map.data.colors
  map.legend.replaceChildren()
  map.legendItems = []
  if (title) element("span", "chf-legend-title", map.legend).textContent = title
  if (kind === "category") categoryLegend(map, home.columns.get(codes))
  else if (kind === "score") scaleLegend(map)
  else swatch(map, map.theme.kept, "kept")
  swatch(map, kind === "decision" ? map.theme.dropped : map.theme.faded, "dropped", "chf-cross")
  if (map.hollow) swatch(map, map.theme.text, map.data.hollowWords, "chf-ring")
  fitLegend(map)
}

// One entry for each class with a color of its own, one for all others; a press brings a class forward.
function categoryLegend(map, blob) {
  const others = []
  blob.names.forEach((name, i) => {
    if (blob.palette[i] === blob.none) return others.push(name)
    const item = swatch(map, hexColor(blob.palette[i]), name, "chf-dot", "button")
    item.type = "button"
    item.title = `${name}: bring it forward`
    item.setAttribute("aria-pressed", String(map.forward === i))
    item.onclick = () => bringForward(map, i)
    map.legendItems.push(item)
  })
  map.legendMore = element("button", "chf-item chf-more", map.legend, { type: "button" })
  map.legendMore.onclick = () => {
    map.legendOpen = !map.legendOpen
    fitLegend(map)
  }
  if (others.length) swatch(map, hexColor(blob.none), `other (${others.length})`).title = others.slice(0, 100).join(", ")
}

function bringForward(map, i) {
  map.forward = map.forward === i ? null : i
  colorTables(map)
  drawLegend(map)
  repaint(map, "paint")
}

// Entries that do not fit are counted, and shown by a press; what stands behind them always has room.
function fitLegend(map) {
  const { legend, legendItems: items, legendMore: more } = map
  if (!items?.length || !more?.isConnected || !legend.clientHeight) return
  legend.classList.toggle("chf-open", Boolean(map.legendOpen))
  for (const item of items) item.hidden = false
  more.hidden = !map.legendOpen
  more.textContent = "show fewer"
  for (let left = items.length - 1; !map.legendOpen && left > 0 && legend.scrollHeight > legend.clientHeight + 1; left--) {
    items[left].hidden = true
    more.hidden = false
    more.textContent = `and ${items.length - left} more`
    more.title = items.slice(left).map((item) => item.textContent).join(", ")
  }
}

function swatch(map, color, words, shape = "chf-dot", tag = "span") {
  const item = element(tag, shape === "chf-ring" ? "chf-item chf-long" : "chf-item", map.legend)
  const mark = element("i", shape, item)
  mark.style[shape === "chf-dot" ? "background" : "color"] = rgb(color)
  element("span", "chf-word", item).textContent = words
  return item
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
    legend: () => ({ // what is read there, for tests
      shown: (map.legendItems || []).filter((item) => !item.hidden).map((item) => item.textContent),
      more: map.legendMore && !map.legendMore.hidden ? map.legendMore.textContent : "",
      overflows: map.legend.scrollHeight > map.legend.clientHeight + 1,
    }),
    state: () => ({
      range: map.range && [...map.range], kept: map.keptCount, selected: map.selected.length, points: map.data.n, inView: map.inView,
      focused: map.data.focused, cut: map.cut, tool: map.tool, mode: map.mode, times: { ...map.times }, waiting: missing(map),
      plotly: Boolean(map.plotReady), live: Boolean(map.live), pointed: map.pointed ?? null, color: map.data.colors.kind,
    }),
    keptRows: () => rows(map.kept, 1), selectedRows: () => [...map.selected], live: (rule) => home.live(map.key, rule),
    inked: () => { // painted pixels, for tests
      const { data } = map.ctx.getImageData(0, 0, map.canvas.width, map.canvas.height)
      return data.filter((v, at) => at % 4 === 3 && v).length
    },
    middles: () => { // share of points with ink in their middle pixel, hollow ones and the others, for tests
      const { data } = map.ctx.getImageData(0, 0, map.canvas.width, map.canvas.height)
      const found = { hollow: [0, 0], full: [0, 0] }
      map.offsets.forEach((at, i) => {
        if (at < 0 || !map.kept[i]) return
        const kind = found[map.hollow?.[i] ? "hollow" : "full"]
        kind[0] += data[4 * at + 3] > 60
        kind[1]++
      })
      return { hollow: found.hollow[0] / found.hollow[1], full: found.full[0] / found.full[1] }
    },
    pixel: (row) => { // page coordinates of a row, for tests
      const p = place(map, row)
      const box = map.canvas.getBoundingClientRect()
      return p && [box.left + p[0] / map.ratio, box.top + p[1] / map.ratio]
    },
  }
}

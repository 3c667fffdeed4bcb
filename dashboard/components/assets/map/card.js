// The card beside the point under the pointer (or the cursor): what is known at once, then what the server knows.
const CARD_AFTER = 120 // milliseconds on one point before the server is asked: a pointer on its way asks for nothing
const ASK_AGAIN = 900 // milliseconds without an answer; a rerun of the whole page may have swallowed the question
const TRIES = 3

function point(map, row) {
  const { pointer, timers } = map
  if (row === pointer.row) return
  pointer.row = row
  clearTimeout(timers.card)
  if (row === null) return hideCard(map)
  fillCard(map, row, map.cards.get(row) || { title: "", lines: ownLines(map, row) })
  if (!map.cards.has(row) && map.data.card) timers.card = setTimeout(() => askCard(map, row, TRIES), CARD_AFTER)
}

function askCard(map, row, tries) {
  if (map.pointer.row !== row || map.cards.has(row) || !tries) return
  home.askers?.[map.key]?.(row)
  map.timers.card = setTimeout(() => askCard(map, row, tries - 1), ASK_AGAIN)
}

function ownLines({ data, decision }, row) {
  const blob = data.colors.codes && home.columns.get(data.colors.codes)
  const lines = [["", decision.kept[row] ? "kept" : "dropped"]]
  if (blob) lines.unshift([data.colors.title, blob.names[blob.data.codes[row]] ?? "none"])
  return lines
}

function showCard(map, row, card) {
  if (row === null || !card) return
  map.cards.set(row, card)
  if (map.pointer.row === row) fillCard(map, row, card)
  if (map.pointer.cursor !== row) return
  map.nodes.voice.textContent = [card.title, ...card.lines.map((line) => line.join(" ")), card.text].join(". ")
}

function hideCard(map) {
  map.nodes.card.hidden = true
}

function fillCard(map, row, content) {
  const { card } = map.nodes
  card.replaceChildren()
  if (content.image) element("img", "", card, { src: content.image, alt: content.title })
  const words = element("div", "chf-words", card)
  if (content.title) element("b", "", words, { text: content.title })
  for (const [name, value] of content.lines) {
    const line = element("div", "", words)
    if (name) element("span", "chf-name", line, { text: name })
    element("span", "", line, { text: value })
  }
  if (content.text) element("p", "", words, { text: content.text })
  card.hidden = false
  placeCard(map, row)
}

function placeCard(map, row) {
  const at = place(map, row)
  if (!at) return hideCard(map)
  const { nodes: { card }, frame: { ratio, margins, size } } = map
  const [x, y] = [at[0] / ratio + margins.left, at[1] / ratio + margins.top]
  const { offsetWidth: width, offsetHeight: height } = card
  card.style.left = `${x + 14 + width > size[0] ? Math.max(4, x - width - 14) : x + 14}px`
  card.style.top = `${Math.min(Math.max(4, y - height / 2), size[1] - height - 4)}px`
}

// Colors: of the theme, of each row by class, score or decision, and the tables from which points are painted.
const newInk = () => ({ theme: null, colors: [], colorOf: new Uint16Array(0), tables: [], packed: [], forward: null })
const DROPPED_TIMES = 3 // 257 times 255 is the most that a color's 16 bits hold
const FADED = 0.62 // how far a dropped point's color moves to grey: told apart, and its class still seen
const BEHIND = 0.85 // the same for classes behind the one that was brought forward
const PALE = 0.6 // how far hollow points fade into the page where they are too small to be drawn hollow

function hexColor(text) {
  const n = parseInt(text.slice(1), 16)
  return [n >> 16, (n >> 8) & 255, n & 255]
}

const rgb = (c, alpha = 1) => `rgba(${c[0]},${c[1]},${c[2]},${alpha})`
const mix = (a, b, t) => a.map((v, i) => Math.round(v * (1 - t) + b[i] * t))

// Any CSS color of the theme as [r, g, b], read through a canvas pixel.
function cssColor(node, name, fallback) {
  home.probe ||= element("canvas", "", null, { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
  const { probe } = home
  probe.clearRect(0, 0, 1, 1)
  probe.fillStyle = fallback
  probe.fillStyle = getComputedStyle(node).getPropertyValue(name).trim() || fallback
  probe.fillRect(0, 0, 1, 1)
  return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3)
}

function readTheme({ nodes, ink }) {
  const background = cssColor(nodes.root, "--st-background-color", "#ffffff")
  const text = cssColor(nodes.root, "--st-text-color", "#1c2733")
  ink.theme = {
    background, text, flag: text, accent: cssColor(nodes.root, "--st-primary-color", "#2a6fb0"),
    none: hexColor("__NO_CLASS__"), kept: hexColor("__KEPT__"), dropped: hexColor("__DROPPED__"),
    faded: mix(background, text, 0.3),
  }
}

// Index of each point's color in the tables below.
function colorIndex({ data, ink }) {
  const { kind, column, codes } = data.colors
  if (ink.colorOf.length !== data.n) ink.colorOf = new Uint16Array(data.n)
  const { colorOf } = ink
  if (kind === "category") {
    const blob = home.columns.get(codes)
    const none = blob.palette.length
    for (let i = 0; i < data.n; i++) colorOf[i] = Math.min(blob.data.codes[i], none)
    ink.colors = [...blob.palette.map(hexColor), hexColor(blob.none)]
  } else if (kind === "score") {
    const ranks = home.columns.get(data.ranks)?.data[column]
    for (let i = 0; i < data.n; i++) colorOf[i] = ranks?.[i] ? ranks[i] >> 8 : 256
    ink.colors = [...Array(256).keys()].map((v) => sequential(v / 255)).concat([ink.theme.none])
  } else {
    colorOf.fill(0)
    ink.colors = [ink.theme.kept]
  }
}

// Perceptually even from dark blue over teal to yellow (viridis-like anchors).
const SCALE = ["#4A3F9C", "#31688E", "#21918C", "#5EC962", "#FDE725"].map(hexColor)
function sequential(t) {
  const at = Math.min(t * (SCALE.length - 1), SCALE.length - 1.0001)
  return mix(SCALE[at | 0], SCALE[(at | 0) + 1], at % 1)
}

function colorTables({ data, ink }) {
  const { theme, colors } = ink
  const decision = data.colors.kind === "decision"
  const front = data.colors.kind === "category" && ink.forward !== null
  const shown = front ? colors.map((c, i) => (i === ink.forward ? c : mix(c, theme.faded, BEHIND))) : colors
  const dropped = shown.map((c) => (decision ? theme.dropped : mix(c, theme.faded, FADED)))
  ink.tables = [{ colors: dropped }, { colors: shown }]
  const both = [...dropped, ...shown] // a row's color is at (kept ? number of colors : 0) + colorOf[row]
  const four = [...both, ...both.map((c) => mix(c, theme.background, PALE))]
  // The few that go are what one looks for among the many that stay: each counts as several.
  const times = (at) => (decision && at % (2 * colors.length) < colors.length ? DROPPED_TIMES : 1)
  ink.packed = [
    Uint32Array.from(four, (c, at) => times(at) * ((c[0] << 16) | c[1])),
    Uint32Array.from(four, (c, at) => times(at) * ((c[2] << 16) | 1)),
  ]
}

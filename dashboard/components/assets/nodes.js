// A tree of plain elements. Every string becomes a text node; only these tags and attributes exist.
const TAGS = new Set([
  "div", "span", "b", "i", "p", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "mark", "button",
  "small", "img",
])

function build(spec, act) {
  if (typeof spec === "string") return document.createTextNode(spec)
  const [tag, how, ...children] = spec
  if (!TAGS.has(tag)) throw new Error(`unknown element ${tag}`)
  const node = element(tag, how.class)
  if (how.title) node.title = how.title
  if (how.label) node.setAttribute("aria-label", how.label)
  if (how.role) node.setAttribute("role", how.role)
  if (how.disabled) node.disabled = true
  if (tag === "img" && how.src?.startsWith("data:image/")) [node.src, node.alt] = [how.src, how.alt || ""]
  if (tag === "button") node.type = "button"
  for (const [name, value] of Object.entries(how.style || {})) node.style.setProperty(name, value)
  if (how.act) node.onclick = () => act(how.act)
  node.append(...children.map((child) => build(child, act)))
  return node
}

export default ({ data, parentElement, setTriggerValue }) => {
  let root = parentElement.querySelector(".chf-panel")
  if (!root) root = element("div", "chf chf-panel", parentElement)
  const at = [...root.querySelectorAll("button")].indexOf(document.activeElement)
  root.replaceChildren(build(data, (value) => setTriggerValue("act", value)))
  if (at >= 0) root.querySelectorAll("button")[at]?.focus()
}

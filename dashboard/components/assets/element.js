// The one way to make an element. What a person wrote goes in as `text`, never as markup.
function element(tag, className, parent, { text, ...attributes } = {}) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  parent?.append(node)
  return node
}

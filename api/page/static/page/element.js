// Elements from data. Text is only ever set as text, so that nothing in the data can become markup.

const SVG = "http://www.w3.org/2000/svg";

// Signs that are invisible or reorder the text around them: control, format, surrogate and unassigned characters.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** Return a value as text whose every character can be seen. */
export function visible(value) {
  if (value === null || value === undefined) return "–";
  return String(value).replace(/[\t\n\r]+/g, " ").replace(HIDDEN, "\ufffd");
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return node;
}

/** Return an HTML element with attributes and children; a child that is no node becomes text. */
export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Return an SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

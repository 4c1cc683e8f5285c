// Elements from data. Text is only ever set as text, so that nothing in the data can become markup.

// Signs that are invisible or reorder the text around them: control, format, surrogate and unassigned characters.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** Return a value as text whose every character can be seen. */
export function visible(value) {
  if (value === null || value === undefined) return "–";
  return String(value).replace(/[\t\n\r]+/g, " ").replace(HIDDEN, "\ufffd");
}

/** Return an HTML element with attributes and children; a child that is no node becomes text. */
export function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return node;
}

/** Say how something stands, in the place for it: quietly, or as a problem. */
export function say(node, words, kind = "quiet") {
  node.className = kind;
  node.textContent = words;
}

/** Return a section of the page with its heading and a sentence of what it shows; one that is wide has a row alone. */
export function section({ id, title, meaning, isWide = true }, ...children) {
  const heading = html("h2", { id: `${id}-title` }, title);
  return html("section", { id, "aria-labelledby": heading.id, class: isWide ? "wide" : null }, heading, html("p", {}, meaning), ...children);
}

/** Return a form whose fields, each [label, control], stand side by side; `run` is called when it is sent. */
export function form(label, fields, action, run) {
  const labelled = fields.map(([name, control]) => html("label", {}, name, control));
  const button = html("button", { type: "submit" }, action);
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    await run().finally(() => { button.disabled = false; });
  };
  return html("form", { class: "line", "aria-label": label, on: { submit: send } }, ...labelled, button);
}

/** Return a choice among `values`, each a text or [value, text]. */
export function choice(values, chosen, change = () => {}) {
  const options = values.map((value) => [value].flat()).map(([value, text = value]) => html("option", { value, selected: value === chosen }, text));
  return html("select", { on: { change } }, ...options);
}

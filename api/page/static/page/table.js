// A table that its reader sorts: by a button in each head, by mouse, touch or keyboard.

import { html, visible } from "./element.js";
import { heading, isNumber, number, plural } from "./format.js";

const FIRST = 100;
const compareText = new Intl.Collator("en", { numeric: true }).compare;

/** Return the column of a table for one of a metric's columns, the first of which names a group. */
export function metricColumn({ name, type }, index) {
  const counts = isNumber(type) && index > 0;
  return { name, label: heading(name), kind: counts ? "number" : null, show: counts ? (v) => number(v, type) : undefined };
}

const key = (row, { name, by }) => (by ? by(row[name]) : row[name]);

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return typeof a === "number" && typeof b === "number" ? a - b : compareText(String(a), String(b));
}

/**
 * Makes a sortable table. A column is { name, label, kind, show, by(value) }: `kind` is its style (number, short,
 * long), `show(value, row)` returns text or a node, `by` what an object is sorted by.
 * Rows stand as they came until the reader chooses an order, which stays when `update(rows)` brings new ones.
 */
export class SortableTable {
  constructor(caption, columns) {
    this.columns = columns;
    this.order = { column: null, descending: false };
    this.rows = [];
    this.isWhole = false;
    this.body = html("tbody");
    this.heads = columns.map((column) => this.head(column));
    this.more = html("button", { type: "button", class: "more", hidden: true, on: { click: () => this.showAll() } });
    const table = html(
      "table",
      {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...this.heads)),
      this.body,
    );
    // The frame scrolls where a phone is too narrow, so it must be reachable by keyboard.
    const frame = html("div", { class: "frame", tabindex: "0", role: "group", "aria-label": caption }, table);
    this.node = html("div", {}, frame, this.more);
  }

  head(column) {
    const button = html("button", { type: "button", on: { click: () => this.sort(column) } }, column.label);
    return html("th", { scope: "col", class: column.kind, "aria-sort": "none" }, button);
  }

  sort(column) {
    const again = this.order.column === column;
    this.order = { column, descending: again && !this.order.descending };
    this.draw();
  }

  showAll() {
    this.isWhole = true;
    this.draw();
    this.body.rows[FIRST]?.cells[0].focus();
  }

  update(rows) {
    this.rows = rows;
    this.draw();
  }

  draw() {
    const { column, descending } = this.order;
    const turn = descending ? -1 : 1;
    const sorted = column
      ? [...this.rows].sort((a, b) => compare(key(a, column), key(b, column)) * turn)
      : this.rows;
    const shown = this.isWhole ? sorted : sorted.slice(0, FIRST);
    this.body.replaceChildren(...shown.map((row) => this.line(row)));
    this.columns.forEach((each, i) => {
      const direction = descending ? "descending" : "ascending";
      this.heads[i].setAttribute("aria-sort", each === column ? direction : "none");
    });
    this.more.hidden = shown.length === sorted.length;
    this.more.textContent = `Show all ${plural(sorted.length, "row")}`;
  }

  line(row) {
    const cells = this.columns.map((column, i) => {
      const content = column.show ? column.show(row[column.name], row) : visible(row[column.name]);
      const attributes = { class: column.kind };
      // Text from the data keeps its own direction to itself.
      const inside = content instanceof Node || column.kind === "number" ? content : html("bdi", {}, content);
      return i ? html("td", attributes, inside) : html("th", { ...attributes, scope: "row", tabindex: "-1" }, inside);
    });
    return html("tr", {}, ...cells);
  }
}

// What a reader asks for and may ask again: a form, what it says, and the table of the answer.

import { html, say } from "./element.js";
import { plural } from "./format.js";
import { get } from "./session.js";
import { SortableTable } from "./table.js";

/** A place for the answer to a question: a word on how it stands, and below it a table or another node. */
export class Answer {
  constructor() {
    this.state = html("p", { class: "quiet", role: "status" });
    this.place = html("div");
    this.node = html("div", {}, this.state, this.place);
  }

  /**
   * Show the answer that `ask` returns as `show` makes it, { words, node }; or in words why it cannot be had. What was
   * asked before and comes later is not shown.
   */
  async fill(ask, show) {
    const asked = (this.asked = {});
    say(this.state, "Asking …");
    try {
      const answer = await ask();
      if (asked !== this.asked) return;
      const { words, node } = show(answer);
      say(this.state, words);
      this.place.replaceChildren(node);
    } catch (problem) {
      if (asked !== this.asked) return;
      this.place.replaceChildren();
      say(this.state, problem.message, problem.status === 403 ? "quiet" : "problem");
    }
  }
}

/** Return rows of a table of the lake by /api/query-table/: { columns, rows, more }, the rows as objects of texts. */
export async function queryTable(parameters) {
  const response = await get(`query-table/?${new URLSearchParams(parameters)}`);
  const [head, ...lines] = (await response.json()).ResultSet.Rows.map(({ Data }) => Data.map(({ VarCharValue }) => VarCharValue ?? null));
  const rows = lines.map((line) => Object.fromEntries(line.map((value, i) => [head[i], value])));
  return { columns: head, rows, more: response.headers.has("X-Next-Page") };
}

/** Return an answer of rows as a table with a word on how many there are; `extra` are more columns. */
export function asTable(caption, { columns, rows, more }, ...extra) {
  const table = new SortableTable(caption, [...columns.map((name) => ({ name, label: name })), ...extra]);
  table.update(rows);
  table.node.hidden = !rows.length;
  return { words: `${plural(rows.length, "row")}${more ? ", and there are more" : ""}.`, node: table.node };
}

/** Return a column of buttons that show the passport of a row's record. */
export const passportButton = (show) => ({
  name: "passport",
  label: "passport",
  show: (_, row) => html("button", { type: "button", on: { click: () => show(row) } }, "Show"),
});

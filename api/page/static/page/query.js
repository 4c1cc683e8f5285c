// Rows of any table that the account may read, by a condition.

import { Answer, asTable, queryTable } from "./asking.js";
import { choice, form, html, section } from "./element.js";
import { getJson } from "./session.js";

const ROWS = 100;

export class QuerySection {
  constructor() {
    this.table = choice([]);
    this.filter = html("input", { type: "text", size: 40, spellcheck: "false", placeholder: "status = 404 AND path LIKE '/cart%'" });
    this.columns = html("input", { type: "text", size: 20, spellcheck: "false", placeholder: "all" });
    this.answer = new Answer();
    const fields = [["table", this.table], ["condition", this.filter], ["columns", this.columns]];
    this.node = section(
      {
        id: "query",
        title: "Query",
        meaning: `The first ${ROWS} rows of a table that fulfil a condition as SQL has it after WHERE; what is personal is masked.`,
      },
      form("Query", fields, "Run", () => this.run()),
      this.answer.node,
    );
  }

  /** Learn which tables there are; the one that is chosen stays. */
  async load() {
    const names = (await getJson("tables/")).map(({ name }) => name);
    const known = [...this.table.options].map(({ value }) => value);
    if (names.join() !== known.join()) this.table.replaceChildren(...choice(names, this.table.value).children);
  }

  run() {
    const asked = { table: this.table.value, limit: ROWS };
    if (this.filter.value.trim()) asked.filter = this.filter.value;
    if (this.columns.value.trim()) asked.columns = this.columns.value;
    return this.answer.fill(() => queryTable(asked), (found) => asTable(asked.table, found));
  }
}

// What the API tells about the lake itself: its tables, its balance sheet, its runs.

import { html, say, section, visible } from "./element.js";
import { ago, number, size, span, time } from "./format.js";
import { getJson } from "./session.js";
import { SortableTable } from "./table.js";

const STATUSES = ["succeeded", "failed", "interrupted"];

/** A section that is one table of what a route of the API answers. */
export class ListSection {
  /** The route answers a list of objects, whose keys are the names of the columns. */
  constructor({ id, title, meaning, route, columns }) {
    this.route = route;
    this.table = new SortableTable(title, columns);
    this.table.node.hidden = true;
    this.state = html("p", { class: "quiet" }, "Loading …");
    this.node = section({ id, title, meaning }, this.state, this.table.node);
  }

  /** Fetch and draw the rows; what the account may not see is said instead. */
  async load() {
    try {
      this.show(await getJson(this.route));
    } catch (problem) {
      this.table.node.hidden = true;
      this.state.hidden = false;
      say(this.state, problem.message, [403, 404].includes(problem.status) ? "quiet" : "problem");
      if (problem.status === 401) throw problem;
    }
  }

  show(rows, nothing = "There is nothing yet.") {
    this.table.update(rows);
    this.table.node.hidden = !rows.length;
    this.state.hidden = rows.length > 0;
    say(this.state, nothing);
  }
}

const count = (name, label) => ({ name, label, kind: "number", show: (value) => number(value) });
const moment = (name, label) => ({ name, label, kind: "short", show: (value) => html("time", value ? { title: ago(value) } : {}, time(value)) });

const tables = () =>
  new ListSection({
    id: "tables",
    title: "Tables",
    meaning: "Every table of the lake and when it last changed. Times are UTC.",
    route: "tables/",
    columns: [
      { name: "name", label: "table", kind: "short" },
      count("version", "version"),
      count("rows", "rows"),
      count("files", "files"),
      { name: "bytes", label: "size", kind: "number", show: (value) => size(value) },
      moment("last_commit", "last commit"),
      { name: "age_seconds", label: "age", kind: "number", show: (value) => span(value) },
    ],
  });

const ledger = () =>
  new ListSection({
    id: "ledger",
    title: "Balance sheet",
    meaning: "Every record that came in is in bronze, and in silver either good or in quarantine.",
    route: "ledger/",
    columns: [
      { name: "dataset", label: "dataset", kind: "short" },
      count("source", "came in"),
      count("bronze", "bronze"),
      count("silver", "good"),
      count("quarantined", "quarantined"),
      { name: "reasons", label: "first reason", kind: "long", show: reasonsMarks, by: reasonsText },
      { name: "is_closed", label: "closes", show: (value) => (value ? "yes" : "no") },
    ],
  });

const reasonsText = (reasons) =>
  Object.entries(reasons ?? {}).map(([reason, records]) => `${reason} ${number(records)}`).join(", ") || "–";

/** What each reason means, by its name. */
export const SENTENCES = JSON.parse(document.getElementById("reasons").textContent);

/** Return the reasons, each with what it means where the pointer rests on it. */
const reasonsMarks = (reasons) => {
  const marks = Object.keys(reasons ?? {}).map((reason) => html("abbr", { title: SENTENCES[reason] }, visible(reasonsText({ [reason]: reasons[reason] }))));
  return html("span", {}, ...(marks.length ? marks.flatMap((mark, place) => (place ? [", ", mark] : [mark])) : ["–"]));
};

const runs = () =>
  new ListSection({
    id: "runs",
    title: "Last runs",
    meaning: "The newest runs of the jobs. Times are UTC.",
    route: "runs/?limit=20",
    columns: [
      moment("started_at", "started"),
      { name: "job", label: "job", kind: "short" },
      { name: "status", label: "status", kind: "short", show: statusMark },
      { name: "seconds", label: "seconds", kind: "number", show: (value) => number(value, "double") },
      { name: "code_version", label: "code", kind: "short" },
      { name: "error", label: "error", kind: "long" },
    ],
  });

const statusMark = (status) => html("span", { class: `status ${STATUSES.includes(status) ? status : ""}` }, visible(status));

/** Return the sections about the lake, in their order on the page. */
export const lakeSections = () => [tables(), ledger(), runs()];

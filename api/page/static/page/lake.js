// What the API tells about the lake itself: its tables, its balance sheet, its runs.

import { html, visible } from "./element.js";
import { ago, number, size, time } from "./format.js";
import { ListSection } from "./listing.js";

const count = (name, label) => ({ name, label, numeric: true, show: (value) => number(value) });
const moment = (name, label) => ({ name, label, show: (value) => html("time", { title: ago(value) }, time(value)) });

const tables = () =>
  new ListSection({
    id: "tables",
    title: "Tables",
    meaning: "Every table of the lake and when it last changed. Times are UTC.",
    route: "tables/",
    columns: [
      { name: "name", label: "table" },
      count("version", "version"),
      count("rows", "rows"),
      count("files", "files"),
      { name: "bytes", label: "size", numeric: true, show: (value) => size(value) },
      moment("last_commit", "last commit"),
    ],
    rows: (answer) => answer.tables ?? answer,
  });

const ledger = () =>
  new ListSection({
    id: "ledger",
    title: "Balance sheet",
    meaning: "Every record that came in is in bronze, and in silver either good or in quarantine.",
    route: "ledger/",
    columns: [
      { name: "dataset", label: "dataset" },
      count("source", "came in"),
      count("bronze", "bronze"),
      count("silver", "good"),
      count("quarantined", "quarantined"),
      { name: "reasons", label: "by reason", show: (reasons) => visible(reasonsText(reasons)) },
      { name: "is_closed", label: "closes", show: (value) => (value ? "yes" : "no") },
    ],
    rows: (answer) => answer.datasets ?? answer,
  });

const reasonsText = (reasons) =>
  Object.entries(reasons ?? {}).map(([reason, records]) => `${reason} ${number(records)}`).join(", ") || "–";

const runs = () =>
  new ListSection({
    id: "runs",
    title: "Last runs",
    meaning: "The newest runs of the jobs. Times are UTC.",
    route: "runs/",
    columns: [
      moment("started_at", "started"),
      { name: "job", label: "job" },
      { name: "status", label: "status", show: (value) => html("span", { class: `status ${statusClass(value)}` }, visible(value)) },
      { name: "seconds", label: "seconds", numeric: true, show: (value) => number(value, "double") },
      { name: "error", label: "error" },
    ],
    rows: (answer) => (answer.runs ?? answer).slice(0, 20),
  });

const statusClass = (status) => (["succeeded", "failed", "interrupted"].includes(status) ? status : "other");

/** Return the sections about the lake, in their order on the page. */
export const lakeSections = () => [tables(), ledger(), runs()];

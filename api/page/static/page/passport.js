// Where a record went: by its name, or as one of those behind a number.

import { Answer, asTable, passportButton } from "./asking.js";
import { choice, form, html, section, visible } from "./element.js";
import { getJson } from "./session.js";

/** The steps of a record in their order, by the keys of the API's answer. */
const STEPS = [
  ["file", "The file that it came by"],
  ["bronze", "In bronze, as it came"],
  ["silver", "In silver, as it was judged"],
  ["reasons", "What is wrong with it"],
  ["run", "The run that judged it"],
  ["gold", "Where it counts"],
];

const text = (value) => visible(value !== null && typeof value === "object" ? JSON.stringify(value) : value);
const pairs = (values) => html("dl", {}, ...Object.entries(values).flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, html("bdi", {}, text(value)))]));

/** Return a passport as nodes: each step with what is known of it. */
function drawn(passport) {
  const steps = STEPS.map(([key, title]) => [title, passport[key]]).filter(([, values]) => values && Object.keys(values).length);
  return html("div", {}, ...steps.flatMap(([title, values]) => [html("h3", {}, title), pairs(values)]));
}

export class PassportSection {
  constructor(metrics) {
    this.source = html("input", { type: "text", required: true, size: 18, spellcheck: "false" });
    this.id = html("input", { type: "text", required: true, size: 18, spellcheck: "false" });
    this.position = html("input", { type: "number", min: 0, value: 0, required: true });
    this.metric = choice(metrics.map(({ name, title }) => [name, title]));
    this.group = html("input", { type: "text", required: true, size: 18 });
    this.members = new Answer();
    this.passport = new Answer();
    const behind = [["metric", this.metric], ["row", this.group]];
    const named = [["source", this.source], ["source id", this.id], ["position", this.position]];
    this.node = section(
      {
        id: "passport",
        title: "A record's passport",
        meaning: "The records behind a row of a metric; and of a record the bytes, what was decided and why, and where it counts.",
      },
      form("Records behind a number", behind, "Show records", () => this.behind()),
      this.members.node,
      form("A record by its name", named, "Show passport", () => this.ask()),
      this.passport.node,
    );
  }

  load() {}

  behind() {
    const asked = new URLSearchParams({ group: this.group.value });
    const columns = ["source", "source_id", "position"];
    const button = passportButton((row) => this.show(row));
    const show = (rows) => asTable("Records behind a number", { columns, rows, more: rows.length === 100 }, button);
    return this.members.fill(() => getJson(`metrics/${this.metric.value}/records/?${asked}`), show);
  }

  /** Show the passport of a record, and go there. */
  show({ source, source_id: id, position }) {
    [this.source.value, this.id.value, this.position.value] = [source, id, position];
    this.node.scrollIntoView();
    this.source.focus();
    return this.ask();
  }

  ask() {
    const asked = new URLSearchParams({ source: this.source.value, source_id: this.id.value, position: this.position.value });
    const show = (passport) => ({ words: `A record of ${passport.dataset}.`, node: drawn(passport) });
    return this.passport.fill(() => getJson(`records/?${asked}`), show);
  }
}

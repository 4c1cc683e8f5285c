// What is in quarantine: why, how much, and some records of each reason.

import { Answer, asTable, passportButton, queryTable } from "./asking.js";
import { BarChart } from "./chart.js";
import { html, visible } from "./element.js";
import { number } from "./format.js";
import { ListSection, SENTENCES } from "./lake.js";

const SAMPLES = 20;

export class QuarantineSection extends ListSection {
  /** `passport(name)` shows a record's passport, by source, source_id and position. */
  constructor(passport) {
    super({
      id: "quarantine",
      title: "Quarantine",
      meaning: "Records that broke a rule, by the first that they broke. None of them is lost: make replay judges them again.",
      route: "ledger/",
      columns: [
        { name: "dataset", label: "dataset", kind: "short" },
        { name: "reason", label: "reason", kind: "short", show: (reason) => html("code", {}, reason) },
        { name: "records", label: "records", kind: "number", show: (value) => number(value) },
        { name: "meaning", label: "what it means", kind: "long" },
        { name: "samples", label: "samples", show: (_, row) => html("button", { type: "button", on: { click: () => this.sample(row) } }, "Show") },
      ],
    });
    this.passport = passport;
    this.chart = new BarChart();
    this.chart.node.hidden = true;
    this.samples = new Answer();
    this.table.node.before(this.chart.node);
    this.node.append(this.samples.node);
  }

  show(lines) {
    const rows = lines.flatMap(({ dataset, reasons }) =>
      Object.entries(reasons).map(([reason, records]) => ({ dataset, reason, records, meaning: SENTENCES[reason] })),
    );
    super.show(rows.sort((a, b) => b.records - a.records), "Nothing is in quarantine.");
    const bars = rows.slice(0, 12).map(({ dataset, reason, records }) => ({ name: `${reason}, ${dataset}`, value: records, text: number(records) }));
    this.chart.node.hidden = !rows.length;
    this.chart.update(bars, "Bar chart of records in quarantine by dataset and reason; the table below has all numbers.");
  }

  sample({ dataset, reason }) {
    // The first of a record's reasons, as they are counted.
    const filter = `reasons = '${reason}' OR reasons LIKE '${reason.replaceAll("_", "!_")},%' ESCAPE '!'`;
    const asked = { table: `quarantine.${dataset}`, filter, columns: "source,source_id,position,reasons,raw", limit: SAMPLES };
    const columns = ["source", "position", "reasons", "raw"];
    const show = (found) => {
      const { words, node } = asTable(`Records with ${reason}`, { ...found, columns }, passportButton(this.passport));
      return { words: visible(`${dataset}, ${reason}: ${words}`), node };
    };
    return this.samples.fill(() => queryTable(asked), show);
  }
}

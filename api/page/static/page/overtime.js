// A metric by day, week or month, for its largest groups, between two dates.

import { Answer } from "./asking.js";
import { LineChart } from "./chart.js";
import { choice, form, html, visible } from "./element.js";
import { heading } from "./format.js";
import { get } from "./session.js";
import { SortableTable, metricColumn } from "./table.js";

const LINES = 5;

/** Asks the metric's route with `by`; `load()` asks again, for the newest version. */
export class OverTime {
  constructor(metric) {
    this.metric = metric;
    [this.label, this.measure] = metric.columns;
    this.by = choice(["day", "week", "month"], "week", () => this.load());
    this.from = html("input", { type: "date", on: { change: () => this.load() } });
    this.to = html("input", { type: "date", on: { change: () => this.load() } });
    this.answer = new Answer();
    this.chart = new LineChart();
    const fields = [["by", this.by], ["from", this.from], ["before", this.to]];
    this.node = html(
      "div",
      {},
      html("h3", {}, "Over time"),
      form(`${metric.title} over time`, fields, "Show", () => this.load()),
      this.answer.node,
    );
  }

  load() {
    const by = this.by.value;
    const asked = new URLSearchParams({ by });
    for (const name of ["from", "to"]) if (this[name].value) asked.set(name, this[name].value);
    const ask = async () => {
      const response = await get(`${this.metric.route}?${asked}`);
      return { rows: await response.json(), whole: Number(response.headers.get("X-Total-Rows")) };
    };
    return this.answer.fill(ask, ({ rows, whole }) => ({ words: this.words(rows, whole, by), node: this.drawn(rows, by) }));
  }

  words(rows, whole, by) {
    if (!rows.length) return "There is nothing in these days.";
    const cut = whole > rows.length ? ` These are the first ${rows.length} rows of ${whole}: choose longer periods or fewer days.` : "";
    return `The ${LINES} largest of all, a point ${by === "day" ? "a day" : `for the first day of each ${by}`}.${cut}`;
  }

  drawn(rows, by) {
    const { name: group } = this.label;
    const { name: value } = this.measure;
    const sums = new Map();
    for (const row of rows) sums.set(row[group], (sums.get(row[group]) ?? 0) + row[value]);
    const largest = [...sums].sort((a, b) => b[1] - a[1]).slice(0, LINES).map(([name]) => name);
    const series = largest.map((name) => ({
      name: visible(name),
      points: rows.filter((row) => row[group] === name).map((row) => [row[by], row[value]]),
    }));
    this.chart.update(series, `Lines of ${heading(value)} by ${by}; the table below has all numbers.`);
    const columns = [{ name: by, label: by, kind: "short" }, ...this.metric.columns.map(metricColumn)];
    const table = new SortableTable(`${this.metric.title} by ${by}`, columns);
    table.update(rows);
    const numbers = html("details", {}, html("summary", {}, "All numbers"), table.node);
    return html("div", { hidden: !rows.length }, this.chart.node, numbers);
  }
}

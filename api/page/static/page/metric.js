// The section of one metric: what it means, how fresh it is, its bars, and its rows as a table.

import { BarChart } from "./chart.js";
import { html, say, section, visible } from "./element.js";
import { ago, heading, isNumber, number, plural, time } from "./format.js";
import { OverTime } from "./overtime.js";
import { get } from "./session.js";
import { SortableTable, metricColumn } from "./table.js";

const TOP = 20;

// The colours of the classes of status codes.
const STATUS_KINDS = { 1: "quiet", 2: "bar", 3: "redirection", 4: "client-error", 5: "server-error" };

export class MetricSection {
  constructor(metric) {
    this.metric = metric;
    [this.label] = metric.columns;
    this.measures = metric.columns.slice(1);
    this.version = null;
    this.chart = new BarChart();
    this.table = new SortableTable(metric.title, metric.columns.map(metricColumn));
    this.fresh = html("p", { class: "quiet" }, "Loading …");
    this.note = html("p", { class: "quiet" });
    this.overTime = metric.has_time ? new OverTime(metric) : null;
    const parts = [this.chart, this.table, this.overTime].filter(Boolean).map(({ node }) => node);
    this.body = html("div", { hidden: true }, parts[0], this.note, ...parts.slice(1));
    this.node = section({ id: metric.name, title: metric.title, meaning: metric.meaning, isWide: false }, this.fresh, this.body);
  }

  /** Fetch the newest version, and draw it where it is another one than before. */
  async load() {
    try {
      const response = await get(this.metric.route);
      this.tell(response.headers);
      const version = response.headers.get("ETag");
      const rows = await response.json();
      if (version === null || version !== this.version) this.draw(rows, Number(response.headers.get("X-Total-Rows")));
      this.version = version;
    } catch (problem) {
      say(this.fresh, problem.message, "problem");
      throw problem;
    }
  }

  tell(headers) {
    const committed = headers.get("Last-Modified");
    const said = `Version ${headers.get("X-Table-Version")}, committed ${time(committed)} UTC (${ago(committed)})`;
    const stale = headers.get("X-Stale") === "true";
    const age = plural(Number(headers.get("Age")), "second");
    if (stale) say(this.fresh, `${said}. The lake cannot be reached: last looked at ${age} ago.`, "problem");
    else say(this.fresh, said);
  }

  draw(rows, total) {
    this.body.hidden = false;
    this.table.update(rows);
    this.overTime?.load();
    const bars = this.bars(rows);
    const measure = heading(this.measures[0].name);
    this.chart.update(bars, `Bar chart of ${measure} by ${heading(this.label.name)}; the table below has all numbers.`);
    this.note.textContent = this.noted(rows.length, total, bars.length, measure);
  }

  bars(rows) {
    const [first, ...others] = this.measures;
    const largest = [...rows].sort((a, b) => b[first.name] - a[first.name]).slice(0, TOP);
    // Codes have an order of their own; names are ordered by their numbers.
    if (isNumber(this.label.type)) largest.sort((a, b) => a[this.label.name] - b[this.label.name]);
    return largest.map((row) => ({
      name: row[this.label.name],
      value: row[first.name],
      text: number(row[first.name], first.type),
      more: others.map((o) => ` of ${number(row[o.name], o.type)}`).join(""),
      kind: this.label.name === "status_code" ? STATUS_KINDS[Math.floor(row.status_code / 100)] : "bar",
    }));
  }

  noted(rows, total, bars, measure) {
    if (!rows) return "There are no rows yet.";
    const drawn = bars < rows ? `The ${bars} with the largest ${measure} are drawn. ` : "";
    const others = this.measures.slice(1).map((other) => heading(other.name));
    const meaning = others.length ? `Bars show ${measure}, the numbers ${measure} of ${others.join(", ")}. ` : "";
    const cut = total > rows ? `The table holds the first ${rows} of ${total}.` : `${plural(rows, "row")} in all.`;
    return visible(drawn + meaning + cut);
  }
}

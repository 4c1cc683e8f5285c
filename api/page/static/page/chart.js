// Bars and lines by Chart.js, in the page's colours and at the width there is. A chart is one image for a screen reader,
// which finds the numbers in a table.

import { html, visible } from "./element.js";

const { Chart } = globalThis;
const BAR = 26; // pixels of the height that a bar takes
const NARROW = 480;
const LETTER = 7.2; // pixels of an average letter, on the safe side
const LINES = ["bar", "client-error", "redirection", "server-error", "quiet"];

const darkness = matchMedia("(prefers-color-scheme: dark)");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const short = (text, most) => (text.length > most ? `${text.slice(0, Math.max(most - 1, 1))}…` : text);

Chart.defaults.animation = false;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
Chart.defaults.font.size = 13;

/** A chart whose options are made by `options()` and whose data by `data()`, again when the colours change. */
class Drawn {
  constructor(type, plugins = []) {
    this.canvas = html("canvas", { role: "img" });
    this.node = html("div", { class: "chart" }, this.canvas);
    this.chart = new Chart(this.canvas, { type, plugins, data: { labels: [], datasets: [] } });
    darkness.addEventListener("change", () => this.draw());
  }

  draw(label = this.canvas.getAttribute("aria-label")) {
    this.canvas.setAttribute("aria-label", label);
    this.chart.data = this.data();
    this.chart.options = this.options();
    this.chart.update();
  }
}

/** Return what stands at the ends of bars: without the second number where it is narrow. */
const endTexts = ({ width, data: { datasets: [{ bars = [] } = {}] } }) => bars.map(({ text, more }) => (width < NARROW ? text : text + (more ?? "")));

/** Return the pixels that the longest of these needs. */
const ending = (chart) => Math.max(0, ...endTexts(chart).map((text) => text.length)) * LETTER + 10;

/** Writes each bar's text at its end. */
const endings = {
  id: "endings",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    ctx.fillStyle = colour("quiet");
    ctx.font = `13px ${Chart.defaults.font.family}`;
    ctx.textBaseline = "middle";
    const texts = endTexts(chart);
    // Chart.js draws once, when the chart comes into the page, before it has placed the bars.
    chart.getDatasetMeta(0).data.forEach(({ x, y, base }, i) => ctx.fillText(texts[i], Math.max(x, base) + 6, y));
    ctx.restore();
  },
};

/** Bars that lie, each { name, value, text, more, kind }: `kind` names its colour, `text` and `more` stand at its end. */
export class BarChart extends Drawn {
  constructor() {
    super("bar", [endings]);
    this.bars = [];
  }

  update(bars, label) {
    this.bars = bars;
    this.node.style.height = `${bars.length * BAR + 8}px`;
    this.draw(label);
  }

  data() {
    const backgroundColor = this.bars.map(({ kind }) => colour(kind ?? "bar"));
    const dataset = { data: this.bars.map(({ value }) => value), backgroundColor, barThickness: 18, minBarLength: 1, bars: this.bars };
    return { labels: this.bars.map(({ name }) => visible(name)), datasets: [dataset] };
  }

  options() {
    const { bars } = this;
    return {
      indexAxis: "y",
      layout: { padding: ({ chart }) => ({ right: ending(chart) }) },
      plugins: { legend: { display: false }, tooltip: { callbacks: { label: ({ dataIndex: i }) => bars[i].text + (bars[i].more ?? "") } } },
      scales: {
        x: { display: false, beginAtZero: true },
        y: {
          grid: { display: false },
          border: { display: false },
          ticks: {
            color: colour("ink"),
            autoSkip: false,
            // A third of the width is for the names; Chart.js cuts off what is beyond half of what the numbers leave.
            callback(value) {
              const room = Math.min(this.chart.width / 3, (this.chart.width - ending(this.chart)) / 2) - 8;
              return short(this.getLabelForValue(value), Math.floor(room / LETTER));
            },
          },
        },
      },
    };
  }
}

const day = (moment) => new Date(moment).toISOString().slice(0, 10);

/** Lines over time: `series` are { name, points }, a point [day as ISO text, value]; at most five lines. */
export class LineChart extends Drawn {
  constructor() {
    super("line");
    this.series = [];
    this.node.classList.add("lines");
  }

  update(series, label) {
    this.series = series;
    this.draw(label);
  }

  data() {
    const datasets = this.series.map(({ name, points }, i) => ({
      label: short(visible(name), 32),
      data: points.map(([x, y]) => ({ x: Date.parse(x), y })),
      borderColor: colour(LINES[i]),
      backgroundColor: colour(LINES[i]),
      borderWidth: 2,
      pointRadius: points.length > 60 ? 0 : 2.5,
    }));
    return { datasets };
  }

  options() {
    const ticks = { color: colour("quiet"), maxRotation: 0, autoSkipPadding: 12 };
    const grid = { color: colour("line") };
    const title = ([{ parsed }]) => day(parsed.x);
    return {
      parsing: false,
      interaction: { mode: "x", intersect: false },
      plugins: { legend: { labels: { color: colour("ink"), boxWidth: 12 } }, tooltip: { callbacks: { title } } },
      scales: {
        x: { type: "linear", grid, ticks: { ...ticks, callback: day } },
        y: { beginAtZero: true, grid, ticks },
      },
    };
  }
}

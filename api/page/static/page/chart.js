// Bars that lie, drawn as SVG at the width there is: beside their names, or under them where it is narrow.

import { svg, visible } from "./element.js";

const NARROW = 560;
const LETTER = 7.2; // pixels of an average letter, on the safe side

const short = (text, most) => (text.length > most ? `${text.slice(0, Math.max(most - 1, 1))}…` : text);

/**
 * Draws `bars`, each { name, value, text, kind }, from top to bottom; `label` tells the chart to a screen reader,
 * which finds the numbers in the table. `update` draws other bars, and a change of the width draws again.
 */
export class BarChart {
  constructor() {
    this.bars = [];
    this.label = "";
    this.width = 0;
    this.node = svg("svg", { role: "img", class: "chart" });
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (width && width !== this.width) {
        this.width = width;
        this.draw();
      }
    }).observe(this.node);
  }

  update(bars, label) {
    this.bars = bars;
    this.label = label;
    if (this.width) this.draw();
  }

  draw() {
    const narrow = this.width < NARROW;
    const step = narrow ? 42 : 27;
    const longest = Math.max(0, ...this.bars.map((bar) => visible(bar.name).length));
    const left = narrow ? 0 : Math.min(longest * LETTER + 14, this.width * 0.34);
    const right = Math.max(0, ...this.bars.map((bar) => bar.text.length)) * LETTER + 10;
    const values = this.bars.map((bar) => bar.value);
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const scale = Math.max(this.width - left - right, 20) / (high - low || 1);
    const place = { narrow, left, scale, zero: left - low * scale };
    this.node.setAttribute("height", this.bars.length * step + 2);
    this.node.setAttribute("aria-label", this.label);
    this.node.replaceChildren(...this.bars.map((bar, i) => this.bar(bar, i * step, place)));
  }

  bar(bar, top, { narrow, left, scale, zero }) {
    const name = visible(bar.name);
    const middle = top + (narrow ? 28 : 12);
    const length = Math.abs(bar.value) * scale;
    const start = bar.value < 0 ? zero - length : zero;
    const most = Math.floor((narrow ? this.width : left - 10) / LETTER);
    const label = narrow
      ? { x: 0, y: top + 12, class: "name" }
      : { x: left - 8, y: middle + 4, class: "name", "text-anchor": "end" };
    return svg(
      "g",
      { "aria-hidden": "true" },
      svg("title", {}, `${name}: ${bar.text}`),
      svg("text", label, short(name, most)),
      svg("rect", { x: start, y: middle - 9, width: Math.max(length, 1), height: 18, class: bar.kind ?? "bar" }),
      svg("text", { x: Math.max(start + length, zero) + 6, y: middle + 4, class: "value" }, bar.text),
    );
  }
}

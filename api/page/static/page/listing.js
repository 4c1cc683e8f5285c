// A section that is one table of what a route of the API answers.

import { html, section } from "./element.js";
import { getJson } from "./session.js";
import { SortableTable } from "./table.js";

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
      this.state.className = problem.status === 403 || problem.status === 404 ? "quiet" : "problem";
      this.state.textContent = problem.message;
      if (problem.status === 401) throw problem;
    }
  }

  show(rows) {
    this.table.update(rows);
    this.table.node.hidden = !rows.length;
    this.state.hidden = rows.length > 0;
    this.state.className = "quiet";
    this.state.textContent = "There is nothing yet.";
  }
}

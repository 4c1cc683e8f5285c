// The page: sign in, show the sections, keep them fresh while somebody looks, sign out.

import { html } from "./element.js";
import { plural, time } from "./format.js";
import { lakeSections } from "./lake.js";
import { MetricSection } from "./metric.js";
import { PassportSection } from "./passport.js";
import { QuarantineSection } from "./quarantine.js";
import { QuerySection } from "./query.js";
import { signIn, signOut, user } from "./session.js";

const EVERY = 15_000;

const at = (id) => document.getElementById(id);
const metrics = JSON.parse(at("metrics").textContent);
let sections = [];
let loading = null;

function problem(words) {
  at("problem").textContent = words;
  at("problem").hidden = !words;
}

function show(name) {
  at("sign-in").hidden = name !== null;
  at("account").hidden = name === null;
  at("board").hidden = name === null;
  at("who").textContent = name ?? "";
}

function leave(words) {
  sections = [];
  at("board").replaceChildren();
  at("state").textContent = "";
  show(null);
  problem(words);
  at("username").focus();
}

async function load() {
  const loaded = sections;
  at("board").setAttribute("aria-busy", "true");
  const results = await Promise.allSettled(loaded.map((section) => section.load()));
  at("board").removeAttribute("aria-busy");
  if (loaded !== sections) return; // signed out meanwhile
  const failed = results.filter((result) => result.status === "rejected").map((result) => result.reason);
  const ended = failed.find((reason) => reason.status === 401);
  if (ended) {
    await signOut();
    leave(ended.message);
    return;
  }
  const [first] = failed;
  problem(first ? `${plural(failed.length, "part")} of the page cannot be shown. ${first.message}` : "");
  at("state").textContent = `Last asked at ${time(Date.now()).slice(11)} UTC${await lag()}`;
}

/** Return how far continuous mode is behind its sources, in words; nothing where none runs. */
async function lag() {
  try {
    const { stream } = await (await fetch("/api/health/")).json();
    return stream ? `; the stream is ${stream.lag_seconds} s behind (${plural(stream.lag_records, "record")})` : "";
  } catch {
    return ""; // the sections tell what is wrong
  }
}

function refresh() {
  loading ??= load().finally(() => { loading = null; });
  return loading;
}

function enter() {
  problem("");
  const passport = new PassportSection(metrics);
  const quarantine = new QuarantineSection((record) => passport.show(record));
  sections = [...metrics.map((metric) => new MetricSection(metric)), quarantine, ...lakeSections(), passport, new QuerySection()];
  const links = sections.map(({ node }) =>
    html("li", {}, html("a", { href: `#${node.id}` }, node.querySelector("h2").textContent)),
  );
  const contents = html("nav", { "aria-label": "Sections" }, html("ul", {}, ...links));
  at("board").replaceChildren(contents, ...sections.map(({ node }) => node));
  show(user());
  refresh();
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter ?? at("sign-in").querySelector("button");
  button.disabled = true;
  problem("");
  try {
    await signIn(at("username").value, at("password").value);
    at("password").value = "";
    enter();
    at("content").focus();
  } catch (refused) {
    problem(refused.message);
    at("password").select();
    at("password").focus();
  } finally {
    button.disabled = false;
  }
});

at("sign-out").addEventListener("click", async () => {
  const done = signOut();
  leave("");
  await done;
});

at("refresh").addEventListener("click", refresh);
setInterval(() => { if (sections.length && !document.hidden) refresh(); }, EVERY);

if (user() === null) leave("");
else enter();

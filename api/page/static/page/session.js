// Who is signed in, and every request to the API. The access token lives in memory alone; the refresh token in the
// tab's storage, so that reloading the page does not sign out. Each refresh token works once: only one renewal runs.

const STORE = "lakehouse.session";
const TIMEOUT = 15_000;
const AT_A_TIME = 3;

/** A request that did not succeed, told in words. */
class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

let access = null;
let held = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
let renewal = null;
const asked = new Map();

export const user = () => held?.user ?? null;

function hold(session) {
  held = session;
  asked.clear(); // what one user has asked for is no answer to another
  if (session) sessionStorage.setItem(STORE, JSON.stringify(session));
  else sessionStorage.removeItem(STORE);
}

async function send(path, options) {
  try {
    return await fetch(`/api/${path}`, { ...options, signal: AbortSignal.timeout(TIMEOUT) });
  } catch {
    throw new Refused(0, "The API does not answer. Is it running? (make api)");
  }
}

const post = (path, body) =>
  send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const detail = typeof body.detail === "string" ? body.detail : (body.detail?.message ?? "");
  const wait = response.headers.get("Retry-After");
  const words = {
    401: "Your session has ended. Sign in again.",
    403: `Your account may not see this. ${detail}`.trim(),
    404: "This server does not offer this.",
    429: `Too many requests. Try again in ${wait ?? "a few"} seconds.`,
  };
  return new Refused(response.status, words[response.status] ?? (detail || `The API answered ${response.status}.`));
}

/** Sign in; throws Refused where the name, the password or the number of attempts is not accepted. */
export async function signIn(name, password) {
  const response = await post("token/", { username: name, password });
  if (response.status === 401) throw new Refused(401, "The user name or the password is wrong.");
  if (!response.ok) throw await refusal(response);
  const pair = await response.json();
  access = pair.access;
  hold({ user: name, refresh: pair.refresh });
}

/** Sign out here at once, and at the server if it answers. */
export async function signOut() {
  const refresh = held?.refresh;
  access = null;
  hold(null);
  if (refresh) await post("token/logout/", { refresh }).catch(() => {});
}

async function renewed() {
  const before = held;
  if (!before) return false;
  const response = await post("token/refresh/", { refresh: before.refresh });
  if (held !== before) return false; // signed out meanwhile
  if (response.status >= 500 || response.status === 429) throw await refusal(response);
  if (!response.ok) {
    hold(null);
    return false;
  }
  const pair = await response.json();
  access = pair.access;
  hold({ ...before, refresh: pair.refresh });
  return true;
}

function renew() {
  renewal ??= renewed().finally(() => { renewal = null; });
  return renewal;
}

// The API lets a user have few reads of the lake at a time: what is beyond waits here for its turn.
let running = 0;
const waiting = [];

async function inTurn(ask) {
  if (running >= AT_A_TIME) await new Promise((turn) => { waiting.push(turn); });
  running += 1;
  try {
    return await ask();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** Return the response to GET /api/<path>, renewing the access token where it is used up; throws Refused. */
export async function get(path) {
  let used = null; // another request may have brought a new token while this one was on its way
  const ask = () => inTurn(() => {
    used = access;
    return send(path, { headers: { Authorization: `Bearer ${used}`, Accept: "application/json" } });
  });
  let response = access || (await renew()) ? await ask() : null;
  if (response?.status === 401 && (used !== access || (await renew()))) response = await ask();
  if (response === null || response.status === 401) {
    access = null;
    throw new Refused(401, "Your session has ended. Sign in again.");
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Return the JSON of GET /api/<path>; who asks for the same meanwhile gets the same answer. Throws Refused. */
export function getJson(path) {
  if (!asked.has(path)) {
    const answer = get(path).then((response) => response.json());
    asked.set(path, answer.finally(() => asked.delete(path)));
  }
  return asked.get(path);
}

/**
 * The dashboard on the lead's port: how far the project is, and a row for each annotator.
 *
 * It asks for `/api/status` every two seconds while it is visible and changes only the text that
 * differs, so that nothing flickers, a selection stays, and a screen reader is left in peace. When
 * the server is away the last figures stay, dimmed, with their age.
 *
 * Rejected for now: server-sent events. A poll of one small document is enough for a page that one
 * person has open; the address for events is in the contract, and this page may take it later.
 *
 * Tests hold on to: `document.body.dataset.state` (loading | ok | away), `tr[data-annotator]` with
 * `[data-of=state|answered|in_hand|left|pace|gold|repeats|seen]` in it, `#share`, `#problems li`.
 */

import { byId, h, put, say } from "../shared/dom.js";
import { applyPreferences } from "../shared/preferences.js";
import { ago, end, figure, from, matched, pace, percent, present } from "./format.js";

/** @typedef {{answered: number, agreed: number}} Matched */

/**
 * @typedef {{
 *   name: string, display?: string | null, port: number, url: string, state: string,
 *   answered: number, in_hand: number, left: number | null, last_seen: string | null,
 *   seconds_per_task: number | null, checks: {gold: Matched, repeats: Matched},
 * }} Annotator
 */

/**
 * @typedef {{
 *   project: string, interface: string, version: string, started_at: string, as_of: string | null,
 *   store: {kind: string, state: string, detail?: string},
 *   total: {tasks: number, finished: number, answers: number, wanted: number, in_hand: number,
 *   eta?: string | null},
 *   annotators: Annotator[], problems: string[],
 * }} Status
 */

applyPreferences();

const rhythm = 2_000;

/** @type {Map<string, HTMLTableRowElement>} */
const rows = new Map();
let heard = 0;

/** @param {Status} status */
function draw(status) {
  const now = Date.now();
  const { total, store } = status;
  document.title = `${percent(total.answers, total.wanted)} % · ${status.project}`;
  say(byId("project"), status.project);
  say(byId("about"), `${status.interface} · ${store.kind === "mongodb" ? "MongoDB" : "embedded store"} · annotd ${status.version}`);

  const share = percent(total.answers, total.wanted);
  say(byId("share"), `${share} %`);
  say(byId("finished"), `${figure(total.finished)} of ${figure(total.tasks)} tasks finished`);
  byId("fill").style.width = `${share}%`;
  byId("bar").setAttribute("aria-valuenow", String(share));
  const expected = end(total.eta, now);
  facts([
    ["Answers", `${figure(total.answers)} of ${figure(total.wanted)}`],
    ["Being worked on", figure(total.in_hand)],
    ["Done at this pace", total.wanted > 0 && total.answers >= total.wanted ? "finished" : (expected ?? "not known yet")],
  ]);
  problems([
    ...(store.state !== "ok" ? [`The store cannot be reached. ${store.detail ?? ""} Answers wait in the browsers until it is back. ${from(status.as_of, now)}`]
      : status.as_of ? [] : [from(null, now)]),
    ...status.problems,
  ]);

  const body = /** @type {HTMLTableSectionElement} */ (byId("annotators").querySelector("tbody"));
  const names = new Set(status.annotators.map((annotator) => annotator.name));
  for (const [name, row] of rows) {
    if (names.has(name)) continue;
    row.remove();
    rows.delete(name);
  }
  // Only where work is checked.
  for (const kind of /** @type {const} */ (["gold", "repeats"])) {
    const used = status.annotators.some((annotator) => annotator.checks[kind].answered > 0);
    byId("annotators").classList.toggle(`no-${kind}`, !used);
  }
  status.annotators.forEach((annotator, i) => {
    const row = rows.get(annotator.name) ?? rowOf(annotator);
    rows.set(annotator.name, row);
    if (body.rows[i] !== row) body.insertBefore(row, body.rows[i] ?? null);
    fill(row, annotator, now);
  });
  for (const part of [byId("annotators"), /** @type {HTMLElement} */ (document.querySelector(".total"))]) part.hidden = false;
}

/** @param {[string, string][]} pairs */
function facts(pairs) {
  const list = byId("facts");
  if (list.childElementCount !== pairs.length) {
    list.replaceChildren(...pairs.map(([name]) => h("div", {}, h("dt", {}, name), h("dd", {}))));
  }
  pairs.forEach(([, value], i) => say(/** @type {Element} */ (list.children[i]?.lastElementChild), value));
}

/** @param {string[]} words */
function problems(words) {
  const list = byId("problems");
  list.hidden = !words.length;
  if (list.dataset.words === words.join("\n")) return;
  list.dataset.words = words.join("\n");
  list.replaceChildren(...words.map((line) => h("li", {}, line)));
}

/** @param {Annotator} annotator */
function rowOf(annotator) {
  const cell = (/** @type {string} */ name, /** @type {string} */ title, kind = "") => h("td", { "data-of": name, "data-title": title, class: kind });
  const row = h("tr", { "data-annotator": annotator.name });
  put(
    row,
    h("th", { scope: "row" }, h("a", {}), h("span", { class: "port" })),
    h("td", { "data-of": "state", "data-title": "State" }, h("span", { class: "dot", "aria-hidden": "true" }), h("span", {})),
    h("td", { class: "wide", "data-title": "Done" }, h("div", { class: "bar", role: "progressbar", "aria-label": "Share done" }, h("span", {})), h("span", { class: "of" })),
    cell("answered", "Answered", "n"),
    cell("in_hand", "Being worked on", "n"),
    cell("left", "Left", "n"),
    cell("pace", "Seconds per task", "n"),
    cell("gold", "Gold correct", "n"),
    cell("repeats", "Same answer on repeats", "n"),
    cell("seen", "Last seen"),
  );
  return row;
}

/**
 * @param {HTMLTableRowElement} row
 * @param {Annotator} annotator
 * @param {number} now
 */
function fill(row, annotator, now) {
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (row.querySelector(selector));
  const set = (/** @type {string} */ name, /** @type {string} */ value) => say(part(`[data-of="${name}"]`), value);
  const link = /** @type {HTMLAnchorElement} */ (part("th a"));
  say(link, annotator.display || annotator.name);
  if (link.getAttribute("href") !== annotator.url && /^https?:/.test(annotator.url)) link.href = annotator.url;
  say(part(".port"), `:${annotator.port}`);

  const [state, words] =
    annotator.state === "away" ? ["listening", "not active"]
    : annotator.state === "left" ? ["listening", "left"]
    : annotator.state !== "listening" ? ["down", "down"]
    : annotator.left === 0 && annotator.in_hand === 0 ? ["done", "done"]
    : present(annotator.last_seen, now) ? ["working", "working"]
    : ["listening", annotator.last_seen ? "away" : "not yet seen"];
  row.dataset.state = state;
  say(/** @type {Element} */ (part('[data-of="state"]').lastElementChild), words);

  const due = annotator.left === null ? null : annotator.answered + annotator.left;
  const share = due === null ? 0 : due === 0 ? 100 : percent(annotator.answered, due);
  const waits = annotator.state === "away" || annotator.state === "left";
  part(".wide .bar").hidden = due === null || waits;
  part(".wide .bar span").style.width = `${share}%`;
  part(".wide .bar").setAttribute("aria-valuenow", String(share));
  say(part(".of"), waits ? "–" : due === null ? "no fixed share" : `${share} %`);
  set("answered", figure(annotator.answered));
  set("in_hand", figure(annotator.in_hand));
  set("left", figure(annotator.left));
  set("pace", pace(annotator.seconds_per_task));
  set("gold", matched(annotator.checks.gold));
  set("repeats", matched(annotator.checks.repeats));
  set("seen", ago(annotator.last_seen, now));
}

async function look() {
  const away = byId("away");
  let locked = false;
  try {
    const reply = await fetch("api/status", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    locked = reply.status === 401;
    if (!reply.ok) throw new Error(String(reply.status));
    draw(await reply.json());
    heard = Date.now();
    away.hidden = true;
    document.body.dataset.state = "ok";
  } catch {
    away.hidden = false;
    document.body.dataset.state = "away";
    const since = heard ? `These figures are from ${new Date(heard).toLocaleTimeString()}. ` : "";
    say(away, locked
      ? `${since}This page needs your new link: annotd link --lead prints it. Open it in this browser.`
      : `annotd cannot be reached. ${since}This page continues as soon as it is back.`);
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

async function run() {
  clearTimeout(timer);
  await look();
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(run, rhythm);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void run();
});

void run();

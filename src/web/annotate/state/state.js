/**
 * What the page knows, and how it changes: `reduce(state, action)`, without clock, network or DOM.
 *
 * The cards lie in one row: those answered, then those to come. `at` points at the one on the page;
 * going back is a smaller `at`, and an answered card that is answered again is a revision. Going on
 * from there walks through the row card by card, each with its answer shown, because the card that
 * comes next must never be another than the one that came next before; `forward` jumps to the first
 * that has no answer.
 *
 * Rejected: separate lists for past and future, which made "back, change, and on" three cases; and
 * keeping every card of the day, which made the page heavy after a thousand documents (the server's
 * history brings older ones back).
 */

import { read } from "./reading.js";

/** @import { Draft } from "../storage/drafts.js" */
/**
 * @import {
 *   Card, Fate, PreviousAnswer, Project, Reason, Stats, Task, Values, Verdict, Whereabouts
 * } from "./types.js"
 */

/**
 * @typedef {{
 *   project: Project | null,
 *   cards: Card[],
 *   at: number,
 *   keys: number,
 *   stats: Stats,
 *   due: number | null,
 *   reason: Reason | null,
 *   asked: boolean,
 *   trouble: string | null,
 *   fatal: {title: string, words: string} | null,
 *   ended: boolean,
 *   oldest: boolean,
 *   before: string | null,
 *   back: number | null,
 * }} State
 */

/*
 * `due` is the goal as it is shown: what is due by the tally when the card came, so that it does
 * not move while the annotator works on it. `oldest` says that nothing was answered before the
 * first card, `before` where the answers before it are found in the server's history; null if that
 * is not known. `back` is the key of the card that a visit to another one began from; -1 where
 * there was none.
 */

/**
 * A card that was answered, and how it was left since.
 *
 * @typedef {{
 *   task: Task,
 *   previousAnswer: PreviousAnswer,
 *   draft?: Draft | null,
 *   size?: number,
 * }} Past
 */

/**
 * @typedef {{type: "project", project: Project}
 *   | {type: "fetched", tasks: Task[], drafts?: Map<string, Draft | null>,
 *       pending: string[], reason: Reason | null, stats: Partial<Stats>}
 *   | {type: "trouble", words: string | null}
 *   | {type: "fatal", title: string, words: string}
 *   | {type: "edit", values: Values}
 *   | {type: "flag"}
 *   | {type: "comment", comment: string}
 *   | {type: "answer", verdict: Verdict, values: Values, reason?: string | null, key?: number,
 *       size?: number}
 *   | {type: "undo"}
 *   | {type: "forward"}
 *   | {type: "older", cards: Past[], before: string | null, end: boolean}
 *   | ({type: "reopen"} & Past)
 *   | ({type: "visit"} & Past)
 *   | {type: "elsewhere", ids: string[]}
 *   | ({type: "whereabouts"} & Whereabouts)
 *   | {type: "stats", stats: Partial<Stats>}
 *   | {type: "ended"}
 *   | {type: "resumed"}
 * } Action
 */

/** How many answered cards stay on the page. */
export const depth = 200;

/**
 * How long the tasks of these cards may be together, in characters of their JSON. What goes is
 * fetched from the server's history when the annotator goes back to it.
 */
export const maxKept = 8_000_000;

/** @type {State} */
export const initial = {
  project: null,
  cards: [],
  at: 0,
  keys: 0,
  stats: { total: null, progress: null, answered: null, due: null },
  due: null,
  reason: null,
  asked: false,
  trouble: null,
  fatal: null,
  ended: false,
  oldest: false,
  before: null,
  back: null,
};

/**
 * @param {State} state
 * @param {Action} action
 * @returns {State}
 */
export function reduce(state, action) {
  const next = changed(state, action);
  const card = current(next);
  const stays = card && card.key === current(state)?.key && state.due !== null;
  const due = stays ? state.due : next.stats.due;
  return next.due === due ? next : { ...next, due };
}

/**
 * @param {State} state
 * @param {Action} action
 * @returns {State}
 */
function changed(state, action) {
  switch (action.type) {
    case "project":
      return { ...state, project: action.project, fatal: null };
    case "fetched":
      return fetched(state, action);
    case "trouble":
      return { ...state, trouble: action.words };
    case "fatal":
      return { ...state, fatal: { title: action.title, words: action.words } };
    case "edit":
      return change(state, { values: action.values });
    case "flag": {
      const card = current(state);
      return card ? change(state, { flagged: !card.flagged }) : state;
    }
    case "comment":
      return change(state, { comment: action.comment });
    case "answer":
      return answered(state, action.verdict, action.values, action.reason ?? null, action.key, action.size);
    case "undo":
      return state.at > 0 ? { ...state, at: state.at - 1, back: null } : state;
    case "forward":
      return home(state);
    case "older":
      return older(state, action.cards, action.before, action.end);
    case "reopen":
      return reopen(state, action.task, action.previousAnswer, action.draft);
    case "visit": {
      const back = state.back ?? current(state)?.key ?? -1;
      return { ...reopen(state, action.task, action.previousAnswer, action.draft), back };
    }
    case "elsewhere":
      return elsewhere(state, action.ids);
    case "whereabouts":
      return learned(state, action);
    case "stats":
      return { ...state, stats: merge(state.stats, action.stats) };
    case "resumed":
      return { ...state, ended: false, asked: false, reason: null };
    case "ended":
      return { ...state, ended: true, cards: state.cards.filter((card) => card.previousAnswer), at: front(state) };
  }
}

/**
 * The card on the page.
 *
 * @param {State} state
 * @returns {Card | null}
 */
export function current(state) {
  return state.cards[state.at] ?? null;
}

/**
 * Where the first card without an answer lies (or would lie).
 *
 * @param {State} state
 */
export function front(state) {
  const first = state.cards.findIndex((card) => !card.previousAnswer);
  return first < 0 ? state.cards.length : first;
}

/**
 * Back to where a visit began, or to the first card without an answer.
 *
 * @param {State} state
 * @returns {State}
 */
function home(state) {
  const there = state.back === null ? -1 : state.cards.findIndex((card) => card.key === state.back);
  return { ...state, at: there < 0 ? front(state) : there, back: null };
}

/**
 * How many cards wait for a first answer, the one on the page included.
 *
 * @param {State} state
 */
export function ahead(state) {
  return state.cards.reduce((sum, card) => (card.previousAnswer ? sum : sum + 1), 0);
}

/**
 * Whether the page should ask for more tasks: fewer than half a batch lie ready.
 *
 * @param {State} state
 */
export function needsTasks(state) {
  if (!state.project || state.ended || state.fatal) return false;
  return ahead(state) < state.project.batch_size / 2;
}

/**
 * What the page as a whole shows.
 *
 * @param {State} state
 * @returns {"loading" | "task" | "error" | Reason}
 */
export function phase(state) {
  if (state.fatal) return "error";
  if (current(state)) return "task";
  if (state.ended) return "done";
  if (state.trouble) return "error";
  if (!state.asked) return "loading";
  // No reason yet: the annotator was faster than the server, and tasks are on their way.
  return state.reason ?? "loading";
}

/**
 * The ids that this page holds without an answer.
 *
 * @param {State} state
 */
export function holding(state) {
  return state.cards.filter((card) => !card.previousAnswer).map((card) => card.task._id);
}

/**
 * The same, by whether something was done on them.
 *
 * @param {State} state
 */
export function inView(state) {
  const open = state.cards.filter((card) => !card.previousAnswer);
  const ids = (/** @type {boolean} */ begun) => open.filter((card) => isBegun(card) === begun).map((card) => card.task._id);
  return { untouched: ids(false), touched: ids(true) };
}

/**
 * @param {State} state
 * @param {Partial<Card>} difference
 * @returns {State}
 */
function change(state, difference) {
  const card = current(state);
  if (!card) return state;
  const cards = state.cards.slice();
  cards[state.at] = { ...card, ...difference };
  return { ...state, cards };
}

/**
 * Put new tasks behind those that lie ready. One that is here already without an answer, or whose
 * answer is still on its way, is not taken twice; one whose answer the server has may come again on
 * purpose (a planned repeat).
 *
 * @param {State} state
 * @param {Extract<Action, {type: "fetched"}>} action
 * @returns {State}
 */
function fetched(state, action) {
  const taken = new Set([...holding(state), ...action.pending]);
  if (action.reason && away.includes(action.reason)) return gone(state, action);
  let keys = state.keys;
  const fresh = [];
  for (const task of action.tasks) {
    if (taken.has(task._id)) continue;
    taken.add(task._id);
    const { values, flagged, comment = "" } = action.drafts?.get(task._id) ?? { values: null, flagged: false };
    fresh.push({ ...card(keys++, task, null), values, flagged, comment });
  }
  return {
    ...state,
    keys,
    cards: fresh.length ? [...state.cards, ...fresh] : state.cards,
    stats: merge(state.stats, action.stats),
    reason: action.tasks.length ? null : action.reason,
    asked: true,
    trouble: null,
  };
}

/** Reasons that say that nothing more comes to this page. */
const away = ["paused", "left", "moved"];

/** Whether the annotator has changed something on a card. @param {Card} card */
export const isBegun = (card) => Boolean(card.values || card.flagged || card.comment);

/**
 * The annotator does not work here any more: what lies ready goes to others. What is half done on
 * the page may be finished, and is taken.
 *
 * @param {State} state
 * @param {Extract<Action, {type: "fetched"}>} action
 * @returns {State}
 */
function gone(state, action) {
  const showing = current(state);
  const cards = state.cards.filter((one) => one.previousAnswer || (one === showing && isBegun(one)));
  const at = showing && cards.includes(showing) ? cards.indexOf(showing) : cards.length;
  const stats = merge(state.stats, action.stats);
  return { ...state, cards, at, stats, reason: action.reason, asked: true, trouble: null };
}

/**
 * @param {State} state
 * @param {Verdict} verdict
 * @param {Values} values
 * @param {string | null} reason
 * @param {number} [key] which card was answered, if not the one on the page
 * @param {number} [size] how long the task is, in characters of its JSON
 * @returns {State}
 */
function answered(state, verdict, values, reason, key, size) {
  const card = key === undefined ? current(state) : state.cards.find((one) => one.key === key);
  if (!card) return state;
  if (card !== current(state)) {
    // It was answered, and then another came before the eyes: that one stays as it is.
    const previousAnswer = { answer: verdict, values, flagged: card.flagged, comment: card.comment, reason };
    return { ...state, cards: state.cards.map((one) => (one === card ? { ...card, values, previousAnswer } : one)) };
  }
  const previousAnswer = { answer: verdict, values, flagged: card.flagged, comment: card.comment, reason };
  const next = change(state, { previousAnswer, values, ...(size === undefined ? {} : { size }) });
  if (state.back !== null && state.back !== card.key) return home(next);
  const spare = surplus(next.cards, state.at + 1);
  return {
    ...next,
    cards: spare ? next.cards.slice(spare) : next.cards,
    at: state.at + 1 - spare,
    // Those that are put away lie between the first card and what was fetched of the history.
    oldest: spare ? false : state.oldest,
    before: spare ? null : state.before,
  };
}

/**
 * How many of the first cards are to leave the page, so that those before `at` are neither too many
 * nor too large. The last of them stays, whatever its size.
 *
 * @param {Card[]} cards
 * @param {number} at
 */
function surplus(cards, at) {
  let first = at;
  let sum = 0;
  while (first > 0 && at - first < depth) {
    sum += cards[first - 1]?.size ?? 0;
    if (sum > maxKept && first < at) break;
    first--;
  }
  return first;
}

/**
 * Put cards from before (oldest first) in front of the row and go back to the last of them, or, if
 * there are none, stay.
 *
 * @param {State} state
 * @param {Past[]} records
 * @param {string | null} before where those before them are found
 * @param {boolean} end whether there is nothing before them
 * @returns {State}
 */
function older(state, records, before, end) {
  const here = new Set(state.cards.map((one) => one.task._id));
  let keys = state.keys;
  const cards = records
    .filter((record) => !here.has(record.task._id))
    .map((record) => card(keys++, record.task, record.previousAnswer, record.draft, record.size));
  return {
    ...state,
    keys,
    cards: [...cards, ...state.cards],
    at: state.at + cards.length,
    oldest: end,
    before,
  };
}

/**
 * Bring a card back to the page at once: one whose answer the server would not take.
 *
 * @param {State} state
 * @param {Task} task
 * @param {PreviousAnswer} previousAnswer
 * @param {Draft | null} [draft]
 * @returns {State}
 */
function reopen(state, task, previousAnswer, draft) {
  const known = state.cards.findIndex((one) => one.task._id === task._id);
  if (known >= 0) return { ...state, at: known };
  const cards = state.cards.slice();
  cards.splice(front(state), 0, card(state.keys, task, previousAnswer, draft));
  return { ...state, keys: state.keys + 1, cards, at: front(state) };
}

/**
 * Another tab has these tasks: let go of those that are not on the page yet.
 *
 * @param {State} state
 * @param {string[]} ids
 * @returns {State}
 */
function elsewhere(state, ids) {
  const gone = new Set(ids);
  const showing = current(state);
  const cards = state.cards.filter((one) => one === showing || one.previousAnswer || !gone.has(one.task._id));
  if (cards.length === state.cards.length) return state;
  const at = showing ? cards.indexOf(showing) : cards.length;
  return { ...state, cards, at };
}

/**
 * The server has said which tasks are still this annotator's: let go of those that are not, and say
 * so on those that are half done. What was begun or answered since it was asked counts as it is
 * now.
 *
 * @param {State} state
 * @param {Whereabouts} told
 * @returns {State}
 */
function learned(state, { held, moved, answered }) {
  /** @type {Map<string, Fate | null>} */
  const fates = new Map();
  for (const id of held) fates.set(id, null);
  for (const id of moved) fates.set(id, "moved");
  for (const id of answered) fates.set(id, "answered");
  /** @type {Card[]} */
  const cards = [];
  let at = 0;
  state.cards.forEach((one, place) => {
    const fate = one.previousAnswer ? undefined : fates.get(one.task._id);
    if (fate && !isBegun(one)) return;
    if (place < state.at) at++;
    cards.push(fate === undefined || fate === (one.fate ?? null) ? one : { ...one, fate });
  });
  const same = cards.length === state.cards.length && cards.every((one, place) => one === state.cards[place]);
  return same ? state : { ...state, cards, at };
}

/**
 * @param {number} key
 * @param {Task} task
 * @param {PreviousAnswer | null} previousAnswer
 * @param {Draft | null} [draft] what was half done on it
 * @param {number} [size]
 * @returns {Card}
 */
function card(key, task, previousAnswer, draft = null, size = undefined) {
  const from = draft ?? previousAnswer;
  return {
    key, task: read(task), previousAnswer,
    values: from?.values ?? null, flagged: from?.flagged ?? false, comment: from?.comment ?? "",
    ...(size === undefined ? {} : { size }),
  };
}

/**
 * @param {Stats} stats
 * @param {Partial<Stats>} news
 * @returns {Stats}
 */
function merge(stats, news) {
  const merged = { ...stats };
  for (const key of /** @type {(keyof Stats)[]} */ (["total", "progress", "answered", "due"])) {
    const value = news[key];
    if (typeof value === "number") merged[key] = value;
    else if (key === "due" && value === null) merged.due = null;
  }
  return merged;
}

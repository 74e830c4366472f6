// What the page knows and how it changes.
import { test } from "node:test";
import assert from "node:assert/strict";
import { ahead, current, depth, maxKept, front, holding, needsTasks, inView, initial, phase, reduce } from "../../src/web/annotate/state/state.js";

/** @import { Project, Task, Verdict } from "../../src/web/annotate/state/types.js" */
/** @import { Action, State } from "../../src/web/annotate/state/state.js" */

/** @type {Project} */
const project = {
  project: "p", annotator: "andy", session_id: "p-andy", view_id: "text", labels: [], batch_size: 10,
  instructions: null, config: {}, lease_seconds: 1800, version: "0",
  edition: "1", standing: "here", moved_to: null,
};

/** @param {...string} ids @returns {Task[]} */
const tasks = (...ids) => ids.map((id) => ({ _id: id, text: id }));

/**
 * @param {string[]} ids
 * @param {Partial<Extract<Action, {type: "fetched"}>>} [more]
 * @returns {Action}
 */
const fetched = (ids, more = {}) => ({ type: "fetched", tasks: tasks(...ids), pending: [], reason: null, stats: {}, ...more });

/** @param {Verdict} verdict @returns {Action} */
const answer = (verdict) => ({ type: "answer", verdict, values: {} });

/** @param {...Action} actions @returns {State} */
const run = (...actions) => actions.reduce(reduce, reduce(initial, { type: "project", project }));

/** @param {State} state */
const shown = (state) => current(state)?.task._id;

test("it begins with loading, and shows the first task that comes", () => {
  assert.equal(phase(initial), "loading");
  assert.equal(phase(run()), "loading");
  const state = run(fetched(["a", "b"]));
  assert.equal(phase(state), "task");
  assert.equal(shown(state), "a");
});

for (const reason of /** @type {const} */ (["left", "paused", "moved"])) {
  test(`who does not work here any more (${reason}) keeps only the card that is half done`, () => {
    const told = fetched([], { reason });
    const untouched = run(fetched(["a", "b", "c"]), answer("accept"), told);
    assert.equal(phase(untouched), reason);
    assert.deepEqual(holding(untouched), []);
    const begun = run(fetched(["a", "b", "c"]), answer("accept"), { type: "edit", values: { spans: [] } }, told);
    assert.equal(shown(begun), "b");
    assert.deepEqual(holding(begun), ["b"]);
    const done = reduce(begun, answer("accept"));
    assert.equal(phase(done), reason);
    for (const act of /** @type {const} */ ([{ type: "flag" }, { type: "comment", comment: "why?" }])) {
      assert.equal(shown(run(fetched(["a", "b"]), act, told)), "a", act.type);
    }
    // Back at work, the page goes on.
    assert.equal(shown(reduce(done, fetched(["d"]))), "d");
  });
}

test("an answer goes on to the next card", () => {
  const state = run(fetched(["a", "b"]), answer("accept"));
  assert.equal(shown(state), "b");
  assert.equal(state.cards[0]?.previousAnswer?.answer, "accept");
  assert.equal(ahead(state), 1);
});

test("new tasks go behind those that lie ready, and none comes twice", () => {
  const state = run(fetched(["a", "b"]), fetched(["b", "c", "c"]));
  assert.deepEqual(holding(state), ["a", "b", "c"]);
});

test("a task whose answer is still on its way is not taken again", () => {
  const state = run(fetched(["a", "b"]), answer("accept"), fetched(["a", "c"], { pending: ["a"] }));
  assert.deepEqual(holding(state), ["b", "c"]);
});

test("a planned repeat of a stored answer is a new card", () => {
  const state = run(fetched(["a", "b"]), answer("accept"), fetched(["a"]));
  assert.deepEqual(holding(state), ["b", "a"]);
  assert.equal(new Set(state.cards.map((card) => card.key)).size, 3);
});

test("undo goes back with the answer shown, and a second answer revises it", () => {
  const there = run(fetched(["a", "b", "c"]), answer("accept"), answer("reject"), { type: "undo" });
  assert.equal(shown(there), "b");
  assert.equal(current(there)?.previousAnswer?.answer, "reject");
  const revised = reduce(there, answer("ignore"));
  assert.equal(revised.cards[1]?.previousAnswer?.answer, "ignore");
  assert.equal(shown(revised), "c");
});

test("after two steps back the cards come in the same order again", () => {
  const back = run(fetched(["a", "b", "c"]), answer("accept"), answer("reject"), { type: "undo" }, { type: "undo" });
  assert.equal(shown(back), "a");
  const on = reduce(back, answer("accept"));
  assert.equal(shown(on), "b");
  assert.equal(current(on)?.previousAnswer?.answer, "reject");
});

test("forward jumps to the first card without an answer", () => {
  const back = run(fetched(["a", "b", "c"]), answer("accept"), answer("reject"), { type: "undo" }, { type: "undo" });
  assert.equal(shown(reduce(back, { type: "forward" })), "c");
});

test("undo at the beginning changes nothing", () => {
  const state = run(fetched(["a"]));
  assert.equal(reduce(state, { type: "undo" }), state);
});

test("what is half done on a card stays while one goes back", () => {
  const spans = [{ start: 0, end: 1, label: "A" }];
  const state = run(fetched(["a", "b"]), answer("accept"), { type: "edit", values: { spans } }, { type: "undo" }, { type: "forward" });
  assert.deepEqual(current(state)?.values, { spans });
});

test("older cards come in front, and the card on the page stays", () => {
  const previousAnswer = { answer: /** @type {const} */ ("accept"), values: null, flagged: false, comment: "" };
  const state = run(fetched(["c"]), { type: "older", cards: tasks("a", "b", "c").map((task) => ({ task, previousAnswer })), before: null, end: true });
  assert.equal(shown(state), "c");
  assert.deepEqual(state.cards.map((card) => card.task._id), ["a", "b", "c"]);
  assert.equal(shown(reduce(state, { type: "undo" })), "b");
  assert.equal(state.oldest, true);
});

test("answers from before are reached one page after the other, and none that was put away is left out", () => {
  const previousAnswer = { answer: /** @type {const} */ ("accept"), values: null, flagged: false, comment: "" };
  const older = (/** @type {string[]} */ ids, /** @type {string | null} */ before) =>
    /** @type {Action} */ ({
      type: "older", cards: tasks(...ids).map((task) => ({ task, previousAnswer })), before, end: before === null,
    });
  const state = run(fetched(["x"]), older(["c", "d"], "place"));
  assert.deepEqual([state.before, state.oldest], ["place", false]);
  const whole = reduce(state, older(["a", "b"], null));
  assert.deepEqual([whole.before, whole.oldest], [null, true]);
  assert.deepEqual(whole.cards.map((card) => card.task._id), ["a", "b", "c", "d", "x"]);
  // The first cards leave the page: what was known of the history is not before them any more.
  let many = run(older(["old"], "place"));
  for (let i = 0; i <= depth; i++) many = [fetched([`t${i}`]), answer("accept")].reduce(reduce, many);
  assert.deepEqual([many.cards.length, many.before, many.oldest], [depth, null, false]);
});

test("an annotator who stopped can go on", () => {
  const state = run(fetched(["a", "b"]), answer("accept"), { type: "ended" });
  assert.deepEqual([phase(state), needsTasks(state), holding(state)], ["done", false, []]);
  const on = reduce(state, { type: "resumed" });
  assert.deepEqual([phase(on), needsTasks(on)], ["loading", true]);
  assert.equal(shown(reduce(on, fetched(["b"]))), "b");
});

test("the goal stays what it was while a card is open", () => {
  const told = (/** @type {number | null} */ due) => /** @type {Action} */ ({ type: "stats", stats: { answered: 1, due } });
  const open = run(fetched(["a", "b"], { stats: { answered: 0, due: 9 } }));
  assert.equal(open.due, 9);
  const later = [told(7), { type: "flag" }, told(12)].reduce((state, action) => reduce(state, /** @type {Action} */ (action)), open);
  assert.deepEqual([later.due, later.stats.due], [9, 12]);
  const next = reduce(later, answer("accept"));
  assert.equal(next.due, 12);
  assert.equal(reduce(next, told(5)).due, 12);
  // Where no card is open, it is what it is.
  assert.equal(reduce(reduce(next, answer("accept")), told(5)).due, 5);
  // And the first word of it counts.
  assert.equal(reduce(run(fetched(["a"])), told(4)).due, 4);
});

test("a flag stays on its card and in its answer", () => {
  const state = run(fetched(["a", "b"]), { type: "flag" }, answer("accept"));
  assert.equal(state.cards[0]?.previousAnswer?.flagged, true);
  assert.equal(current(state)?.flagged, false);
});

test("tasks that another tab has are let go, but not the one on the page", () => {
  const state = run(fetched(["a", "b", "c"]), { type: "elsewhere", ids: ["a", "b"] });
  assert.deepEqual(holding(state), ["a", "c"]);
  assert.equal(shown(state), "a");
});

test("letting go while the page is empty leaves it empty", () => {
  const state = run(fetched(["a"]), answer("accept"), { type: "elsewhere", ids: ["a"] });
  assert.equal(shown(state), undefined);
  assert.equal(state.at, 1);
});

test("it needs tasks below half a batch", () => {
  assert.equal(needsTasks(initial), false);
  assert.equal(needsTasks(run(fetched(["a", "b", "c", "d", "e"]))), false);
  assert.equal(needsTasks(run(fetched(["a", "b", "c", "d"]))), true);
  assert.equal(needsTasks(run({ type: "ended" })), false);
});

test("where nothing comes, the reason is shown, and trouble before it", () => {
  assert.equal(phase(run(fetched([], { reason: "done" }))), "done");
  assert.equal(phase(run(fetched([], { reason: "waiting" }))), "waiting");
  assert.equal(phase(run(fetched([], { reason: "done" }), { type: "trouble", words: "away" })), "error");
  assert.equal(phase(run(fetched(["a"]), { type: "trouble", words: "away" })), "task");
  assert.equal(phase(run({ type: "trouble", words: "away" }, fetched([], { reason: "done" }))), "done");
});

test("who is faster than the server is told that tasks are on their way, not that others hold them", () => {
  assert.equal(phase(run(fetched(["a"]), answer("accept"))), "loading");
});

test("one can go back from the end", () => {
  const state = run(fetched(["a"]), answer("accept"), fetched([], { reason: "done" }), { type: "undo" });
  assert.equal(phase(state), "task");
  assert.equal(phase(reduce(state, { type: "forward" })), "done");
});

test("an answer that was not taken comes back to the page", () => {
  const state = run(fetched(["a", "b"]), answer("accept"));
  const previousAnswer = { answer: /** @type {const} */ ("accept"), values: null, flagged: false, comment: "" };
  assert.equal(shown(reduce(state, { type: "reopen", task: { _id: "a" }, previousAnswer })), "a");
  const unknown = reduce(state, { type: "reopen", task: { _id: "z" }, previousAnswer });
  assert.equal(shown(unknown), "z");
  assert.deepEqual(holding(unknown), ["b"]);
});

test("after stopping, nothing is held", () => {
  const state = run(fetched(["a", "b"]), answer("accept"), { type: "ended" });
  assert.deepEqual(holding(state), []);
  assert.equal(phase(state), "done");
});

test("who stops, goes back and forth, and changes an answer, has still stopped", () => {
  const state = run(fetched(["a", "b"]), answer("accept"), { type: "ended" }, { type: "undo" });
  assert.equal(shown(state), "a");
  assert.equal(phase(reduce(state, { type: "forward" })), "done");
  assert.equal(phase(reduce(state, answer("reject"))), "done");
});

test("large tasks leave the page sooner, all but the last answered one", () => {
  const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
  const large = (/** @type {number} */ size) => /** @type {Action} */ ({ ...answer("accept"), size });
  const kept = (/** @type {number} */ size) => ids.reduce((state) => reduce(state, large(size)), run(fetched(ids)));
  assert.equal(kept(1_000_000).cards.length, maxKept / 1_000_000);
  assert.equal(kept(1_000_000).oldest, false, "the history has the others");
  assert.equal(shown(reduce(kept(1_000_000), { type: "undo" })), "t29");
  assert.equal(kept(2 * maxKept).cards.length, 1);
  assert.equal(kept(1000).cards.length, 30);
});

test("the page keeps 200 answered cards and no more", () => {
  const ids = Array.from({ length: depth + 50 }, (_, i) => `t${i}`);
  let state = run(fetched(ids));
  for (const _ of ids) state = reduce(state, answer("accept"));
  assert.equal(state.cards.length, depth);
  assert.equal(front(state), depth);
  assert.equal(state.oldest, false);
});

test("figures that the server leaves out stay as they were", () => {
  const state = run(
    { type: "stats", stats: { answered: 3, due: 10, progress: 0.3, total: 20 } },
    { type: "stats", stats: { answered: 4 } },
  );
  assert.deepEqual(state.stats, { answered: 4, due: 10, progress: 0.3, total: 20 });
  assert.equal(reduce(state, { type: "stats", stats: { due: null } }).stats.due, null);
});

test("an answer goes to the card it was given on, whatever came before the eyes meanwhile", () => {
  const begun = run(fetched(["a", "b"]), answer("accept"));
  const late = current(begun)?.key;
  const undone = reduce(begun, { type: "undo" });
  const state = reduce(undone, { type: "answer", verdict: "reject", values: { accept: ["B"] }, key: late });
  assert.equal(shown(state), "a");
  assert.equal(current(state)?.previousAnswer?.answer, "accept");
  assert.equal(state.cards.find((card) => card.key === late)?.previousAnswer?.answer, "reject");
});

test("what is not this annotator's any more goes; what is half done stays, with its fate", () => {
  const three = run(fetched(["a", "b", "c"]), { type: "edit", values: { spans: [] } });
  assert.deepEqual(inView(three), { untouched: ["b", "c"], touched: ["a"] });
  const told = reduce(three, { type: "whereabouts", held: ["c"], moved: ["b"], answered: ["a"] });
  assert.deepEqual(told.cards.map((card) => [card.task._id, card.fate ?? null]), [["a", "answered"], ["c", null]]);
  assert.equal(told.at, 0);
  const again = reduce(told, { type: "whereabouts", held: ["a", "c"], moved: [], answered: [] });
  assert.equal(again.cards[0]?.fate, null, "it came back");
  assert.equal(reduce(again, { type: "whereabouts", held: ["a", "c"], moved: [], answered: [] }), again);
});

test("the card on the page goes, too, if nothing was done on it, and the next one comes", () => {
  const two = run(fetched(["a", "b"]), { type: "whereabouts", held: ["b"], moved: ["a"], answered: [] });
  assert.equal(current(two)?.task._id, "b");
  const none = reduce(two, { type: "whereabouts", held: [], moved: [], answered: ["b"] });
  assert.equal(current(none), null);
});

test("what was answered since the server was asked stays as it is", () => {
  const one = run(fetched(["a", "b"]), answer("accept"));
  const told = reduce(one, { type: "whereabouts", held: [], moved: ["a", "b"], answered: [] });
  assert.deepEqual(told.cards.map((card) => card.task._id), ["a"]);
  assert.equal(told.at, 1);
});

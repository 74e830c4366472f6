// The page's own: time at work, swipes, keys of one's own, the history's search, visits.
import { test } from "node:test";
import assert from "node:assert/strict";
import { ActiveTime } from "../../src/web/annotate/app/active_time.js";
import { skipReasons } from "../../src/web/annotate/state/card_settings.js";
import { parseSettings } from "../../src/web/annotate/storage/user_settings.js";
import { found, short } from "../../src/web/annotate/view/history.js";
import { isSingle, keymap, rival, withoutSingles } from "../../src/web/annotate/state/keys.js";
import { current, initial, reduce } from "../../src/web/annotate/state/state.js";
import { canSwipe, meaning } from "../../src/web/annotate/app/swipe.js";

test("reading counts for a minute after the last movement, and no longer", () => {
  const activity = new ActiveTime();
  activity.begin(1000);
  assert.equal(activity.total(31_000), 30_000);
  assert.equal(activity.total(500_000), 60_000, "the annotator went away");
  activity.touch(500_000);
  assert.equal(activity.total(510_000), 70_000, "and came back");
  activity.touch(520_000);
  assert.equal(activity.total(530_000), 90_000);
});

test("nothing counts while the page is hidden", () => {
  const activity = new ActiveTime();
  activity.begin(0);
  activity.show(false, 5_000);
  activity.touch(9_000);
  assert.equal(activity.total(100_000), 5_000);
  activity.show(true, 200_000);
  assert.equal(activity.total(201_000), 6_000);
  activity.show(false, 201_000);
  activity.begin(300_000);
  assert.equal(activity.total(400_000), 0, "a card that comes while the page is hidden");
});

test("a swipe means something only where it is far and level", () => {
  assert.equal(meaning(140, 10, 390), "accept");
  assert.equal(meaning(-140, 10, 390), "reject");
  assert.equal(meaning(60, 0, 390), null);
  assert.equal(meaning(140, 120, 390), null, "that is scrolling");
  assert.ok(canSwipe("classification") && canSwipe("choice"));
  for (const view of ["ner_manual", "spans_manual", "relations", "image_manual", "audio_manual", "blocks"]) {
    assert.ok(!canSwipe(view), view);
  }
});

test("the annotator's keys go before the project's, and a taken one is known", () => {
  const map = keymap({ accept: "j", reject: "k" }, { accept: ["enter"] });
  assert.deepEqual([map.accept, map.reject, map.undo], [["enter"], ["k"], ["backspace", "delete"]]);
  assert.equal(rival(map, "accept", "k"), "reject");
  assert.equal(rival(map, "reject", "k"), null);
  assert.equal(rival(map, "reject", "q"), null);
});

test("with single characters off they work with Alt and do nothing alone", () => {
  assert.ok(isSingle("a") && isSingle("space") && isSingle("ü") && !isSingle("backspace"));
  assert.equal(withoutSingles("a"), null);
  assert.equal(withoutSingles("alt+a"), "a");
  assert.equal(withoutSingles("alt+space"), "space");
  assert.equal(withoutSingles("backspace"), "backspace");
  assert.equal(withoutSingles("ctrl+s"), "ctrl+s");
  assert.equal(withoutSingles("alt+arrowleft"), "alt+arrowleft");
});

test("habits that make no sense are the usual ones", () => {
  const usual = { keys: {}, singles: true, swipe: true };
  for (const kept of [null, "", "[", "7", '{"keys": {"accept": 3}}', '{"singles": "no"}']) assert.deepEqual(parseSettings(kept), usual);
  assert.deepEqual(parseSettings('{"keys":{"accept":["q"]},"singles":false,"swipe":false}'), { keys: { accept: ["q"] }, singles: false, swipe: false });
});

test("reasons are words", () => {
  assert.deepEqual(skipReasons(["unclear", "", 3, "two at once"]), ["unclear", "two at once"]);
  assert.deepEqual(skipReasons("unclear"), []);
});

/**
 * @param {string} id
 * @param {object} task
 * @param {Partial<import("../../src/web/annotate/state/types.js").PreviousAnswer>} previousAnswer
 */
const past = (id, task, previousAnswer) => ({
  task: { _id: id, ...task },
  previousAnswer: { answer: /** @type {const} */ ("accept"), values: null, flagged: false, comment: "", ...previousAnswer },
  at: 0,
});

test("the search looks at text, answer, remark, reason and facts, word by word", () => {
  const all = [
    past("1", { text: "The square was empty.", meta: { source: "AFP" } }, {}),
    past("2", { text: "Die Straße war leer." }, { answer: "reject", comment: "Odd wording" }),
    past("3", { text: "مرحبا بالعالم" }, { answer: "ignore", reason: "unclear", flagged: true }),
  ];
  const ids = (/** @type {string} */ search) => found(all, search).map(({ task }) => task._id).join("");
  assert.equal(ids(" "), "123");
  assert.equal(ids("empty SQUARE"), "1");
  assert.equal(ids("afp"), "1");
  assert.equal(ids("odd reject"), "2");
  assert.equal(ids("بالعالم"), "3");
  assert.equal(ids("skip"), "3");
  assert.equal(ids("flagged unclear"), "3");
  assert.equal(ids("nowhere"), "");
});

test("a task in short is one line, cut between letters", () => {
  assert.equal(short({ _id: "1", text: " a\n  b " }), "a b");
  assert.equal([...short({ _id: "1", text: "😀".repeat(300) })].length, 140);
  assert.equal(short({ _id: "1", text: "", title: "T" }), "T");
});

test("a visit to an earlier card leads back to where it began", () => {
  const stats = { total: 9, progress: 0, answered: 0, due: 9 };
  const project = /** @type {any} */ ({ batch_size: 4 });
  let state = reduce(initial, { type: "project", project });
  state = reduce(state, { type: "fetched", tasks: ["1", "2", "3"].map((_id) => ({ _id })), pending: [], reason: null, stats });
  state = reduce(state, { type: "answer", verdict: "accept", values: {} });
  state = reduce(state, { type: "comment", comment: "half" });
  const previousAnswer = past("9", {}, { comment: "then" }).previousAnswer;
  state = reduce(state, { type: "visit", task: { _id: "9" }, previousAnswer });
  assert.deepEqual([current(state)?.task._id, current(state)?.comment], ["9", "then"]);
  state = reduce(state, { type: "answer", verdict: "reject", values: {} });
  assert.deepEqual([current(state)?.task._id, current(state)?.comment], ["2", "half"]);
  state = reduce(state, { type: "visit", task: { _id: "1" }, previousAnswer });
  assert.equal(current(state)?.task._id, "1");
  state = reduce(state, { type: "forward" });
  assert.equal(current(state)?.task._id, "2");
});

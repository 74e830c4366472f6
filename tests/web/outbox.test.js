// The outbox's rules, and the sender's, with a made-up store and server.
import { test } from "node:test";
import assert from "node:assert/strict";
import { ApiError } from "../../src/web/annotate/app/api.js";
import { Outbox, group, groupSize, pause, replace, settle } from "../../src/web/annotate/storage/outbox.js";
import { Sender, wire } from "../../src/web/annotate/app/sender.js";

/** @import { Entry } from "../../src/web/annotate/storage/outbox.js" */

/**
 * @param {string} id
 * @param {Partial<Entry>} [more]
 * @returns {Entry}
 */
const entry = (id, more = {}) => ({
  key: ["p", "andy", id], version: `${id}-1`, at: 1, first: true,
  task: JSON.stringify({ _id: id, text: "t" }), answer: '{"answer":"accept"}', problem: null, ...more,
});

test("an entry leaves when its own version is stored", () => {
  for (const status of ["saved", "unchanged", "revised", "late"]) {
    assert.equal(settle(entry("a"), "a-1", { _id: "a", status }), null);
  }
});

test("a newer version stays when the older one is stored, and is no first answer any more", () => {
  const newer = entry("a", { version: "a-2" });
  const after = settle(newer, "a-1", { _id: "a", status: "saved" });
  assert.deepEqual(after, { ...newer, first: false });
});

test("a newer version is not blamed for the older one's fault", () => {
  const newer = entry("a", { version: "a-2" });
  assert.equal(settle(newer, "a-1", { _id: "a", status: "invalid", error: "x" }), newer);
});

test("an answer that the server does not take is kept with the reason", () => {
  const after = settle(entry("a"), "a-1", { _id: "a", status: "invalid", error: "accept: no such option" });
  assert.deepEqual(after?.problem, { status: "invalid", error: "accept: no such option" });
  assert.deepEqual(settle(entry("a"), "a-1", { _id: "a", status: "unknown" })?.problem, { status: "unknown", error: "" });
});

test("an entry that is gone stays gone", () => {
  assert.equal(settle(undefined, "a-1", { _id: "a", status: "saved" }), null);
});

test("the answer that replaces an unsent first one is a first one", () => {
  assert.equal(replace(entry("a"), entry("a", { first: false })).first, true);
  assert.equal(replace(undefined, entry("a", { first: false })).first, false);
  assert.equal(replace(entry("a", { first: false }), entry("a", { first: false })).first, false);
});

test("a group takes the oldest, leaves problems, and stays within a request's size", () => {
  const entries = [entry("b", { at: 2 }), entry("a", { at: 1 }), entry("c", { at: 3, problem: { status: "invalid", error: "" } })];
  assert.deepEqual(group(entries).map((one) => one.key[2]), ["a", "b"]);
  assert.equal(group(entries, 1).length, 1);
  const large = ["a", "b", "c"].map((id, at) => entry(id, { at, answer: "x".repeat(groupSize * 0.6) }));
  assert.equal(group(large).length, 1);
  assert.equal(group([entry("a", { answer: "x".repeat(groupSize * 3) })]).length, 1);
  const pictures = ["a", "b", "c"].map((id, at) => entry(id, { at, task: "x".repeat(groupSize * 3) }));
  assert.equal(group(pictures).length, 3, "the task stays here, however large it is");
});

test("pauses grow to 15 seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map(pause), [0, 1000, 2000, 4000, 8000, 15000, 15000]);
});

test("over the wire go the task's identity and what was added, and nothing of the task", () => {
  const sent = wire(entry("a", {
    task: '{"_id":"a","text":"t","image":"data:image/png;base64,AAAA","_tokens":[],"spans":[1],"flagged":true}',
    answer: '{"answer":"accept","spans":[],"own":1.0}',
  }));
  assert.deepEqual(JSON.parse(sent), { _id: "a", answer: "accept", spans: [], own: 1 });
  assert.match(sent, "rawJSON" in JSON ? /"own":1\.0/ : /"own":1/, "to the letter");
});

/** An outbox without IndexedDB, as node has none. @param {...string} ids */
async function box(...ids) {
  const outbox = new Outbox({ project: "p", annotator: "andy" });
  for (const [at, id] of ids.entries()) await outbox.put(id, { at, first: true, task: `{"_id":"${id}"}`, answer: '{"answer":"accept"}' });
  return outbox;
}

/**
 * @param {Outbox} outbox
 * @param {(answers: {_id: string}[]) => Promise<any>} server
 */
function sender(outbox, server) {
  return new Sender(outbox, {
    changed: () => {},
    stored: () => {},
    send: (answers) => server(answers.map((answer) => JSON.parse(answer))),
  });
}

test("what cannot be kept on the disk is kept in memory, and reported", async () => {
  const outbox = await box();
  const durable = await outbox.put("a", { at: 1, first: true, task: "{}", answer: "{}" });
  assert.equal(durable, false);
  assert.equal(outbox.entries.length, 1);
});

test("a group is sent at once and leaves", async () => {
  const outbox = await box("a", "b", "c");
  /** @type {string[][]} */
  const seen = [];
  await sender(outbox, async (answers) => {
    seen.push(answers.map((answer) => answer._id));
    return { saved: answers.length, results: answers.map(({ _id }) => ({ _id, status: "saved" })) };
  }).wake();
  assert.deepEqual(seen, [["a", "b", "c"]]);
  assert.deepEqual(outbox.entries, []);
});

test("an answer changed while the old one is on its way is sent again", async () => {
  const outbox = await box("a");
  /** @type {string[]} */
  const seen = [];
  await sender(outbox, async (answers) => {
    seen.push(/** @type {any} */ (answers[0]).answer);
    if (seen.length === 1) await outbox.put("a", { at: 2, first: false, task: '{"_id":"a"}', answer: '{"answer":"reject"}' });
    return { saved: 1, results: [{ _id: "a", status: "saved" }] };
  }).wake();
  assert.deepEqual(seen, ["accept", "reject"]);
  assert.deepEqual(outbox.entries, []);
});

test("a server that is away is asked again later, and nothing is lost", async () => {
  const outbox = await box("a");
  let away = true;
  const one = sender(outbox, async () => {
    if (away) throw new ApiError("away", 503, "store_away");
    return { saved: 1, results: [{ _id: "a", status: "saved" }] };
  });
  await one.wake();
  clearTimeout(one.timer);
  assert.equal(outbox.entries.length, 1);
  assert.equal(one.trouble, "away");
  await one.wake();
  assert.equal(outbox.entries.length, 1, "the pause is kept");
  away = false;
  await one.wake(true);
  assert.equal(outbox.entries.length, 0);
  assert.equal(one.trouble, null);
});

test("where the key has been changed, answers wait for the new link", async () => {
  const outbox = await box("a", "b");
  let key = "old";
  const one = sender(outbox, async (answers) => {
    if (key === "old") throw new ApiError("This needs a key", 401, "no_key");
    return { saved: answers.length, results: answers.map(({ _id }) => ({ _id, status: "saved" })) };
  });
  await one.wake();
  clearTimeout(one.timer);
  assert.equal(one.locked, true);
  assert.deepEqual(outbox.entries.map((entry) => entry.problem), [null, null]);
  key = "new";
  await one.wake(true);
  assert.equal(one.locked, false);
  assert.equal(outbox.entries.length, 0);
});

test("a refused request is taken apart: the one at fault is put aside, the others go", async () => {
  const outbox = await box("a", "bad", "c");
  await sender(outbox, async (answers) => {
    if (answers.some(({ _id }) => _id === "bad")) throw new ApiError("too strange", 400, "bad_request");
    return { saved: answers.length, results: answers.map(({ _id }) => ({ _id, status: "saved" })) };
  }).wake();
  assert.deepEqual(outbox.entries.map((one) => [one.key[2], one.problem?.error]), [["bad", "too strange"]]);
});

test("an invalid answer is put aside and not sent again", async () => {
  const outbox = await box("a", "b");
  let requests = 0;
  await sender(outbox, async (answers) => {
    requests++;
    return { saved: 1, results: answers.map(({ _id }) => ({ _id, status: _id === "a" ? "invalid" : "saved", error: "no" })) };
  }).wake();
  assert.equal(requests, 1);
  assert.deepEqual(outbox.entries.map((one) => one.problem?.status), ["invalid"]);
});

test("an answer that the reply forgets is kept, and asked for later", async () => {
  const outbox = await box("a");
  const one = sender(outbox, async () => ({ saved: 0, results: [] }));
  await one.wake();
  clearTimeout(one.timer);
  assert.equal(outbox.entries.length, 1);
  assert.equal(outbox.entries[0]?.problem, null);
});

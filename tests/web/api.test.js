// A call waits as long as bytes come, and gives up where none does; tasks come one by one.
import { mock, test } from "node:test";
import assert from "node:assert/strict";
import { ApiError, getTasks, submitAnswers } from "../../src/web/annotate/app/api.js";

const settled = () => new Promise((done) => setImmediate(done));
const nothing = { untouched: [], touched: [] };

/**
 * A server whose reply is written by hand.
 *
 * @returns {{
 *   said: {path: string, body: any}[],
 *   write: (text: string) => Promise<void>,
 *   end: () => Promise<void>,
 * }}
 */
function server() {
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  let line;
  /** @type {{path: string, body: any}[]} */
  const said = [];
  globalThis.fetch = /** @type {typeof fetch} */ (async (path, request) => {
    said.push({ path: String(path), body: JSON.parse(String(request?.body)) });
    const body = new ReadableStream({ start: (controller) => void (line = controller) });
    request?.signal?.addEventListener("abort", () => line.error(request.signal?.reason));
    return new Response(body, { status: 200 });
  });
  const passes = async () => {
    for (let n = 0; n < 5; n++) await settled();
  };
  return {
    said,
    write: (text) => (line.enqueue(new TextEncoder().encode(text)), passes()),
    end: () => (line.close(), passes()),
  };
}

test("a task is there before the rest of its reply, however slow the line is", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { said, write, end } = server();
  /** @type {string[]} */
  const come = [];
  const asked = getTasks(["z"], { untouched: ["a"], touched: ["b"] }, (tasks) => come.push(...tasks.map(({ _id }) => _id)));
  await settled();
  assert.deepEqual(said[0]?.body, { session_id: "", excludes: ["z"], untouched: ["a"], touched: ["b"] });
  await write('{"tasks":[{"_id":"1","n":1.0}');
  assert.deepEqual(come, ["1"]);
  for (const [n, piece] of [',{"_id":', '"2"},{"_id"', ':"3"}', '],"reason":', "null}"].entries()) {
    mock.timers.tick(19_000);
    await write(piece);
    assert.equal(come.length, [1, 2, 3, 3, 3][n]);
  }
  await end();
  assert.equal((await asked).reason, null);
  mock.timers.reset();
});

test("twenty seconds of silence are a server that is away; the tasks that came stay", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { write } = server();
  /** @type {string[]} */
  const come = [];
  const asked = getTasks([], nothing, (tasks) => come.push(...tasks.map(({ _id }) => _id)));
  await settled();
  await write('{"tasks":[{"_id":"1"},{"_id"');
  mock.timers.tick(20_000);
  await assert.rejects(asked, (error) => error instanceof ApiError && error.passing);
  assert.deepEqual(come, ["1"]);
  mock.timers.reset();
});

test("half a reply is none", async () => {
  const { write, end } = server();
  const asked = getTasks([], nothing, () => {});
  const fails = assert.rejects(asked, (error) => error instanceof ApiError && error.passing);
  await settled();
  await write('{"tasks":[{"_id":"1"}');
  await end();
  await fails;
});

test("a large answer has the time that a slow line needs", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { write, end } = server();
  const asked = submitAnswers([JSON.stringify({ _id: "a", comment: "x".repeat(1_600_000) })], 0);
  await settled();
  mock.timers.tick(100_000);
  await write('{"saved":1}');
  await end();
  assert.equal((await asked).saved, 1);
  mock.timers.reset();
});

test("the server is told of no more than it takes", async () => {
  const { said, write, end } = server();
  const many = Array.from({ length: 3000 }, (_, n) => String(n));
  const asked = getTasks(many, { untouched: many, touched: many }, () => {});
  await settled();
  await write("{}");
  await end();
  await asked;
  const { excludes, untouched, touched } = said[0]?.body;
  assert.deepEqual([excludes.length, excludes.at(-1)], [1000, "2999"]);
  assert.ok(untouched.length + touched.length <= 1000);
});

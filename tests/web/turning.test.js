// The page is taken anew when the project has changed, but never under somebody's hands.
import { mock, test } from "node:test";
import assert from "node:assert/strict";

/** What the page asks for, and whether it was taken anew. */
const seen = { asked: 0, reloads: 0 };
globalThis.fetch = /** @type {typeof fetch} */ (async () => {
  seen.asked++;
  return new Response(JSON.stringify({ edition: "two", standing: "here", session_id: "s" }), { status: 200, headers: { "content-type": "application/json" } });
});
globalThis.location = /** @type {any} */ ({ href: "http://127.0.0.1:9010/", reload: () => seen.reloads++ });
const { Turning } = await import("../../src/web/annotate/turning.js");

const settled = () => new Promise((done) => setImmediate(done));

/** @param {{values?: object | null}} [card] */
function page(card = {}) {
  Object.assign(seen, { asked: 0, reloads: 0 });
  const app = {
    project: { edition: "one", standing: "here", session_id: "s" },
    hands: { pressed: -Infinity },
    answering: { busy: false, writing: 0 },
    state: { cards: [{ key: 1, values: null, flagged: false, comment: "", given: null, ...card }], at: 0, back: null },
    supply: { question: () => {} },
    look: () => ({ waiting: 0, refusal: null }),
    render: () => {},
    dispatch: () => {},
  };
  return { app, turning: new Turning(/** @type {any} */ (app)) };
}

test("keys that are just being pressed are not lost: the page waits until the hands rest", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { app, turning } = page();
  turning.hear({ edition: "two" });
  app.hands.pressed = performance.now() + 60_000;
  await turning.turn();
  mock.timers.tick(30_000);
  await settled();
  assert.deepEqual(seen, { asked: 0, reloads: 0 });
  app.hands.pressed = -Infinity;
  mock.timers.tick(60_000);
  await settled();
  await settled();
  assert.deepEqual(seen, { asked: 1, reloads: 1 });
  assert.ok(turning.leaving);
  mock.timers.reset();
});

test("a key that comes while the project is asked for keeps the page", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { app, turning } = page();
  turning.hear({ edition: "two" });
  const turned = turning.turn();
  app.hands.pressed = performance.now() + 60_000;
  await turned;
  assert.deepEqual(seen, { asked: 1, reloads: 0 });
  assert.ok(turning.stale, "and it is not forgotten");
  mock.timers.reset();
});

test("a card that is half done keeps the page", async () => {
  const { turning } = page({ values: { spans: [] } });
  turning.hear({ edition: "two" });
  await turning.turn();
  assert.deepEqual(seen, { asked: 0, reloads: 0 });
});

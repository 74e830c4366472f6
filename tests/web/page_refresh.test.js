// The page reloads when the project has changed, but never while its annotator works.
import { mock, test } from "node:test";
import assert from "node:assert/strict";

/** What the page asks for, and whether it was reloaded. */
const seen = { asked: 0, reloads: 0 };
globalThis.fetch = /** @type {typeof fetch} */ (async () => {
  seen.asked++;
  return new Response(JSON.stringify({ edition: "two", standing: "here", session_id: "s" }), { status: 200, headers: { "content-type": "application/json" } });
});
globalThis.location = /** @type {any} */ ({ href: "http://127.0.0.1:9010/", reload: () => seen.reloads++ });
const { PageRefresh } = await import("../../src/web/annotate/app/page_refresh.js");

const settled = () => new Promise((done) => setImmediate(done));

/** @param {{values?: object | null}} [card] */
function page(card = {}) {
  Object.assign(seen, { asked: 0, reloads: 0 });
  let pressed = -Infinity;
  const project = { edition: "one", standing: "here", session_id: "s" };
  const shown = { key: 1, values: null, flagged: false, comment: "", previousAnswer: null, ...card };
  const refresher = new PageRefresh(/** @type {any} */ ({
    project,
    store: { card: shown, changed: () => {}, dispatch: () => {} },
    isSaving: () => false,
    lastPress: () => pressed,
    outboxStatus: () => ({ waiting: 0, refusal: null }),
    onStale: () => {},
  }));
  return { refresher, press: (/** @type {number} */ at) => (pressed = at) };
}

test("keys that are just being pressed are not lost: the page waits until the hands rest", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { press, refresher } = page();
  refresher.onNotice({ edition: "two" });
  press(performance.now() + 60_000);
  await refresher.refresh();
  mock.timers.tick(30_000);
  await settled();
  assert.deepEqual(seen, { asked: 0, reloads: 0 });
  press(-Infinity);
  mock.timers.tick(60_000);
  await settled();
  await settled();
  assert.deepEqual(seen, { asked: 1, reloads: 1 });
  assert.ok(refresher.leaving);
  mock.timers.reset();
});

test("a key that comes while the project is asked for keeps the page", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { press, refresher } = page();
  refresher.onNotice({ edition: "two" });
  const turned = refresher.refresh();
  press(performance.now() + 60_000);
  await turned;
  assert.deepEqual(seen, { asked: 1, reloads: 0 });
  assert.ok(refresher.stale, "and it is not forgotten");
  mock.timers.reset();
});

test("a card that is half done keeps the page", async () => {
  const { refresher } = page({ values: { spans: [] } });
  refresher.onNotice({ edition: "two" });
  await refresher.refresh();
  assert.deepEqual(seen, { asked: 0, reloads: 0 });
});

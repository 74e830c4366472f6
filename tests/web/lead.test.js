// The dashboard's figures in words.
import { test } from "node:test";
import assert from "node:assert/strict";
import { ago, end, figure, from, matched, pace, percent, present } from "../../src/web/lead/format.js";

const now = Date.parse("2026-05-01T12:00:00Z");

test("how long ago", () => {
  assert.equal(ago(null, now), "never");
  assert.equal(ago("2026-05-01T11:59:50Z", now), "now");
  assert.equal(ago("2026-05-01T11:30:00Z", now), "30 min ago");
  assert.equal(ago("2026-05-01T07:00:00Z", now), "5 h ago");
  assert.equal(ago("2026-04-21T12:00:00Z", now), "10 days ago");
  assert.equal(present("2026-05-01T11:58:00Z", now), true);
  assert.equal(present("2026-05-01T11:00:00Z", now), false);
  assert.equal(present(null, now), false);
});

test("when the figures are from", () => {
  assert.equal(from("2026-05-01T11:59:50Z", now), "The figures are from a moment ago.");
  assert.equal(from("2026-05-01T11:30:00Z", now), "The figures are from 30 min ago.");
  assert.equal(from(null, now), "There are no figures yet.");
});

test("0 and 100 percent only when it is", () => {
  assert.equal(percent(0, 1000), 0);
  assert.equal(percent(1, 1000), 1);
  assert.equal(percent(999, 1000), 99);
  assert.equal(percent(1000, 1000), 100);
  assert.equal(percent(0, 0), 0);
});

test("figures and pace", () => {
  assert.equal(figure(1234567), "1\u202f234\u202f567");
  assert.equal(figure(null), "–");
  assert.equal(pace(7.25), "7.3");
  assert.equal(pace(null), "–");
  assert.equal(end("2026-05-01T12:20:00Z", now), "in 20 min");
  assert.equal(end(null, now), null);
  assert.equal(end("2026-04-01T12:20:00Z", now), null);
});

test("checks are told where there are any", () => {
  assert.equal(matched({ answered: 0, agreed: 0 }), "");
  assert.equal(matched({ answered: 10, agreed: 9 }), "9 of 10");
});

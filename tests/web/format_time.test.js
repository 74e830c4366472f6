// When an answer was given: short for today, with the day before that, in the reader's way of
// writing.
import { test } from "node:test";
import assert from "node:assert/strict";
import { formatTime, localeFor } from "../../src/web/annotate/view/format_time.js";

const now = Date.UTC(2026, 2, 2, 15, 0);

/**
 * With ordinary blanks: which ones a language uses between its parts is not what is looked at.
 *
 * @param {number} at
 * @param {string} place
 * @param {string} [zone]
 */
const said = (at, place, zone = "UTC") => formatTime(at, now, place, zone).replace(/\s/g, " ");

test("today is a time alone", () => {
  assert.equal(said(Date.UTC(2026, 2, 2, 14, 3), "en-GB"), "14:03");
  assert.equal(said(Date.UTC(2026, 2, 2, 14, 3), "en-US"), "2:03 PM");
  assert.equal(said(Date.UTC(2026, 2, 2, 14, 3), "de"), "14:03");
});

test("before today it has its day, and the year where it is another", () => {
  assert.equal(said(Date.UTC(2026, 2, 1, 14, 3), "en-GB"), "1 Mar, 14:03");
  assert.match(said(Date.UTC(2026, 2, 1, 14, 3), "de"), /^1\. März, 14:03$/);
  assert.match(said(Date.UTC(2025, 11, 31, 14, 3), "fr"), /31 déc\. 2025/);
});

test("a day is the reader's day", () => {
  const at = Date.UTC(2026, 2, 1, 23, 30);
  assert.equal(said(at, "en-GB", "Europe/Rome"), "00:30");
  assert.equal(said(at, "en-GB"), "1 Mar, 23:30");
});

test("figures are those of the rest of the page", () => {
  assert.match(said(Date.UTC(2026, 2, 1, 14, 3), "ar"), /1.*2?:?03/);
  assert.doesNotMatch(said(Date.UTC(2026, 2, 1, 14, 3), "ar-EG"), /[٠-٩]/);
});

test("the reader's own place counts where it speaks the page's language", () => {
  assert.equal(localeFor("en", ["de-AT", "en-GB", "en-US"]), "en-GB");
  assert.equal(localeFor("ar", ["de-AT", "en"]), "ar");
});

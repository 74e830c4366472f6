// Code points on the wire, UTF-16 units in the browser: both ways, on the texts that break it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Offsets, graphemes } from "../../src/web/annotate/annotations/offsets.js";
import { fit, spanOf, units } from "../../src/web/annotate/annotations/spans.js";

const texts = {
  plain: "Police used batons.",
  emoji: "a 🎈 b 🎈🎈 c",
  flags: "🇪🇸 and 🇧🇷!",
  family: "👩‍👩‍👧‍👦 at home",
  combining: "e\u0301lan, n\u0303andu\u0301",
  arabic: "التقت أنغيلا ميركل 🎈 بإيمانويل",
  hebrew: "שָׁלוֹם עולם",
  devanagari: "नमस्ते दुनिया",
  crlf: "one\r\ntwo\r\n🎈three",
  empty: "",
};

for (const [name, text] of Object.entries(texts)) {
  test(`${name}: every code point goes there and back`, () => {
    const offsets = new Offsets(text);
    const points = [...text];
    assert.equal(offsets.length, points.length);
    let units = 0;
    points.forEach((point, i) => {
      assert.equal(offsets.toUnits(i), units);
      assert.equal(offsets.toPoints(units), i);
      assert.equal(offsets.slice(i, i + 1), point);
      units += point.length;
    });
    assert.equal(offsets.toUnits(points.length), text.length);
    assert.equal(offsets.toPoints(text.length), points.length);
  });
}

test("a place inside a pair is its beginning, a place beyond the text its end", () => {
  const offsets = new Offsets("🎈x");
  assert.equal(offsets.toPoints(1), 0);
  assert.equal(offsets.toUnits(99), 3);
  assert.equal(offsets.toPoints(99), 2);
  assert.equal(offsets.toUnits(-1), 0);
});

test("known offsets: a span behind two emoji", () => {
  const text = "🎈🎈 Paris";
  const offsets = new Offsets(text);
  assert.equal(offsets.slice(3, 8), "Paris");
  assert.equal(offsets.toUnits(3), 5);
});

test("graphemes: what a reader sees as one character is one", () => {
  assert.deepEqual(graphemes("e\u0301x"), [{ start: 0, end: 2 }, { start: 2, end: 3 }]);
  assert.deepEqual(graphemes("🇪🇸🇧🇷"), [{ start: 0, end: 2 }, { start: 2, end: 4 }]);
  assert.deepEqual(graphemes("👩‍👩‍👧"), [{ start: 0, end: 5 }]);
  assert.deepEqual(graphemes("\r\n"), [{ start: 0, end: 2 }]);
});

/**
 * The texts that the server and spaCy are held against too.
 *
 * @type {{name: string, text: string, code_points: number, utf16: number,
 *   tokens: [number, number, string, boolean][],
 *   spans: {start: number, end: number, text: string, token_start: number, token_end: number}[]}[]}
 */
const shared = JSON.parse(readFileSync(new URL("../fixtures/offsets.json", import.meta.url), "utf8"));

for (const { name, text, tokens, spans, ...counts } of shared) {
  test(`${name}: code points, tokens and spans are those of the shared fixture`, () => {
    const offsets = new Offsets(text);
    assert.equal(offsets.length, counts.code_points);
    assert.equal(text.length, counts.utf16);
    for (const [start, end, covered] of tokens) assert.equal(offsets.slice(start, end), covered);
    // Blank tokens are not sent: no span begins or ends at one.
    const given = tokens.map(([start, end, covered], id) => ({ start, end, text: covered, id }))
      .filter(({ text: covered }) => /[^\s\u200b\u2060]/u.test(covered));
    const row = units({ _id: "t", text, _tokens: given }, offsets, { characters: false, newlines: false });
    for (const { text: covered, ...span } of spans) {
      assert.equal(offsets.slice(span.start, span.end), covered);
      const range = fit(row, span);
      assert.ok(range, covered);
      assert.deepEqual(spanOf(row, range, "A"), { ...span, label: "A" });
    }
  });
}

test("no translator may change a text under its offsets", () => {
  const page = readFileSync(new URL("../../src/web/annotate/index.html", import.meta.url), "utf8");
  assert.match(page, /<html [^>]*translate="no"/);
  assert.match(page, /<meta name="google" content="notranslate">/);
});

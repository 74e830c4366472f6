// Labels: ten hues, each with three edges, and lines that can be seen in both themes.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hue, look } from "../../src/web/annotate/view/label_colors.js";

const labels = Array.from({ length: 40 }, (_, i) => `L${i}`);

test("the first thirty labels look each its own way", () => {
  const looks = labels.map((label) => look(label, labels));
  assert.deepEqual(looks[0], { hue: 0, edge: 0 });
  assert.deepEqual(looks[13], { hue: 3, edge: 1 });
  assert.deepEqual(looks[29], { hue: 9, edge: 2 });
  assert.equal(new Set(looks.slice(0, 30).map((one) => JSON.stringify(one))).size, 30);
  assert.equal(looks[30], null);
  assert.equal(look("another project's", labels), null);
});

test("what is handed to a drawing is a colour", () => {
  assert.equal(hue("L3", labels), "var(--hue-3)");
  assert.equal(hue("L23", labels), "var(--hue-3)");
  assert.equal(hue("L33", labels), "var(--hue-none)");
});

test("every hue stands out from page and card as lines that carry meaning do, in both themes", () => {
  const theme = readFileSync(new URL("../../src/web/shared/theme.css", import.meta.url), "utf8");
  const colours = new Map(
    [...theme.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [String(name), [String(light), String(dark)]]),
  );
  const light = (/** @type {string} */ hex) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const part = parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const hues = [...colours].filter(([name]) => name.startsWith("hue-"));
  assert.equal(hues.length, 11);
  for (const [name, pair] of hues) {
    for (const ground of ["page", "card"]) {
      pair.forEach((colour, i) => {
        const [a, b] = [light(colour), light(colours.get(ground)?.[i] ?? "")];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        assert.ok(contrast >= 3, `${name} on the ${["light", "dark"][i]} ${ground}: ${contrast.toFixed(2)}`);
      });
    }
  }
});

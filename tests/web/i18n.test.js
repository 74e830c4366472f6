// Every catalogue has every sentence that the pages say, with the same places to fill, and none
// besides.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { chooseLanguage, languages, plural, setLocale, t } from "../../src/web/shared/i18n.js";

const web = new URL("../../src/web/", import.meta.url);

/** Folders whose sentences the catalogues have. */
const held = [...["annotations", "app", "editors", "interfaces", "media", "state", "storage", "view"].map((name) => `annotate/${name}/`), "shared/"];

/** @param {string} source without its comments */
const bare = (source) => source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

const text = String.raw`"((?:[^"\\]|\\.)*)"`;

/** @type {Map<string, "sentence" | "plural">} */
const said = new Map();
for (const folder of held) {
  for (const file of readdirSync(new URL(folder, web)).filter((name) => name.endsWith(".js"))) {
    if (folder === "shared/" && file === "i18n.js") continue;
    const source = bare(readFileSync(new URL(folder + file, web), "utf8"));
    const sentences = [...source.matchAll(new RegExp(String.raw`(?<![\w.])t\(\s*${text}`, "g"))];
    const plurals = [...source.matchAll(new RegExp(String.raw`(?<![\w.])plural\(\s*[^"]*?,\s*${text},\s*${text}`, "g"))];
    const calls = (/** @type {string} */ name) => [...source.matchAll(new RegExp(String.raw`(?<![\w.])${name}\(`, "g"))].length;
    test(`${folder}${file} says its words as literals`, () => {
      assert.equal(sentences.length, calls("t"));
      assert.equal(plurals.length, calls("plural"));
    });
    for (const [, sentence] of sentences) said.set(JSON.parse(`"${sentence}"`), "sentence");
    for (const [, , other] of plurals) said.set(JSON.parse(`"${other}"`), "plural");
  }
}

/** @param {string} sentence */
const places = (sentence) => [...sentence.matchAll(/\{\w+\}/g)].map(String).sort();

for (const tag of Object.keys(languages).filter((tag) => tag !== "en")) {
  test(`${tag} has every sentence, and no other`, async () => {
    /** @type {{default: import("../../src/web/shared/i18n.js").Catalogue}} */
    const { default: catalogue } = await import(new URL(`shared/i18n/${tag}.js`, web).href);
    assert.deepEqual([...said.keys()].filter((sentence) => !Object.hasOwn(catalogue, sentence)), [], "missing");
    assert.deepEqual(Object.keys(catalogue).filter((sentence) => !said.has(sentence)), [], "said nowhere");
    const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [sentence, translated] of Object.entries(catalogue)) {
      if (typeof translated === "string") {
        assert.equal(said.get(sentence), "sentence", `${sentence}: needs a form for each count`);
        assert.deepEqual(places(translated), places(sentence), sentence);
        continue;
      }
      assert.equal(said.get(sentence), "plural", sentence);
      assert.deepEqual(Object.keys(translated).sort(), [...categories].sort(), sentence);
      for (const [category, form] of Object.entries(translated)) {
        // “One answer” may do without its figure, and Arabic's two has a word of its own.
        const needed = places(sentence).filter((place) => place !== "{n}" || !["zero", "one", "two"].includes(category));
        for (const place of needed) assert.ok(places(form).includes(place), `${sentence}: ${category} lacks ${place}`);
        for (const place of places(form)) assert.ok(places(sentence).includes(place) || place === "{n}", `${form}: ${place}`);
      }
    }
  });
}

test("the language is the first that there is, and what it lacks is said in English", async () => {
  assert.equal(chooseLanguage(["xx", "de-AT", "en"]), "de");
  assert.equal(chooseLanguage(["xx"]), "en");
  await setLocale("de");
  assert.equal(t("undo"), "zurück");
  assert.equal(plural(1, "{n} answer not sent yet", "{n} answers not sent yet"), "1 Antwort noch nicht gesendet");
  assert.equal(t("No one says {this}.", { this: "that" }), "No one says that.");
  await setLocale("en");
  assert.equal(t("undo"), "undo");
});

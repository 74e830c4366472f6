/**
 * The language of the pages' own words: `t("Nothing is chosen yet.")` gives them in the reader's.
 *
 * The English sentence stands in the code, where it is read, and is the key of the catalogues
 * (`i18n/de.js`, …), which are fetched when one is needed. What a catalogue lacks is said in
 * English, and a test holds every catalogue against every sentence in the code. So the argument of
 * `t` and of `plural` is always a literal; what varies goes in by name: `t("{n} of {all}", { n, all
 * })`.
 *
 * What comes from a task, a label or a roster is never translated.
 *
 * Rejected: names for sentences (`choice.none_chosen`), with which a reader of the code does not
 * know what the page says; and a library, whose formats (dates, currencies, nested choices) no
 * sentence here needs. What is needed of plurals, the browser has: Intl.PluralRules.
 */

/** A sentence, or one for each plural category of the language. */
/** @typedef {Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>} Catalogue */

/** @typedef {Record<string, string | number>} Parts */

/** The languages that there are, each by its own name, and which way it is written. */
export const languages = /** @type {const} */ ({
  en: { name: "English", direction: "ltr" },
  de: { name: "Deutsch", direction: "ltr" },
  es: { name: "Español", direction: "ltr" },
  fr: { name: "Français", direction: "ltr" },
  ar: { name: "العربية", direction: "rtl" },
});

/** @typedef {keyof typeof languages} Language */

/** @type {Language} */
let locale = "en";

/** @type {Catalogue} */
let catalogue = {};

let rules = new Intl.PluralRules("en");

/** The language in use. */
export const language = () => locale;

/**
 * The first of these that there is; English if there is none.
 *
 * @param {readonly string[]} wanted tags such as `de-AT`, the dearest first
 * @returns {Language}
 */
export function chooseLanguage(wanted) {
  for (const tag of wanted) {
    const base = /** @type {string} */ (tag.toLowerCase().split("-")[0]);
    if (Object.hasOwn(languages, base)) return /** @type {Language} */ (base);
  }
  return "en";
}

/**
 * Speak this language from now on. What is drawn already stays as it is.
 *
 * @param {Language} wanted
 */
export async function setLocale(wanted) {
  catalogue = wanted === "en" ? {} : (await import(`./i18n/${wanted}.js`)).default;
  locale = wanted;
  rules = new Intl.PluralRules(wanted);
  if (globalThis.document) {
    document.documentElement.lang = wanted;
    document.documentElement.dir = languages[wanted].direction;
  }
}

/**
 * A sentence in the reader's language.
 *
 * @param {string} english
 * @param {Parts} [parts] what stands for the names in braces
 */
export function t(english, parts = {}) {
  const found = catalogue[english];
  return fill(typeof found === "string" ? found : english, parts);
}

/**
 * The same where a count decides the form: `plural(n, "{n} answer", "{n} answers")`.
 *
 * @param {number} n
 * @param {string} one the English for one
 * @param {string} other the English for any other number; the catalogue's key
 * @param {Parts} [parts]
 */
export function plural(n, one, other, parts = {}) {
  const found = catalogue[other];
  const form = typeof found === "object" ? (found[rules.select(n)] ?? found.other) : found;
  return fill(form ?? (n === 1 ? one : other), { n, ...parts });
}

/**
 * @param {string} sentence
 * @param {Parts} parts
 */
function fill(sentence, parts) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in parts ? String(parts[name]) : whole));
}

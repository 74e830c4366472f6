/**
 * JSON in and out without loss.
 *
 * A task's keys travel through the page untouched, but JavaScript has one kind of number: `1.0`
 * would go back as `1`, and an id of 20 digits as another id. Numbers that would not come back as
 * they were written are therefore kept as written (`JSON.rawJSON`), everywhere except in the places
 * that the page calculates with. Browsers older than that function get plain numbers; the server
 * keeps the loaded task anyway and does not take it from the browser.
 *
 * A first look with a regular expression spares the usual task the slower parse.
 */

/** @typedef {{source?: string}} Written */

const raw = /** @type {{rawJSON?: (text: string) => object}} */ (/** @type {unknown} */ (JSON)).rawJSON;

const suspicious = /\d{16}|\.\d*0(?!\d)|\d[eE][+-]?\d|-0(?![.\d])|\.\d{16}/;

/** Keys whose numbers the page calculates with. Counts need not be here: they come as integers. */
const counted = new Set([
  "start", "end", "token_start", "token_end", "head", "child", "width", "height", "progress", "seconds_per_task",
  "lease_seconds", "batch_size",
]);

/**
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
  if (!raw || !suspicious.test(text)) return JSON.parse(text);
  const keep = raw;
  const reviver = /** @type {(key: string, value: unknown, written?: Written) => unknown} */ (
    (key, value, written) => {
      if (typeof value !== "number" || !written?.source) return value;
      if (counted.has(key) || JSON.stringify(value) === written.source) return value;
      return keep(written.source);
    }
  );
  return JSON.parse(text, /** @type {(key: string, value: unknown) => unknown} */ (reviver));
}

/**
 * A value in words: a string as it is, anything else as JSON. For showing, and for comparing ids
 * of different types (`1` and `"1"` are two options).
 *
 * @param {unknown} value
 */
export function toText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * A number to calculate with, also where it was kept as written; NaN if it is none.
 *
 * @param {unknown} value
 */
export function numberOf(value) {
  if (typeof value === "number") return value;
  return value && typeof value === "object" ? Number(JSON.stringify(value)) : NaN;
}

/**
 * Whether two values are one: `1` and `1.0` are, `1` and `"1"` are not.
 *
 * @param {unknown} a
 * @param {unknown} b
 */
export function same(a, b) {
  if (JSON.stringify(a) === JSON.stringify(b)) return true;
  // An array with one number in it would count as that number.
  if (Array.isArray(a) || Array.isArray(b)) return false;
  const [one, other] = [numberOf(a), numberOf(b)];
  return one === other && Number.isSafeInteger(one);
}

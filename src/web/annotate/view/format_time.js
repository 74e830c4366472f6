/**
 * When something was, as short as it can be said: the time for today, the day and the time before
 * that, and the year where it is another one. Without a page.
 */

/**
 * The place whose way of writing times is meant: the reader's own where it speaks the page's
 * language, so that a page in English says 14:03 in London and 2:03 PM in Boston.
 *
 * @param {string} language of the page
 * @param {readonly string[]} own the reader's tags, the dearest first
 */
export const localeFor = (language, own) => own.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;

/**
 * @param {number} at
 * @param {number} now
 * @param {string} place
 * @param {string} [timeZone] the browser's if not given
 */
export function formatTime(at, now, place, timeZone) {
  // The page's other figures are of this kind in every language.
  const kind = /** @type {const} */ ({ numberingSystem: "latn", timeZone });
  const day = (/** @type {number} */ time) => new Intl.DateTimeFormat("en-CA", { ...kind, dateStyle: "short" }).format(time);
  const clock = /** @type {const} */ ({ hour: "numeric", minute: "2-digit" });
  const date = /** @type {const} */ ({ day: "numeric", month: "short" });
  const year = /** @type {const} */ ({ year: "numeric" });
  const [then, today] = [day(at), day(now)];
  if (then === today) return new Intl.DateTimeFormat(place, { ...kind, timeStyle: "short" }).format(at);
  const parts = { ...date, ...(then.slice(0, 4) === today.slice(0, 4) ? {} : year), ...clock };
  return new Intl.DateTimeFormat(place, { ...kind, ...parts }).format(at);
}

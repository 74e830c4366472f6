/**
 * Figures and times of the dashboard in words, as pure functions: the present is handed in.
 */

/**
 * How long ago something was.
 *
 * @param {string | null | undefined} then RFC 3339
 * @param {number} now
 */
export function ago(then, now) {
  if (!then) return "never";
  const seconds = Math.max(0, (now - Date.parse(then)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 45) return "now";
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/**
 * When the figures are from, said where it matters: while the store is away.
 *
 * @param {string | null | undefined} asOf RFC 3339
 * @param {number} now
 */
export function from(asOf, now) {
  if (!asOf) return "There are no figures yet.";
  const age = ago(asOf, now);
  return `The figures are from ${age === "now" ? "a moment ago" : age}.`;
}

/**
 * Whether an annotator is at work: a request within five minutes, which is a long text.
 *
 * @param {string | null | undefined} then RFC 3339
 * @param {number} now
 */
export function present(then, now) {
  return Boolean(then) && now - Date.parse(String(then)) < 300_000;
}

/**
 * When the work will be done, if it goes on as it does.
 *
 * @param {string | null | undefined} eta RFC 3339
 * @param {number} now
 */
export function end(eta, now) {
  if (!eta) return null;
  const then = Date.parse(eta);
  if (Number.isNaN(then)) return null;
  const hours = (then - now) / 3_600_000;
  if (hours < 0) return null;
  if (hours < 1) return `in ${Math.max(1, Math.round(hours * 60))} min`;
  const date = new Date(then);
  return hours < 20
    ? `at ${date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}`
    : date.toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short", year: hours > 4000 ? "numeric" : undefined });
}

/**
 * A share in percent that says 0 and 100 only when it is.
 *
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (!(whole > 0)) return 0;
  const share = (100 * part) / whole;
  if (part > 0 && share < 1) return 1;
  if (part < whole && share > 99) return 99;
  return Math.min(100, Math.round(share));
}

/** @param {number | null | undefined} n */
export function figure(n) {
  return typeof n === "number" ? n.toLocaleString("en").replaceAll(",", "\u202f") : "–";
}

/** @param {number | null | undefined} seconds */
export function pace(seconds) {
  return typeof seconds === "number" ? seconds.toFixed(1) : "–";
}

/**
 * How many of an annotator's checks were answered correctly.
 *
 * @param {{answered: number, agreed: number}} checks
 */
export function matched({ answered, agreed }) {
  return answered ? `${figure(agreed)} of ${figure(answered)}` : "";
}

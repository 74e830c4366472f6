/**
 * The labels used last, where there are too many to find one quickly. Without a page.
 *
 * A label keeps its place there, so that the annotator finds it again without reading. A new one
 * takes the place of the one that was not used for longest. Rejected: the last one in front, which moves all the
 * others at each use.
 */

/**
 * @typedef {{places: readonly string[], order: readonly string[]}} Recent as they stand; the last
 *   used first
 */

/** How many there are at most. */
export const size = 6;

/** @type {Recent} */
export const none = { places: [], order: [] };

/**
 * @param {Recent} recent
 * @param {string} label
 * @returns {Recent} the same object where nothing is new
 */
export function used(recent, label) {
  if (recent.order[0] === label) return recent;
  const order = [label, ...recent.order.filter((one) => one !== label)].slice(0, size);
  if (recent.places.includes(label)) return { places: recent.places, order };
  if (recent.places.length < size) return { places: [...recent.places, label], order };
  return { places: recent.places.map((one) => (order.includes(one) ? one : label)), order };
}

/**
 * Between the wire and the browser: the one place where offsets are converted.
 *
 * On the wire an offset counts Unicode code points; a JavaScript string counts UTF-16 units, where
 * an emoji is two. `Offsets` goes both ways in constant time, through a table that is made only for
 * texts that need one: without a surrogate pair the two counts are the same.
 *
 * An offset beyond the text is taken as its end, one inside a pair as its beginning, so that wrong
 * data draws something rather than nothing.
 */

export class Offsets {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** @type {Uint32Array | null} UTF-16 offset of each code point, and of the end */
    this.table = null;
    if (/[\ud800-\udfff]/.test(text)) {
      const table = new Uint32Array(text.length + 1);
      let points = 0;
      let at = 0;
      for (const point of text) {
        table[points++] = at;
        at += point.length;
      }
      table[points] = at;
      this.table = table.subarray(0, points + 1);
    }
    /** The text's length in code points. */
    this.length = this.table ? this.table.length - 1 : text.length;
  }

  /**
   * @param {number} point an offset in code points
   * @returns {number} the same place in UTF-16 units
   */
  toUnits(point) {
    const inside = Math.max(0, Math.min(point, this.length));
    return this.table ? /** @type {number} */ (this.table[inside]) : inside;
  }

  /**
   * @param {number} unit an offset in UTF-16 units
   * @returns {number} the same place in code points
   */
  toPoints(unit) {
    const inside = Math.max(0, Math.min(unit, this.text.length));
    if (!this.table) return inside;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (/** @type {number} */ (this.table[middle]) <= inside) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * @param {number} start in code points
   * @param {number} end in code points, exclusive
   */
  slice(start, end) {
    return this.text.slice(this.toUnits(start), this.toUnits(end));
  }
}

/**
 * Where each user-perceived character begins and ends, in code points: what `e` + accent, a flag or
 * a family of emoji are to a reader.
 *
 * @param {string} text
 * @returns {{start: number, end: number}[]}
 */
export function graphemes(text) {
  const found = [];
  let start = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    let end = start;
    for (const _ of segment) end++;
    found.push({ start, end });
    start = end;
  }
  return found;
}

/**
 * How long the annotator has worked on a card: counted while the page is visible and they are
 * active (keys, pointer, scrolling). A minute without any of these still counts, as one reads; what
 * is beyond it does not. A stopwatch without a clock of its own: the time in milliseconds is handed
 * in.
 *
 * The page says this time by `_shown_at`, which it sets so that answered less shown is the time at
 * work. Rejected: a third time beside `time_loaded` and `time_returned`, which would change both
 * stores, the backup and every format to say what a difference says already.
 */

/** How long reading without a movement counts. */
export const patience = 60_000;

export class ActiveTime {
  constructor() {
    this.sum = 0;
    /** @type {number | null} since when it is counted; null while the page is hidden */
    this.since = null;
    this.last = 0;
    this.visible = true;
  }

  /**
   * A card is shown: start again from zero.
   *
   * @param {number} now
   */
  begin(now) {
    this.sum = 0;
    this.last = now;
    this.since = this.visible ? now : null;
  }

  /**
   * The annotator moved, scrolled or pressed.
   *
   * @param {number} now
   */
  touch(now) {
    if (!this.visible || this.since === null) return;
    if (now - this.last > patience) {
      this.sum += this.last + patience - this.since;
      this.since = now;
    }
    this.last = now;
  }

  /**
   * @param {boolean} visible
   * @param {number} now
   */
  show(visible, now) {
    if (visible === this.visible) return;
    this.sum = this.total(now);
    this.visible = visible;
    this.since = visible ? now : null;
    this.last = now;
  }

  /** @param {number} now */
  total(now) {
    if (this.since === null) return this.sum;
    return this.sum + Math.max(0, Math.min(now, this.last + patience) - this.since);
  }
}

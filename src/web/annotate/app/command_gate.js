/**
 * Whether a command can be taken now: not while the page waits for the server or the disk, and not
 * once it is being reloaded.
 *
 * A command that cannot be taken is refused in words and never done later. Rejected: a queue of key
 * presses, which would answer cards that came after the press.
 */

import { t } from "../../shared/i18n.js";

/** How many answers may be on their way to the disk at once. */
export const maxWriting = 10;

export class CommandGate {
  /**
   * @param {{isLeaving: () => boolean, say: (words: string) => void}} page `isLeaving`: the browser
   *   is on its way to another page
   */
  constructor(page) {
    this.page = page;
    /** How many replies the page waits for. */
    this.waits = 0;
    /** How many answers are being written. */
    this.writing = 0;
  }

  /** Whether an answer or an earlier card is on its way, so that the page must not be reloaded. */
  get isBusy() {
    return this.waits > 0 || this.writing > 0;
  }

  /** Whether a command can be taken. If not, says why. */
  isOpen() {
    const words = this.obstacle();
    if (words) this.page.say(words);
    return !words;
  }

  /** @returns {string | null} why no command can be taken, in words */
  obstacle() {
    if (this.page.isLeaving()) return t("This page is reloading. Your input was not taken; try again afterwards.");
    if (this.waits > 0) return t("Waiting for the server. Your input was not taken; try again in a moment.");
    if (this.writing < maxWriting) return null;
    return t("{n} answers are waiting for this browser's disk. Your input was not taken; try again in a moment.", { n: this.writing });
  }

  /**
   * Take no command until this work is done.
   *
   * @param {Promise<unknown>} work
   */
  async waitFor(work) {
    this.waits++;
    await work.finally(() => this.waits--);
  }
}

/**
 * Sends what is in the outbox: in groups, one request in flight at a time over all tabs, with
 * growing pauses while the server is away.
 *
 * One at a time matters: two requests could pass each other, and an older answer would then come
 * after the newer one to the same task. Tabs take turns through a Web Lock, or, on a plain http
 * address where the browser has none, through a lease in the outbox's own database.
 *
 * A request that the server refuses as a whole is taken apart and sent one answer at a time; the
 * one that is refused alone is put aside with the server's words, and the others go on.
 */

import { t } from "../../shared/i18n.js";
import { ApiError, submitAnswers } from "./api.js";
import { parse } from "../state/lossless_json.js";
import { group, pause, uniqueId } from "../storage/outbox.js";

/** @import { Entry, Outbox } from "../storage/outbox.js" */
/** @import { SaveReply, Result } from "../state/types.js" */

/** How long a tab without locks may hold the right to send, unless it says again that it does. */
const turn = 25_000;

/**
 * What goes over the wire for an entry: which task it is about, and what was added. The task itself
 * stays here: the server has it, and does not take it from a page. (An entry holds it to be drawn
 * again.)
 *
 * @param {Entry} entry
 */
export function wire(entry) {
  return JSON.stringify({ _id: entry.key[2], ...parse(entry.answer) });
}

export class Sender {
  /**
   * @param {Outbox} outbox
   * @param {{
   *   changed: () => void,
   *   stored: (saveReply: SaveReply, sent: Entry[]) => void,
   *   settled?: () => void,
   *   send?: typeof submitAnswers,
   * }} page
   */
  constructor(outbox, page) {
    this.outbox = outbox;
    this.page = page;
    this.send = page.send ?? submitAnswers;
    this.name = uniqueId();
    this.failures = 0;
    this.alone = 0;
    this.running = false;
    this.again = false;
    /** @type {string | null} why the last attempt failed */
    this.trouble = null;
    /** Whether it failed because this browser's key has been changed. */
    this.locked = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** Send what there is, unless a pause is running; `now` ends the pause. */
  async wake(now = false) {
    if (this.running) {
      this.again = true;
      return;
    }
    if (this.failures && !now) return;
    clearTimeout(this.timer);
    this.running = true;
    try {
      do {
        this.again = false;
        while (await this.inTurn(() => this.one()));
      } while (this.again && !this.failures);
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.running = false;
      this.page.changed();
    }
  }

  /**
   * @param {() => Promise<boolean>} work
   * @returns {Promise<boolean>}
   */
  async inTurn(work) {
    const name = `annotd.sender.${this.outbox.owner.project}.${this.outbox.owner.annotator}`;
    const locks = globalThis.navigator?.locks;
    if (locks) return locks.request(name, work);
    if (!(await this.outbox.lease(this.name, Date.now(), Date.now() + turn))) {
      this.timer = setTimeout(() => this.wake(true), 500);
      return false;
    }
    const still = setInterval(() => void this.outbox.lease(this.name, Date.now(), Date.now() + turn), turn / 3);
    try {
      return await work();
    } finally {
      clearInterval(still);
      await this.outbox.lease(this.name, Date.now(), 0);
    }
  }

  /**
   * Send one group.
   *
   * @returns {Promise<boolean>} whether to go on at once
   */
  async one() {
    await this.outbox.read();
    const sent = group(this.outbox.entries, this.alone > 0 ? 1 : undefined);
    this.page.changed();
    if (!sent.length) {
      this.failures = 0;
      this.trouble = null;
      this.locked = false;
      return false;
    }
    /** @type {SaveReply} */
    let saveReply;
    try {
      saveReply = await this.send(sent.map(wire), Date.now());
    } catch (error) {
      this.locked = error instanceof ApiError && error.locked;
      if (!(error instanceof ApiError) || error.passing) {
        return this.fail(error instanceof Error ? error.message : String(error));
      }
      if (sent.length > 1) {
        this.alone = sent.length;
        return true;
      }
      this.alone = Math.max(0, this.alone - 1);
      const refused = { _id: /** @type {Entry} */ (sent[0]).key[2], status: "refused", error: error.message };
      await this.outbox.settle([{ entry: /** @type {Entry} */ (sent[0]), result: refused }]);
      this.page.settled?.();
      return true;
    }
    this.locked = false;
    this.alone = Math.max(0, this.alone - 1);
    const results = new Map((saveReply.results ?? []).map((result) => [result._id, result]));
    const settled = sent.flatMap((entry) => {
      const result = results.get(entry.key[2]);
      return result ? [{ entry, result: /** @type {Result} */ (result) }] : [];
    });
    await this.outbox.settle(settled);
    this.page.settled?.();
    this.page.stored(saveReply, settled.map(({ entry }) => entry));
    if (settled.length < sent.length) return this.fail(t("The server did not confirm every answer."));
    this.failures = 0;
    this.trouble = null;
    return true;
  }

  /**
   * @param {string} words
   * @returns {false}
   */
  fail(words) {
    this.failures++;
    this.trouble = words;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wake(true), pause(this.failures));
    return false;
  }
}

/**
 * Several tabs of one annotator: each tells the others which tasks it holds, so that none is shown
 * twice, and when an answer was given, so that the others let go of the task.
 *
 * A tab that vanishes without a word (a crash) is forgotten after a while; its tasks then come back
 * from the server, which still holds them for this annotator. If two tabs do show the same task,
 * nothing is lost: the server takes the second answer as a revision.
 */

import { uniqueId } from "../storage/outbox.js";

/** How long a tab is believed without hearing from it. Hidden tabs may speak once a minute only. */
const tabTimeout = 150_000;
const postInterval = 30_000;

/**
 * @typedef {{
 *   tab: string,
 *   held: string[] | null,
 *   ask?: boolean,
 *   answered?: string,
 *   settled?: boolean,
 * }} Message
 */

export class TabSync {
  /**
   * @param {string} name one channel for each annotator
   * @param {{holding: () => string[], taken: (ids: string[]) => void, answered: () => void}} page
   */
  constructor(name, page) {
    this.page = page;
    this.tab = uniqueId();
    /** @type {Map<string, {ids: string[], heard: number}>} */
    this.others = new Map();
    this.told = "";
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
    if (!this.channel) return;
    this.channel.onmessage = (event) => this.onMessage(event.data);
    addEventListener("pagehide", () => this.send({ tab: this.tab, held: null }));
    setInterval(() => this.post(true), postInterval);
  }

  /** Ask for the other tabs, and wait a moment for their answers. */
  async announce() {
    if (!this.channel) return;
    this.send({ tab: this.tab, held: [], ask: true });
    await new Promise((resolve) => setTimeout(resolve, 60));
  }

  /** What the other tabs hold. */
  heldByOthers() {
    const oldest = Date.now() - tabTimeout;
    /** @type {string[]} */
    const ids = [];
    for (const [tab, other] of this.others) {
      if (other.heard < oldest) this.others.delete(tab);
      else ids.push(...other.ids);
    }
    return ids;
  }

  /**
   * Tell the others what this page holds, if it changed.
   *
   * @param {boolean} [always]
   */
  post(always = false) {
    const held = this.page.holding();
    const news = held.join(" ");
    if (!always && news === this.told) return;
    this.told = news;
    this.send({ tab: this.tab, held });
  }

  /** @param {string} id */
  postAnswered(id) {
    this.send({ tab: this.tab, held: this.page.holding(), answered: id });
  }

  /** Tell the others that the outbox, which all share, has become shorter. */
  postSettled() {
    this.send({ tab: this.tab, held: this.page.holding(), settled: true });
  }

  /** @param {Message} message */
  send(message) {
    this.channel?.postMessage(message);
  }

  /** @param {Message} message */
  onMessage(message) {
    if (message.held === null) {
      this.others.delete(message.tab);
      return;
    }
    this.others.set(message.tab, { ids: message.held, heard: Date.now() });
    if (message.ask) this.post(true);
    if (message.answered) {
      this.page.taken([message.answered]);
      this.page.answered();
    }
    if (message.settled) this.page.answered();
    // Both asked at the same moment and were given the same: the older name keeps them.
    if (message.held.length && message.tab < this.tab) this.page.taken(message.held);
  }
}

/**
 * What is half done on a card: spans that are drawn, a text that is typed, a remark. Written at
 * every change, as soon as it is painted, so that a reload or a crash brings the card back as it
 * was; gone once the card is answered.
 *
 * Writing is never waited for and may fail: a draft is a convenience, the outbox holds what counts.
 * While one is being written, only the newest of those that come meanwhile is kept, so that typing
 * costs no more than the disk can do.
 */

import { complete, openDatabase, reply } from "./database.js";
import { afterFrame } from "../../shared/scheduling.js";
import { parse } from "../state/lossless_json.js";

/** @import { Project, Values } from "../state/types.js" */

/** @typedef {{values: Values | null, flagged: boolean, comment?: string}} Draft */

/**
 * @typedef {{
 *   key: [project: string, annotator: string, id: string],
 *   at: number,
 *   draft: string,
 * }} Kept
 */

/** Drafts expire after 30 days. */
const month = 30 * 24 * 60 * 60 * 1000;

export class Drafts {
  /** @param {Pick<Project, "project" | "annotator">} owner */
  constructor(owner) {
    this.owner = owner;
    /** @type {IDBDatabase | null} */
    this.db = null;
    /** @type {Map<string, Draft>} by task */
    this.known = new Map();
    /** @type {Map<string, Draft | null>} what is still to be written; null takes one away */
    this.waiting = new Map();
    this.writing = false;
  }

  async open() {
    for (const event of ["pagehide", "visibilitychange"]) addEventListener(event, () => this.flush());
    try {
      this.db = await openDatabase();
      this.db.onversionchange = () => this.db?.close();
      const { project, annotator } = this.owner;
      const range = IDBKeyRange.bound([project, annotator], [project, annotator, []]);
      /** @type {Kept[]} */
      const all = await reply(this.db.transaction("drafts").objectStore("drafts").getAll(range));
      for (const { key, at, draft } of all) {
        if (at > Date.now() - month) this.known.set(key[2], parse(draft));
        else this.waiting.set(key[2], null);
      }
      void this.write();
    } catch {
      this.db = null;
    }
  }

  /**
   * See what other tabs have kept of these tasks since this one was opened.
   *
   * @param {string[]} ids
   */
  async look(ids) {
    const { project, annotator } = this.owner;
    try {
      const store = this.db?.transaction("drafts").objectStore("drafts");
      if (!store) return;
      /** @type {(Kept | undefined)[]} */
      const found = await Promise.all(ids.map((id) => reply(store.get([project, annotator, id]))));
      for (const kept of found) {
        const id = kept?.key[2];
        if (kept && id && !this.waiting.has(id) && kept.at > Date.now() - month) this.known.set(id, parse(kept.draft));
      }
    } catch {
      // What this tab knows has to do.
    }
  }

  /**
   * @param {string} id
   * @returns {Draft | null}
   */
  of(id) {
    return this.known.get(id) ?? null;
  }

  /**
   * @param {string} id
   * @param {Draft} draft
   */
  keep(id, draft) {
    this.known.set(id, draft);
    this.waiting.set(id, draft);
    afterFrame(() => void this.write());
  }

  /** @param {string} id */
  drop(id) {
    // Also where this tab knows of none: another one may have kept it.
    this.known.delete(id);
    this.waiting.set(id, null);
    void this.write();
  }

  /**
   * Write all that waits.
   *
   * @param {IDBDatabase} db
   * @returns {Promise<void>}
   */
  async put(db) {
    const batch = [...this.waiting];
    this.waiting.clear();
    const transaction = db.transaction("drafts", "readwrite");
    const done = complete(transaction);
    const store = transaction.objectStore("drafts");
    for (const [id, draft] of batch) {
      /** @type {Kept["key"]} */
      const key = [this.owner.project, this.owner.annotator, id];
      if (draft) store.put({ key, at: Date.now(), draft: JSON.stringify(draft) });
      else store.delete(key);
    }
    await done;
  }

  /** Write at once, also while the last batch is on its way: the page may be going. */
  flush() {
    if (this.db && this.waiting.size) this.put(this.db).catch(() => {});
  }

  async write() {
    if (this.writing) return;
    this.writing = true;
    try {
      while (this.db && this.waiting.size) {
        await this.put(this.db);
      }
    } catch {
      // A full disk: what is drawn stays on the page.
    } finally {
      this.writing = false;
    }
  }
}

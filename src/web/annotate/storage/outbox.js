/**
 * The outbox: every answer is written here, durably, before the next one is given, and leaves only
 * when the server has said that it is stored.
 *
 * It lives in IndexedDB, one entry for each task, keyed by project, annotator and task. A newer
 * answer to the same task replaces an unsent older one; each has a version of its own, so that the
 * reply to an older one does not take the newer one away. Entries hold JSON as text, because
 * IndexedDB's copies would lose the numbers that lossless_json.js keeps as written.
 *
 * Where IndexedDB refuses (private window, full disk), an entry is kept in memory only and `put`
 * returns false; the page then waits for the server before it goes on.
 *
 * Rejected: localStorage (not durable at a known moment, 5 MB) and a service worker (needs a secure
 * context, which a port on a plain local network is not).
 */

import { complete, openDatabase, reply } from "./database.js";

/** @import { Project, Result } from "../state/types.js" */

/**
 * @typedef {{
 *   key: [project: string, annotator: string, id: string],
 *   version: string,
 *   at: number,
 *   first: boolean,
 *   task: string,
 *   answer: string,
 *   problem: {status: string, error: string} | null,
 * }} Entry
 */

/** At most this many answers in one request, and about this many characters. */
export const groupCount = 50;
export const groupSize = 512 * 1024;

/**
 * The entry that takes an older one's place. A first answer that was never confirmed stays one.
 *
 * @param {Entry | undefined} old
 * @param {Entry} next
 * @returns {Entry}
 */
export function replace(old, next) {
  return old?.first ? { ...next, first: true } : next;
}

/**
 * What becomes of an entry after a reply: it goes (null), or stays, perhaps with a problem.
 *
 * A reply to an older version changes nothing but this: once the server has it, the newer one is no
 * longer a first answer.
 *
 * @param {Entry | undefined} entry as it is now
 * @param {string} sent the version that the reply is about
 * @param {Result} result
 * @returns {Entry | null}
 */
export function settle(entry, sent, result) {
  if (!entry) return null;
  const stored = ["saved", "unchanged", "revised", "late"].includes(result.status);
  if (entry.version !== sent) return stored && entry.first ? { ...entry, first: false } : entry;
  if (stored) return null;
  return { ...entry, problem: { status: result.status, error: result.error ?? "" } };
}

/**
 * What to send next: the oldest without a problem, no more than a request should carry.
 *
 * @param {Entry[]} entries
 * @param {number} [count]
 * @returns {Entry[]}
 */
export function group(entries, count = groupCount) {
  const ready = entries.filter((entry) => !entry.problem).sort((a, b) => a.at - b.at);
  /** @type {Entry[]} */
  const chosen = [];
  let size = 0;
  for (const entry of ready.slice(0, count)) {
    size += entry.answer.length;
    if (chosen.length && size > groupSize) break;
    chosen.push(entry);
  }
  return chosen;
}

/**
 * How long to wait after this many failures in a row: 1, 2, 4, 8, then 15 seconds.
 *
 * @param {number} failures
 */
export function pause(failures) {
  return failures <= 0 ? 0 : Math.min(15_000, 1000 * 2 ** (failures - 1));
}

/** A version that no other tab comes upon; crypto.randomUUID would need a secure context. */
export function uniqueId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("-");
}

export class Outbox {
  /** @param {Pick<Project, "project" | "annotator">} owner */
  constructor(owner) {
    this.owner = owner;
    /** @type {IDBDatabase | null} */
    this.db = null;
    /** @type {Map<string, Entry>} what could not be written durably, by task */
    this.memory = new Map();
    /** @type {Map<string, Entry>} what is on its way to the disk, by task */
    this.writing = new Map();
    /** @type {Entry[]} everything in it, as last read; kept current by every change */
    this.entries = [];
    /** @type {string | null} why answers are not written durably, in the browser's words */
    this.refusal = null;
  }

  async open() {
    try {
      this.db = await openDatabase();
      this.db.onclose = () => (this.db = null);
      this.db.onversionchange = () => this.db?.close();
    } catch (error) {
      this.refusal = error instanceof Error ? error.message : String(error);
    }
    await this.read();
  }

  /**
   * The other annotators of the project who have left answers in this browser: those whose port
   * this was before.
   *
   * @returns {Promise<string[]>}
   */
  async others() {
    if (!this.db) return [];
    const { project, annotator } = this.owner;
    const store = this.db.transaction("outbox").objectStore("outbox");
    const keys = await reply(store.getAllKeys(IDBKeyRange.bound([project], [project, []])));
    const names = keys.map((key) => /** @type {Entry["key"]} */ (key)[1]);
    return [...new Set(names)].filter((name) => name !== annotator);
  }

  /** @param {string} id */
  key(id) {
    return /** @type {Entry["key"]} */ ([this.owner.project, this.owner.annotator, id]);
  }

  /** Read everything again: other tabs write here too. */
  async read() {
    /** @type {Entry[]} */
    let stored = [];
    if (this.db) {
      try {
        const { project, annotator } = this.owner;
        const store = this.db.transaction("outbox").objectStore("outbox");
        stored = await reply(store.getAll(IDBKeyRange.bound([project, annotator], [project, annotator, []])));
      } catch (error) {
        this.refusal = error instanceof Error ? error.message : String(error);
      }
    }
    const newer = new Map([...this.memory, ...this.writing]);
    const kept = stored.filter((entry) => !newer.has(entry.key[2]));
    this.entries = [...kept, ...newer.values()].sort((a, b) => a.at - b.at);
    return this.entries;
  }

  /** Whether answers are expected to be kept on the disk. */
  isReady() {
    return this.db !== null && !this.refusal;
  }

  /**
   * Write an answer. It is among the entries at once; the promise resolves when it is on the disk
   * (true), or when it is known that it can only be kept in memory (false).
   *
   * @param {string} id
   * @param {Pick<Entry, "at" | "first" | "task" | "answer">} content
   * @returns {Promise<boolean>}
   */
  async put(id, content) {
    /** @type {Entry} */
    const next = { key: this.key(id), version: uniqueId(), problem: null, ...content };
    let durable = false;
    let entry = replace(this.entries.find((one) => one.key[2] === id), next);
    const others = () => this.entries.filter((one) => one.key[2] !== id);
    this.writing.set(id, entry);
    this.entries = [...others(), entry];
    if (this.db) {
      try {
        const transaction = this.db.transaction(["outbox", "drafts"], "readwrite", { durability: "strict" });
        const done = complete(transaction);
        const store = transaction.objectStore("outbox");
        // What was half done is done, in one step: a page that ends now must not bring it back.
        transaction.objectStore("drafts").delete(next.key);
        const get = store.get(next.key);
        get.onsuccess = () => {
          entry = replace(get.result, next);
          store.put(entry);
        };
        await done;
        durable = true;
        this.refusal = null;
      } catch (error) {
        this.refusal = error instanceof Error ? error.message : String(error);
      }
    }
    // A newer answer to the same task may be on its way already; then that one counts.
    if (this.writing.get(id)?.version !== next.version) return durable;
    this.writing.delete(id);
    if (durable) this.memory.delete(id);
    else this.memory.set(id, entry);
    this.entries = [...others(), entry];
    return durable;
  }

  /**
   * Apply a reply to the entries that were sent.
   *
   * @param {{entry: Entry, result: Result}[]} settled
   */
  async settle(settled) {
    // First what is in memory: should the disk refuse, these are settled all the same.
    for (const { entry, result } of settled) {
      const after = settle(this.memory.get(entry.key[2]), entry.version, result);
      if (after) this.memory.set(entry.key[2], after);
      else this.memory.delete(entry.key[2]);
    }
    if (this.db) {
      const transaction = this.db.transaction("outbox", "readwrite");
      const done = complete(transaction);
      const store = transaction.objectStore("outbox");
      for (const { entry, result } of settled) {
        const get = store.get(entry.key);
        get.onsuccess = () => {
          if (!get.result) return;
          const after = settle(get.result, entry.version, result);
          if (after) store.put(after);
          else store.delete(entry.key);
        };
      }
      await done;
    }
    await this.read();
  }

  /**
   * Take out an answer that the annotator gave up.
   *
   * @param {string} id
   */
  async drop(id) {
    this.memory.delete(id);
    if (this.db) {
      const transaction = this.db.transaction("outbox", "readwrite");
      const done = complete(transaction);
      transaction.objectStore("outbox").delete(this.key(id));
      await done;
    }
    await this.read();
  }

  /**
   * Hold the right to send for a while, where the browser has no locks (a plain http address): one
   * record, taken and given back in transactions, that expires.
   *
   * @param {string} holder
   * @param {number} now
   * @param {number} until 0 gives it back
   * @returns {Promise<boolean>} whether it is this holder's
   */
  async lease(holder, now, until) {
    if (!this.db) return true;
    let mine = false;
    try {
      const transaction = this.db.transaction("lease", "readwrite");
      const done = complete(transaction);
      const store = transaction.objectStore("lease");
      const get = store.get("sender");
      get.onsuccess = () => {
        const held = /** @type {{holder: string, until: number} | undefined} */ (get.result);
        mine = !held || held.holder === holder || held.until < now;
        if (mine) store.put({ holder, until }, "sender");
      };
      await done;
    } catch {
      // A disk that takes nothing must not keep answers from being sent.
      return true;
    }
    return mine;
  }
}

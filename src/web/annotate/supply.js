/**
 * Tasks: asks for more before the page runs dry, keeps what lies ready as long as somebody is there, and
 * gives it back when they stop.
 */

import { t } from "../shared/tongue.js";
import { ApiError, endSession, getQuestions, isLocked, renew } from "./api.js";
import { settingsOf } from "./desk.js";
import * as dialogs from "./dialogs.js";
import { fetchInterfaces } from "./interfaces/registry.js";
import { fetchAhead } from "./media.js";
import { pause } from "./outbox.js";
import { ahead, holding, hungry } from "./state.js";
import { newLink } from "./words.js";

/** @import { App } from "./main.js" */
/** @import { Task } from "./types.js" */

/** How long to wait before asking again where nothing came. */
const seldom = [15_000, 30_000, 60_000];
const quiet = { waiting: [3_000, 5_000, 8_000, 12_000, 15_000], done: seldom, paused: seldom, left: seldom, moved: seldom };

export class Supply {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.asking = false;
    this.failures = 0;
    /** Whether tasks do not come because this browser's key has been changed. */
    this.locked = false;
    this.empty = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.renewed = Date.now();
    this.active = false;
  }

  /** Ask for more tasks if few lie ready. */
  async ask() {
    if (this.asking) return;
    clearTimeout(this.timer);
    if (!hungry(this.app.state)) {
      // No timer runs any more: the next one who needs tasks asks at once.
      this.empty = 0;
      this.failures = 0;
      return;
    }
    this.asking = true;
    let again = 0;
    try {
      const unsent = this.app.outbox.entries.map((entry) => entry.key[2]);
      const excludes = [...new Set([...holding(this.app.state), ...unsent, ...this.app.tabs.elsewhere()])];
      const reply = await getQuestions(excludes);
      await Promise.all([this.prepare(reply.tasks), this.app.drafts.look(reply.tasks.map(({ _id }) => _id))]);
      fetchAhead(reply.tasks);
      const before = ahead(this.app.state);
      const pending = [...this.app.outbox.entries.map((entry) => entry.key[2]), ...this.app.tabs.elsewhere()];
      this.failures = 0;
      this.locked = false;
      const drafts = new Map(reply.tasks.map(({ _id }) => [_id, this.app.drafts.of(_id)]));
      // The server was told to leave out what other tabs hold; they may still be closed.
      const reason = reply.reason === "done" && this.app.tabs.elsewhere().length ? "waiting" : (reply.reason ?? null);
      this.app.dispatch({ type: "fetched", tasks: reply.tasks, drafts, pending, reason, tally: reply });
      const grown = ahead(this.app.state) > before;
      const pauses = quiet[this.app.state.reason ?? "waiting"];
      again = grown ? 0 : /** @type {number} */ (pauses[Math.min(this.empty, pauses.length - 1)]);
      this.empty = grown ? 0 : this.empty + 1;
      this.app.turning.hear(reply);
    } catch (error) {
      this.failures++;
      this.locked = isLocked(error);
      again = pause(this.failures);
      if (error instanceof ApiError && error.code === "foreign_session") this.app.turning.stale = true;
      this.app.dispatch({ type: "trouble", words: error instanceof Error ? error.message : String(error) });
    } finally {
      this.asking = false;
    }
    if (again) this.timer = setTimeout(() => this.ask(), again);
    else void this.ask();
  }

  /**
   * Fetch the interfaces that these tasks are made of, before one of them is drawn.
   *
   * @param {Task[]} tasks
   */
  async prepare(tasks) {
    const { views } = this.app.kind;
    if (views) await fetchInterfaces([...new Set(tasks.flatMap((task) => views(task, settingsOf(this.app.state, task))))]);
  }

  /** Ask now if the page has run dry, or if no pause is running. */
  feed() {
    if (!this.empty && !this.failures) void this.ask();
  }

  /** Keep what lies ready, as long as somebody is there. */
  renew() {
    const due = Date.now() - this.renewed > (this.app.project.lease_seconds * 1000) / 3;
    if (!due || !this.active || document.visibilityState !== "visible" || !ahead(this.app.state)) return;
    this.renewed = Date.now();
    this.active = false;
    renew().catch(() => (this.renewed = 0));
  }

  /** The network or the person is back: try everything at once. */
  wake() {
    this.active = true;
    this.empty = 0;
    void this.app.outbox.read().then(() => this.app.sender.kick(true));
    void this.ask();
    this.renew();
  }

  /** Give back what lies ready. */
  async stop() {
    dialogs.close();
    await this.app.sender.kick(true);
    try {
      await endSession();
      this.app.dispatch({ type: "ended" });
    } catch (error) {
      this.app.page.say(isLocked(error) ? newLink() : t("The server cannot be reached, so nothing was given back. You can just close the page."));
    }
  }
}

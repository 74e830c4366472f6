/**
 * Tasks: asks for more before the page runs dry, keeps what lies ready as long as somebody is there, and
 * gives it back when they stop.
 *
 * What lies ready may not be this page's any more: the computer slept past the lease, the annotator went on
 * at another device, the lead took it back. After a pause it is in doubt. The server is asked at once, and an
 * answer that is given meanwhile waits for the reply, though not long: a server that is away must not keep
 * anybody from their work.
 */

import { t } from "../shared/tongue.js";
import { ApiError, endSession, getQuestions, isLocked, renew } from "./api.js";
import { settingsOf } from "./desk.js";
import * as dialogs from "./dialogs.js";
import { fetchInterfaces } from "./interfaces/registry.js";
import { fetchAhead } from "./media.js";
import { pause } from "./outbox.js";
import { ahead, current, holding, hungry, inView } from "./state.js";
import { fateWords, newLink } from "./words.js";

/** @import { Told } from "./api.js" */
/** @import { App } from "./main.js" */
/** @import { Task } from "./types.js" */

/** How long to wait before asking again where nothing came. */
const seldom = [15_000, 30_000, 60_000];
const rhythm = { waiting: [3_000, 5_000, 8_000, 12_000, 15_000], done: seldom, paused: seldom, left: seldom, moved: seldom };

/** After how long without a movement, or without the timer, what lies ready is in doubt, in milliseconds. */
const quiet = 60_000;

/** How long an answer waits for the server to say whether its task is still this page's, in milliseconds. */
const patience = 3000;

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

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
    this.quiet = Math.min(quiet, (app.project.lease_seconds * 1000) / 2);
    this.moved = this.ticked = Date.now();
    /** @type {Promise<void> | null} while what lies ready is in doubt */
    this.doubt = null;
    this.doubted = 0;
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
      let grown = false;
      let taken = Promise.resolve();
      const reply = await getQuestions(excludes, inView(this.app.state), (tasks) => {
        taken = taken.then(async () => {
          if (await this.take(tasks)) grown = true;
        });
        // It is looked at below, unless the line breaks before.
        taken.catch(() => {});
      });
      await taken;
      this.failures = 0;
      this.locked = false;
      this.learn(reply);
      // The server was told to leave out what other tabs hold; they may still be closed.
      const reason = reply.reason === "done" && this.app.tabs.elsewhere().length ? "waiting" : (reply.reason ?? null);
      this.app.dispatch({ type: "fetched", tasks: [], pending: [], reason, tally: reply });
      const pauses = rhythm[this.app.state.reason ?? "waiting"];
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
   * Put tasks behind those that lie ready.
   *
   * @param {Task[]} tasks
   * @returns {Promise<boolean>} whether there are more than before
   */
  async take(tasks) {
    const { app } = this;
    await Promise.all([this.prepare(tasks), app.drafts.look(tasks.map(({ _id }) => _id))]);
    fetchAhead(tasks);
    const before = ahead(app.state);
    const pending = [...app.outbox.entries.map((entry) => entry.key[2]), ...app.tabs.elsewhere()];
    const drafts = new Map(tasks.map(({ _id }) => [_id, app.drafts.of(_id)]));
    app.dispatch({ type: "fetched", tasks, drafts, pending, reason: null, tally: {} });
    return ahead(app.state) > before;
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

  /** Somebody moves. */
  move() {
    const rested = Date.now() - this.moved > this.quiet;
    this.moved = Date.now();
    this.active = true;
    if (rested) this.question();
  }

  /** The timer: keep what lies ready, as long as somebody is there. */
  renew() {
    const slept = Date.now() - this.ticked > this.quiet;
    this.ticked = Date.now();
    if (document.visibilityState !== "visible") return;
    const due = this.active && Date.now() - this.renewed > (this.app.project.lease_seconds * 1000) / 3;
    if (slept || due) this.question();
  }

  /** Ask the server which of the cards without an answer are still this page's, and keep those. */
  question() {
    if (this.doubt || !ahead(this.app.state)) return;
    this.renewed = this.doubted = Date.now();
    this.active = false;
    const asked = renew(inView(this.app.state)).then(
      (told) => this.learn(told),
      () => void (this.renewed = 0),
    );
    this.doubt = asked.finally(() => {
      this.doubt = null;
      this.feed();
    });
  }

  /** Wait until nothing is in doubt any more, or no longer. */
  async sure() {
    const left = this.doubted + patience - Date.now();
    if (this.doubt && left > 0) await Promise.race([this.doubt, sleep(left)]);
  }

  /**
   * Let go of what is not this page's any more, and say so.
   *
   * @param {Told} told
   */
  learn({ untouched, touched }) {
    const before = current(this.app.state);
    const all = [untouched, touched].filter((one) => one !== undefined);
    const list = (/** @type {"held" | "moved" | "answered"} */ name) => all.flatMap((one) => one[name]);
    const answered = list("answered");
    this.app.dispatch({ type: "whereabouts", held: list("held"), moved: list("moved"), answered });
    const after = current(this.app.state);
    if (!before || before.given) return;
    if (after?.key !== before.key) {
      this.app.page.say(answered.includes(before.task._id)
        ? t("The task that was here is answered: you did so elsewhere.")
        : t("The task that was here has gone to others meanwhile."));
    } else if (after.fate && after.fate !== before.fate) this.app.page.announce(fateWords(after.fate));
  }

  /** The network or the person is back: try everything at once. */
  wake() {
    this.moved = Date.now();
    this.active = true;
    this.empty = 0;
    void this.app.outbox.read().then(() => this.app.sender.kick(true));
    this.question();
    void (this.doubt ?? Promise.resolve()).then(() => this.ask());
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

/**
 * Fetches tasks before the page runs out of them, renews their leases while the annotator is
 * active, and returns them when they stop.
 *
 * What lies ready may not be this page's any more: the computer slept past the lease, the annotator
 * went on at another device, the lead took it back. After a pause it is in doubt. The server is
 * asked at once, and an answer that is given meanwhile waits for the reply, though not long: a
 * server that is away must not stop the work.
 */

import { t } from "../../shared/i18n.js";
import { ApiError, endSession, getTasks, isLocked, renew } from "./api.js";
import { settingsOf } from "../state/card_settings.js";
import * as dialogs from "../view/dialogs.js";
import { fetchInterfaces } from "../interfaces/registry.js";
import { preloadPictures } from "../media/sources.js";
import { pause } from "../storage/outbox.js";
import { ahead, holding, needsTasks, inView } from "../state/state.js";
import { fateWords, newLink } from "../view/messages.js";

/** @import { Told } from "./api.js" */
/** @import { Drafts } from "../storage/drafts.js" */
/** @import { Outbox } from "../storage/outbox.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Interface, Project, ServerNotice, Task } from "../state/types.js" */

/** How long to wait before asking again where nothing came. */
const idleRetryDelays = [15_000, 30_000, 60_000];
const retryDelays = { waiting: [3_000, 5_000, 8_000, 12_000, 15_000], done: idleRetryDelays, paused: idleRetryDelays, left: idleRetryDelays, moved: idleRetryDelays };

/**
 * After how long without a movement, or without the timer, what lies ready is in doubt, in
 * milliseconds.
 */
const doubtAfter = 60_000;

/**
 * How long an answer waits for the server to say whether its task is still this page's, in
 * milliseconds.
 */
const verificationTimeout = 3000;

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class TaskFeed {
  /**
   * @param {{
   *   project: Project,
   *   kind: Interface,
   *   store: Store,
   *   outbox: Outbox,
   *   drafts: Drafts,
   *   heldByOthers: () => string[],
   *   say: (words: string) => void,
   *   announce: (words: string) => void,
   *   send: () => Promise<void>,
   *   onNotice: (notice: ServerNotice) => void,
   *   onOtherOwner: () => void,
   *   onMissingModule: () => void, }} page `heldByOthers`: the tasks in other tabs; `send` sends
   *   what waits at once; `onOtherOwner`: the
   *   port is another annotator's; `onMissingModule`: an interface could not be fetched
   */
  constructor(page) {
    this.page = page;
    this.project = page.project;
    this.store = page.store;
    this.fetching = false;
    this.failures = 0;
    /** Whether tasks do not come because this browser's key has been changed. */
    this.locked = false;
    this.emptyReplies = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.lastRenewed = Date.now();
    this.activeSinceRenewal = false;
    this.doubtAfter = Math.min(doubtAfter, (page.project.lease_seconds * 1000) / 2);
    this.lastActivity = this.lastTick = Date.now();
    /** @type {Promise<void> | null} while what lies ready is in doubt */
    this.verification = null;
    this.verificationStarted = 0;
  }

  /** Ask for more tasks if few lie ready. */
  async fetchMore() {
    if (this.fetching) return;
    clearTimeout(this.timer);
    if (!needsTasks(this.store.state)) {
      // No timer runs any more: the next one who needs tasks asks at once.
      this.emptyReplies = 0;
      this.failures = 0;
      return;
    }
    this.fetching = true;
    let again = 0;
    try {
      const unsent = this.page.outbox.entries.map((entry) => entry.key[2]);
      const excludes = [...new Set([...holding(this.store.state), ...unsent, ...this.page.heldByOthers()])];
      let added = false;
      let taken = Promise.resolve();
      const reply = await getTasks(excludes, inView(this.store.state), (tasks) => {
        taken = taken.then(async () => {
          if (await this.append(tasks)) added = true;
        });
        // It is looked at below, unless the line breaks before.
        taken.catch(() => {});
      });
      await taken;
      this.failures = 0;
      this.locked = false;
      this.applyVerification(reply);
      // The server was told to leave out what other tabs hold; they may still be closed.
      const reason = reply.reason === "done" && this.page.heldByOthers().length ? "waiting" : (reply.reason ?? null);
      this.store.dispatch({ type: "fetched", tasks: [], pending: [], reason, stats: reply });
      const pauses = retryDelays[this.store.state.reason ?? "waiting"];
      again = added ? 0 : /** @type {number} */ (pauses[Math.min(this.emptyReplies, pauses.length - 1)]);
      this.emptyReplies = added ? 0 : this.emptyReplies + 1;
      this.page.onNotice(reply);
    } catch (error) {
      this.failures++;
      this.locked = isLocked(error);
      again = pause(this.failures);
      if (error instanceof ApiError && error.code === "foreign_session") this.page.onOtherOwner();
      // A page from before an upgrade asks for a module under the path that it had then.
      else if (!(error instanceof ApiError)) this.page.onMissingModule();
      this.store.dispatch({ type: "trouble", words: error instanceof Error ? error.message : String(error) });
    } finally {
      this.fetching = false;
    }
    if (again) this.timer = setTimeout(() => this.fetchMore(), again);
    else void this.fetchMore();
  }

  /**
   * Put tasks behind those that lie ready.
   *
   * @param {Task[]} tasks
   * @returns {Promise<boolean>} whether there are more than before
   */
  async append(tasks) {
    const { drafts: kept, heldByOthers, outbox } = this.page;
    await Promise.all([this.prepare(tasks), kept.look(tasks.map(({ _id }) => _id))]);
    preloadPictures(tasks);
    const before = ahead(this.store.state);
    const pending = [...outbox.entries.map((entry) => entry.key[2]), ...heldByOthers()];
    const drafts = new Map(tasks.map(({ _id }) => [_id, kept.of(_id)]));
    this.store.dispatch({ type: "fetched", tasks, drafts, pending, reason: null, stats: {} });
    return ahead(this.store.state) > before;
  }

  /**
   * Fetch the interfaces that these tasks are made of, before one of them is drawn.
   *
   * @param {Task[]} tasks
   */
  async prepare(tasks) {
    const { views } = this.page.kind;
    if (views) await fetchInterfaces([...new Set(tasks.flatMap((task) => views(task, settingsOf(this.project, task))))]);
  }

  /** Ask now if the page has run dry, or if no pause is running. */
  fetchIfDue() {
    if (!this.emptyReplies && !this.failures) void this.fetchMore();
  }

  /** The annotator moved, scrolled or pressed. */
  onActivity() {
    const rested = Date.now() - this.lastActivity > this.doubtAfter;
    this.lastActivity = Date.now();
    this.activeSinceRenewal = true;
    if (rested) this.verifyHeld();
  }

  /** The timer: renew what lies ready, as long as the annotator is active. */
  renew() {
    const slept = Date.now() - this.lastTick > this.doubtAfter;
    this.lastTick = Date.now();
    if (document.visibilityState !== "visible") return;
    const due = this.activeSinceRenewal && Date.now() - this.lastRenewed > (this.project.lease_seconds * 1000) / 3;
    if (slept || due) this.verifyHeld();
  }

  /** Ask the server which of the cards without an answer are still this page's, and keep those. */
  verifyHeld() {
    if (this.verification || !ahead(this.store.state)) return;
    this.lastRenewed = this.verificationStarted = Date.now();
    this.activeSinceRenewal = false;
    const asked = renew(inView(this.store.state)).then(
      (told) => this.applyVerification(told),
      () => void (this.lastRenewed = 0),
    );
    this.verification = asked.finally(() => {
      this.verification = null;
      this.fetchIfDue();
    });
  }

  /** Wait until nothing is in doubt any more, or no longer. */
  async untilVerified() {
    const left = this.verificationStarted + verificationTimeout - Date.now();
    if (this.verification && left > 0) await Promise.race([this.verification, sleep(left)]);
  }

  /**
   * Let go of what is not this page's any more, and say so.
   *
   * @param {Told} told
   */
  applyVerification({ untouched, touched }) {
    const before = this.store.card;
    const all = [untouched, touched].filter((one) => one !== undefined);
    const list = (/** @type {"held" | "moved" | "answered"} */ name) => all.flatMap((one) => one[name]);
    const answered = list("answered");
    this.store.dispatch({ type: "whereabouts", held: list("held"), moved: list("moved"), answered });
    const after = this.store.card;
    if (!before || before.previousAnswer) return;
    if (after?.key !== before.key) {
      this.page.say(answered.includes(before.task._id)
        ? t("The task that was here is already answered: you did so elsewhere.")
        : t("The task that was here was given to another annotator."));
    } else if (after.fate && after.fate !== before.fate) this.page.announce(fateWords(after.fate));
  }

  /** The network or the person is back: try everything at once. */
  wake() {
    this.lastActivity = Date.now();
    this.activeSinceRenewal = true;
    this.emptyReplies = 0;
    void this.page.outbox.read().then(() => this.page.send());
    this.verifyHeld();
    void (this.verification ?? Promise.resolve()).then(() => this.fetchMore());
  }

  /** Give back what lies ready. */
  async stop() {
    dialogs.close();
    await this.page.send();
    try {
      await endSession();
      this.store.dispatch({ type: "ended" });
    } catch (error) {
      this.page.say(isLocked(error) ? newLink() : t("The server cannot be reached, so no tasks were returned. You can just close the page."));
    }
  }
}

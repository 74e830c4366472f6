/**
 * Answers: written to the outbox while the next card is drawn, then sent; and the way back to earlier
 * ones.
 *
 * The next card does not wait for the disk. Where the browser is known to keep nothing, the card stays
 * until the server has the answer (docs/decisions/0018).
 *
 * A card is answered only once it was painted and its pictures are there, so that two presses within a
 * frame answer one card. What cannot be taken is told, and done by nobody later: rejected was a queue of
 * presses, which would answer cards that came after the hand moved.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { getHistory, isLocked } from "./api.js";
import { isChanged, settingsOf } from "../view/card_view.js";
import * as dialogs from "../view/dialogs.js";
import { afterFrame } from "../view/scheduling.js";
import { parse } from "../state/lossless_json.js";
import { read } from "../state/reading.js";
import { current } from "../state/state.js";
import { newLink, verdictWord } from "../view/messages.js";

/** @import { App } from "./main.js" */
/** @import { Entry } from "../storage/outbox.js" */
/** @import { Card, PreviousAnswer, Interface, Task, Values, Verdict } from "../state/types.js" */

/** How many answers may be on their way to the disk; whoever is faster than that is told. */
export const most = 10;

/** Answers asked for at a time on the way back, and how many the server gives at once. */
const step = 50;
const largest = 1000;

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class AnswerFlow {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** For how many things the page waits. */
    this.waits = 0;
    /** How many answers are being written. */
    this.writing = 0;
    /** @type {{task: Task, json: string} | null} the card's task, as it goes into the outbox */
    this.asJson = null;
    /** @type {number | null} the card of which it was told that its picture is on its way */
    this.blind = null;
  }

  /** The card's task as JSON, once: a long one takes a millisecond, which the key need not wait for. */
  prepare() {
    const task = current(this.app.state)?.task;
    if (task && this.asJson?.task !== task) this.asJson = { task, json: JSON.stringify(task) };
  }

  /** Whether earlier answers are being fetched, or the server or the disk is waited for, and keys do nothing. */
  get busy() {
    return this.waits > 0 || this.writing >= most;
  }

  /** Whether something can be done now. If it cannot, that is told, so that nothing is swallowed. */
  may() {
    const words = this.hindrance();
    if (words) this.app.statusBar.say(words);
    return !words;
  }

  /** @returns {string | null} what stands in the way of every command, in words */
  hindrance() {
    if (this.app.pageRefresh.leaving) return t("This page is being loaded anew. What you pressed was not taken; press it again then.");
    if (this.waits > 0) return t("The server is being waited for. What you pressed was not taken; press it again in a moment.");
    if (this.writing < most) return null;
    return t("{n} answers wait for this browser's disk. What you pressed was not taken; press it again in a moment.", { n: this.writing });
  }

  /**
   * Why this card cannot be answered yet, in words: nobody has seen it. A picture may be long on its way;
   * whoever knows that may skip the task.
   *
   * @param {Card} card
   * @param {Verdict} verdict
   */
  notSeenYet(card, verdict) {
    switch (this.app.cardView.unpainted()) {
      case "task":
        return t("This task was not on the screen yet. What you pressed was not taken; press it again.");
      case "picture":
        if (verdict === "ignore" && this.blind === card.key) return null;
        this.blind = card.key;
        return t("The picture of this task is still on its way, so nothing was answered. To go on without it, skip the task now.");
      default:
        return null;
    }
  }

  /**
   * @param {Verdict} verdict
   * @param {string | null} [reason] why it is skipped; not given: still to be asked for
   */
  async answer(verdict, reason) {
    const card = current(this.app.state);
    if (!card || !this.may()) return;
    const notSeen = this.notSeenYet(card, verdict);
    if (notSeen) {
      this.app.statusBar.say(notSeen);
      return;
    }
    if (this.app.taskFeed.verification && !card.previousAnswer) {
      await this.waitFor(this.app.taskFeed.untilVerified());
      const now = current(this.app.state);
      // Another card, or one that says since that it is not this page's any more: that was not meant.
      if (now?.key !== card.key || now.fate !== card.fate) return;
    }
    const objection = this.app.cardView.view.check?.(verdict);
    if (objection) {
      this.app.statusBar.say(objection);
      return;
    }
    if (verdict === "ignore" && reason === undefined) {
      const reasons = reasonsOf(settingsOf(this.app.state, card.task)("skip_reasons"));
      if (reasons.length) {
        dialogs.askReason(reasons, (chosen) => void this.answer(verdict, chosen));
        return;
      }
    }
    const { state, outbox } = this.app;
    const values = this.app.kind.answer(card.task, card.values, settingsOf(state, card.task));
    const now = Date.now();
    const ready = outbox.isReady();
    this.prepare();
    const kept = this.keep(card, {
      at: now,
      first: !card.previousAnswer,
      task: /** @type {{json: string}} */ (this.asJson).json,
      answer: JSON.stringify({
        ...values,
        answer: verdict,
        ...(card.flagged ? { flagged: true } : {}),
        ...(card.comment.trim() ? { comment: card.comment.trim() } : {}),
        ...(reason ? { skip_reason: reason } : {}),
        _shown_at: now - Math.round(this.app.activeTime.total(performance.now())),
        _answered_at: now,
        // The labels that this page shows may not be those of the roster any more.
        ...(this.app.project.roster_edition ? { _edition: this.app.project.roster_edition } : {}),
      }),
    });
    if (!ready) await this.waitFor(kept);
    this.app.dispatch({ type: "answer", verdict, values, reason: reason ?? null, key: card.key });
    // The next card lies ready: the request for more, which takes some milliseconds to leave, can follow it.
    afterFrame(() => this.app.taskFeed.fetchIfDue());
  }

  /**
   * Write an answer, or, where this browser cannot, wait until the server has it; then send it.
   *
   * @param {Card} card
   * @param {Pick<Entry, "at" | "first" | "task" | "answer">} content
   */
  async keep(card, content) {
    const { drafts, outbox, sender, tabSync } = this.app;
    const id = card.task._id;
    const draft = drafts.of(id);
    // What was not written yet goes with the answer; what was, with its arrival on the disk.
    drafts.waiting.delete(id);
    this.writing++;
    const durable = await outbox.put(id, content);
    this.writing--;
    if (!durable) await this.waitFor(this.confirmed(id));
    // Whoever came back to the card meanwhile may have begun anew.
    if (drafts.of(id) === draft) drafts.drop(id);
    tabSync.postAnswered(id);
    void sender.wake();
  }

  /**
   * Let keys do nothing until something is done.
   *
   * @param {Promise<unknown>} work
   */
  async waitFor(work) {
    this.waits++;
    await work.finally(() => this.waits--);
  }

  /**
   * Wait until the server has an answer that could only be kept in memory.
   *
   * @param {string} id
   */
  async confirmed(id) {
    this.app.render();
    void this.app.sender.wake(true);
    while (this.app.outbox.entries.some((entry) => entry.key[2] === id && !entry.problem)) await sleep(20);
  }

  async undo() {
    if (!this.may()) return;
    if (this.app.state.at === 0 && !this.app.state.oldest) await this.fetchOlder();
    if (this.app.state.at === 0) {
      if (!this.app.statusBar.remark) this.app.statusBar.say(t("There is nothing before this."));
      return;
    }
    this.app.dispatch({ type: "undo" });
    const previousAnswer = current(this.app.state)?.previousAnswer;
    if (previousAnswer) this.app.statusBar.announce(t("Back to an earlier task. Your answer: {answer}.", { answer: verdictWord(previousAnswer.answer) }));
  }

  /** Back to where the annotator was; what was changed on the way and not answered again stays here, and is told. */
  forward() {
    const card = current(this.app.state);
    if (!card?.previousAnswer || !this.may()) return;
    const changed = isChanged(this.app.state, card);
    this.app.dispatch({ type: "forward" });
    this.app.taskFeed.fetchIfDue();
    if (changed) this.app.statusBar.say(t("Your earlier answer is as it was: what you changed there is kept, and sent when you answer it again."));
  }

  /** Put earlier answers in front of the cards: a few that are not among them, or the end. */
  async fetchOlder() {
    this.waits++;
    try {
      while (this.app.state.at === 0 && !this.app.state.oldest) {
        const { before, cards: here } = this.app.state;
        // Without a place to go on from, what is here comes once more.
        const { answers, next } = await getHistory(Math.min(step + (before ? 0 : here.length), largest), before);
        await this.app.taskFeed.prepare(answers);
        const cards = answers.map((record) => pastOf(record, this.app.kind, settingsOf(this.app.state, record)));
        this.app.dispatch({ type: "older", cards: this.app.withDrafts(cards.reverse()), before: next, end: next === null });
      }
    } catch (error) {
      this.app.statusBar.say(cannotFetch(error));
    } finally {
      this.waits--;
    }
  }

  /** Keep what is half done on the card. */
  draft() {
    const card = current(this.app.state);
    if (card) this.app.drafts.keep(card.task._id, { values: card.values, flagged: card.flagged, comment: card.comment });
  }

  /** The panel with what was answered before. Its module comes with the first use: it needs the server anyway. */
  async history() {
    const waiting = dialogs.show("history", t("Your answers"), h("p", {}, t("One moment.")));
    const panel = await import("../view/history.js").catch((error) => this.app.statusBar.say(cannotFetch(error)));
    // Closed meanwhile, or asked for once more.
    if (!waiting.open) return;
    waiting.close();
    panel?.showHistory({
      unsent: [...this.app.outbox.entries].reverse().map((entry) => ({ ...recordOf(entry), at: null })),
      fetch: async (n, before) => {
        const { answers, next } = await getHistory(n, before);
        await this.app.taskFeed.prepare(answers);
        return { past: answers.map((record) => ({ ...pastOf(record, this.app.kind, settingsOf(this.app.state, record)), at: 1000 * Number(record._timestamp) })), next };
      },
      trouble: cannotFetch,
      open: ({ task, previousAnswer }) => {
        if (this.may()) this.app.dispatch({ type: "visit", task, previousAnswer, draft: this.app.drafts.of(task._id) });
      },
    });
  }

  /** A remark on the card. */
  comment() {
    const card = current(this.app.state);
    if (!card || !this.may()) return;
    if (Object.hasOwn(card.task, "comment")) {
      // The server would keep the task's and drop the annotator's.
      this.app.statusBar.say(t("This task came with a remark of its own, so none can be added."));
      return;
    }
    dialogs.askComment(card.comment, (comment) => {
      if (current(this.app.state)?.key !== card.key) return;
      this.app.dispatch({ type: "comment", comment });
      this.draft();
    });
  }
}

/**
 * The reasons that a project gives for skipping.
 *
 * @param {unknown} setting
 * @returns {string[]}
 */
export function reasonsOf(setting) {
  return Array.isArray(setting) ? setting.filter((one) => typeof one === "string" && one.trim()) : [];
}

/** @param {unknown} error */
const cannotFetch = (error) =>
  isLocked(error) ? newLink() : t("Your earlier answers cannot be fetched at the moment: the server cannot be reached.");

/**
 * A record of the server's history as a card that was answered.
 *
 * @param {Task} record
 * @param {Interface} kind
 * @param {(name: string) => unknown} settings
 * @returns {{task: Task, previousAnswer: PreviousAnswer}}
 */
function pastOf(record, kind, settings) {
  const { answer, flagged, comment, skip_reason, _shown_at, _answered_at, _edition, _timestamp, ...task } = record;
  /** @type {PreviousAnswer} */
  const previousAnswer = {
    answer: /** @type {Verdict} */ (answer),
    values: kind.fromAnswer(read(record), settings),
    flagged: flagged === true,
    comment: typeof comment === "string" ? comment : "",
    reason: typeof skip_reason === "string" ? skip_reason : null,
  };
  return { task: /** @type {Task} */ (task), previousAnswer };
}

/**
 * An entry of the outbox as a card that was answered.
 *
 * @param {Entry} entry
 * @returns {{task: Task, previousAnswer: PreviousAnswer}}
 */
export function recordOf(entry) {
  const { answer, flagged, comment = "", skip_reason = null, _shown_at, _answered_at, _edition, ...values } = parse(entry.answer);
  return {
    task: parse(entry.task),
    previousAnswer: { answer, values: /** @type {Values} */ (values), flagged: flagged === true, comment, reason: skip_reason },
  };
}

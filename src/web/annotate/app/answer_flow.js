/**
 * Answers one card: checks that it was seen, writes the answer to the outbox while the next card is
 * drawn, then has it sent.
 *
 * The next card does not wait for the disk. Where the browser is known to keep nothing, the card
 * stays until the server has the answer (docs/decisions/0018).
 *
 * A card is answered only once it was painted and its pictures are there, so that two presses
 * within a frame answer one card.
 */

import { t } from "../../shared/i18n.js";
import { afterFrame } from "../../shared/scheduling.js";
import { settingsOf, skipReasons } from "../state/card_settings.js";
import * as dialogs from "../view/dialogs.js";

/** @import { Store } from "../state/store.js" */
/** @import { Card, Interface, Project, Task, Verdict } from "../state/types.js" */
/** @import { Drafts } from "../storage/drafts.js" */
/** @import { Entry, Outbox } from "../storage/outbox.js" */
/** @import { CardView } from "../view/card_view.js" */
/** @import { CommandGate } from "./command_gate.js" */
/** @import { TaskFeed } from "./task_feed.js" */

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class AnswerFlow {
  /**
   * @param {{
   *   project: Project,
   *   kind: Interface,
   *   store: Store,
   *   gate: CommandGate,
   *   outbox: Outbox,
   *   drafts: Drafts,
   *   taskFeed: Pick<TaskFeed, "verification" | "untilVerified" | "fetchIfDue">,
   *   cardView: () => Pick<CardView, "notSeen" | "view">,
   *   timeWorked: () => number,
   *   say: (words: string) => void,
   *   onAnswered: (id: string) => void,
   *   send: (now?: boolean) => void, }} page `timeWorked`: on this card, in milliseconds;
   *   `onAnswered` is called once an answer is safe;
   *   `send` sends what waits, with `now` without a pause
   */
  constructor(page) {
    this.page = page;
    /** @type {{task: Task, json: string} | null} the card's task, as it goes into the outbox */
    this.asJson = null;
    /** @type {number | null} the card whose picture was said to be on its way */
    this.toldOfPicture = null;
  }

  /**
   * The card's task as JSON, once: a long one takes a millisecond, which a key press need not wait
   * for.
   */
  prepare() {
    const task = this.page.store.card?.task;
    if (task && this.asJson?.task !== task) this.asJson = { task, json: JSON.stringify(task) };
  }

  /**
   * Why this card cannot be answered yet, in words: it was not seen. A picture may take long; the
   * annotator may skip the task without it.
   *
   * @param {Card} card
   * @param {Verdict} verdict
   */
  notSeenYet(card, verdict) {
    switch (this.page.cardView().notSeen()) {
      case "task":
        return t("This task was not on the screen yet. Your input was not taken; try again.");
      case "picture":
        if (verdict === "ignore" && this.toldOfPicture === card.key) return null;
        this.toldOfPicture = card.key;
        return t("The picture of this task is still loading, so nothing was answered. To continue without it, skip the task now.");
      default:
        return null;
    }
  }

  /**
   * @param {Verdict} verdict
   * @param {string | null} [reason] why it is skipped; if absent, the annotator is asked
   */
  async answer(verdict, reason) {
    const { project, kind, store, gate, outbox, taskFeed, say } = this.page;
    const { card } = store;
    if (!card || !gate.isOpen()) return;
    const notSeen = this.notSeenYet(card, verdict);
    if (notSeen) return say(notSeen);
    if (taskFeed.verification && !card.previousAnswer) {
      await gate.waitFor(taskFeed.untilVerified());
      const now = store.card;
      // Another card, or one whose task is not this page's any more: that was not meant.
      if (now?.key !== card.key || now.fate !== card.fate) return;
    }
    const objection = this.page.cardView().view.check?.(verdict);
    if (objection) return say(objection);
    const settings = settingsOf(project, card.task);
    if (verdict === "ignore" && reason === undefined) {
      const reasons = skipReasons(settings("skip_reasons"));
      if (reasons.length) {
        dialogs.askReason(reasons, (chosen) => void this.answer(verdict, chosen));
        return;
      }
    }
    const values = kind.answer(card.task, card.values, settings);
    const now = Date.now();
    const ready = outbox.isReady();
    this.prepare();
    const task = this.asJson?.json ?? "";
    const kept = this.keep(card, {
      at: now,
      first: !card.previousAnswer,
      task,
      answer: JSON.stringify({
        ...values,
        answer: verdict,
        ...(card.flagged ? { flagged: true } : {}),
        ...(card.comment.trim() ? { comment: card.comment.trim() } : {}),
        ...(reason ? { skip_reason: reason } : {}),
        _shown_at: now - Math.round(this.page.timeWorked()),
        _answered_at: now,
        // The labels that this page shows may not be those of the roster any more.
        ...(project.roster_edition ? { _edition: project.roster_edition } : {}),
      }),
    });
    if (!ready) await gate.waitFor(kept);
    store.dispatch({ type: "answer", verdict, values, reason: reason ?? null, key: card.key, size: task.length });
    // The next card lies ready: the request for more, which takes some milliseconds to leave, can
    // follow it.
    afterFrame(() => taskFeed.fetchIfDue());
  }

  /**
   * Write an answer, or, where this browser cannot, wait until the server has it; then send it.
   *
   * @param {Card} card
   * @param {Pick<Entry, "at" | "first" | "task" | "answer">} content
   */
  async keep(card, content) {
    const { drafts, gate, outbox } = this.page;
    const id = card.task._id;
    const draft = drafts.of(id);
    // What was not written yet goes with the answer; what was, with its arrival on the disk.
    drafts.waiting.delete(id);
    gate.writing++;
    const durable = await outbox.put(id, content);
    gate.writing--;
    if (!durable) await gate.waitFor(this.confirmed(id));
    // The annotator may have come back to the card and begun again.
    if (drafts.of(id) === draft) drafts.drop(id);
    this.page.onAnswered(id);
    this.page.send();
  }

  /**
   * Wait until the server has an answer that could only be kept in memory.
   *
   * @param {string} id
   */
  async confirmed(id) {
    const { outbox, store } = this.page;
    store.changed();
    this.page.send(true);
    while (outbox.entries.some((entry) => entry.key[2] === id && !entry.problem)) await sleep(20);
  }

  /** Keep what is half done on the card. */
  saveDraft() {
    const { card } = this.page.store;
    if (card) this.page.drafts.keep(card.task._id, { values: card.values, flagged: card.flagged, comment: card.comment });
  }

  /** Set or clear the card's flag. */
  flag() {
    const { store, gate } = this.page;
    if (!store.card || !gate.isOpen()) return null;
    store.dispatch({ type: "flag" });
    this.saveDraft();
    return store.card?.flagged ?? null;
  }

  /** Ask for a remark on the card. */
  comment() {
    const { store, gate } = this.page;
    const { card } = store;
    if (!card || !gate.isOpen()) return;
    dialogs.askComment(card.comment, (comment) => {
      if (store.card?.key !== card.key) return;
      store.dispatch({ type: "comment", comment });
      this.saveDraft();
    });
  }
}

/**
 * The way back to earlier answers: card by card with undo, or through the panel with all of them;
 * and the way forward again.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { fromHistory, fromOutbox } from "../state/answered_card.js";
import { isChanged, settingsOf } from "../state/card_settings.js";
import * as dialogs from "../view/dialogs.js";
import { newLink, verdictWord } from "../view/messages.js";
import { getHistory, isLocked } from "./api.js";

/** @import { AnsweredCard } from "../state/answered_card.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Interface, Project, Task } from "../state/types.js" */
/** @import { Drafts } from "../storage/drafts.js" */
/** @import { Outbox } from "../storage/outbox.js" */
/** @import { CommandGate } from "./command_gate.js" */
/** @import { TaskFeed } from "./task_feed.js" */

/**
 * How many answers are fetched at a time on the way back, and the most that the server gives at
 * once.
 */
const step = 50;
const largest = 1000;

/** @param {unknown} error */
const cannotFetch = (error) =>
  isLocked(error) ? newLink() : t("Your earlier answers cannot be loaded now: the server cannot be reached.");

export class EarlierAnswers {
  /**
   * @param {{
   *   project: Project,
   *   kind: Interface,
   *   store: Store,
   *   gate: CommandGate,
   *   outbox: Outbox,
   *   drafts: Drafts,
   *   taskFeed: Pick<TaskFeed, "prepare" | "fetchIfDue">,
   *   say: (words: string) => void,
   *   announce: (words: string) => void,
   * }} page
   */
  constructor(page) {
    this.page = page;
  }

  /**
   * Answered cards with what was half done on them since.
   *
   * @param {AnsweredCard[]} cards
   */
  withDrafts(cards) {
    return cards.map((one) => ({ ...one, draft: this.page.drafts.of(one.task._id) }));
  }

  /** @param {Task} record of the server's history */
  cardOf(record) {
    const { project, kind } = this.page;
    return fromHistory(record, kind, settingsOf(project, record));
  }

  /** Go back to the card before. */
  async undo() {
    const { store, gate, announce, say } = this.page;
    if (!gate.isOpen()) return;
    const fetched = store.state.at > 0 || store.state.oldest || (await this.fetchOlder());
    if (store.state.at === 0) {
      if (fetched) say(t("There are no earlier tasks."));
      return;
    }
    store.dispatch({ type: "undo" });
    const answer = store.card?.previousAnswer;
    if (answer) announce(t("Back to an earlier task. Your answer: {answer}.", { answer: verdictWord(answer.answer) }));
  }

  /**
   * Go to the first card without an answer. A change that was not answered again is kept, and the
   * annotator told.
   */
  forward() {
    const { project, kind, store, gate, say, taskFeed } = this.page;
    const { card } = store;
    if (!card?.previousAnswer || !gate.isOpen()) return;
    const changed = isChanged(kind, project, card);
    store.dispatch({ type: "forward" });
    taskFeed.fetchIfDue();
    if (changed) say(t("Your saved answer is unchanged. Your edit is kept as a draft; answer again to submit it."));
  }

  /**
   * Put earlier answers in front of the cards: a few that are not among them, or the end.
   *
   * @returns {Promise<boolean>} whether they could be fetched; if not, the annotator was told
   */
  async fetchOlder() {
    const { store, gate, taskFeed, say } = this.page;
    gate.waits++;
    try {
      while (store.state.at === 0 && !store.state.oldest) {
        const { before, cards: here } = store.state;
        // Without a place to go on from, the cards that are here come once more.
        const { answers, next } = await getHistory(Math.min(step + (before ? 0 : here.length), largest), before);
        await taskFeed.prepare(answers);
        const cards = answers.map((record) => ({ ...this.cardOf(record), size: JSON.stringify(record).length }));
        store.dispatch({ type: "older", cards: this.withDrafts(cards.reverse()), before: next, end: next === null });
      }
      return true;
    } catch (error) {
      say(cannotFetch(error));
      return false;
    } finally {
      gate.waits--;
    }
  }

  /**
   * Open the panel with all answers. Its module is fetched with the first use: it needs the server
   * anyway.
   */
  async history() {
    const { store, gate, outbox, drafts, taskFeed, say } = this.page;
    const waiting = dialogs.show("history", t("Your answers"), h("p", {}, t("One moment.")));
    const panel = await import("../view/history.js").catch((error) => say(cannotFetch(error)));
    // The annotator may have closed it, or opened it once more.
    if (!waiting.open) return;
    waiting.close();
    panel?.showHistory({
      unsent: [...outbox.entries].reverse().map((entry) => ({ ...fromOutbox(entry), at: null })),
      fetch: async (n, before) => {
        const { answers, next } = await getHistory(n, before);
        await taskFeed.prepare(answers);
        return { past: answers.map((record) => ({ ...this.cardOf(record), at: 1000 * Number(record._timestamp) })), next };
      },
      trouble: cannotFetch,
      open: ({ task, previousAnswer }) => {
        if (gate.isOpen()) store.dispatch({ type: "visit", task, previousAnswer, draft: drafts.of(task._id) });
      },
    });
  }
}

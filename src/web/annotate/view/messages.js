/**
 * Words that several parts of the page say.
 */

import { plural, t } from "../../shared/i18n.js";

/** @import { Fate, Verdict } from "../state/types.js" */
/** @import { Command } from "../state/keys.js" */

/** @type {Record<Verdict, string>} */
export const verdictSign = { accept: "✓", reject: "✗", ignore: "⊘" };

/**
 * A verdict as its button says it.
 *
 * @param {string} verdict
 */
export function verdictWord(verdict) {
  switch (verdict) {
    case "accept":
      return t("accept");
    case "reject":
      return t("reject");
    case "ignore":
      return t("skip");
    default:
      return verdict;
  }
}

/**
 * What each command does, as the list of keys has it; in this order.
 *
 * @returns {[Command, string][]}
 */
export const commandWords = () => [
  ["accept", t("accept")],
  ["reject", t("reject")],
  ["ignore", t("skip")],
  ["undo", t("undo: go back one card, as often as you like")],
  ["forward", t("return to the current card")],
  ["flag", t("flag this task, or remove the flag")],
  ["comment", t("a remark on this task")],
  ["history", t("your answers, with search")],
  ["save", t("send unsent answers now (this also happens automatically)")],
  ["instructions", t("the instructions")],
  ["help", t("this list")],
];

/** What to say where the server wants a key that this browser does not have. */
export const newLink = () => t("Your link no longer works. Ask the project lead for the new one, and open it in this browser.");

/** @param {number} n */
export const answersWaitHere = (n) => plural(n, "{n} answer not sent yet", "{n} answers not sent yet");

/**
 * What a card says that is half done and not this page's any more.
 *
 * @param {Fate} fate
 */
export const fateWords = (fate) =>
  fate === "answered"
    ? t("You have already answered this task elsewhere. Answering here changes your answer.")
    : t("This task was given to another annotator. Your answer will be kept, and marked as late if theirs comes first.");

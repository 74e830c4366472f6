/**
 * The bar beneath the card: the question, the answer buttons, the card's flag and remark, and, on a
 * card that was answered before, that answer and the way forward.
 */

import { byId, h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { isSingle, sign } from "../state/keys.js";
import { toText } from "../state/lossless_json.js";
import { fateWords, verdictSign, verdictWord } from "./messages.js";

/** @import { Command, Keymap } from "../state/keys.js" */
/** @import { Card, Verdict } from "../state/types.js" */

/** @type {Verdict[]} */
const verdicts = ["accept", "reject", "ignore"];

/**
 * Clicks of a double click are at most this far apart, in milliseconds. The next card comes between
 * them; no annotator reads one so fast.
 */
const doubleClickGap = 300;

/**
 * Whether a click is the second of a double click. A press of Enter or Space on a button has the
 * detail 0.
 *
 * @param {Pick<MouseEvent, "detail" | "timeStamp">} click
 * @param {number} last when the button was clicked before
 */
export const isSecondClick = ({ detail, timeStamp }, last) => detail > 1 && timeStamp - last < doubleClickGap;

export class ActionBar {
  /**
   * @param {(command: Command) => void} run
   * @param {(words: string) => void} say
   */
  constructor(run, say) {
    this.element = byId("action-bar");
    this.question = byId("question");
    this.answers = byId("answers");
    /** Whether the last press here was a mouse click, and no key on a button. */
    this.byMouse = false;
    let clicked = -Infinity;
    const answer = (/** @type {Verdict} */ verdict, /** @type {MouseEvent} */ click) => {
      const second = isSecondClick(click, clicked);
      clicked = click.timeStamp;
      if (second) say(t("That was a double click: it answered one task. To answer this one, click again."));
      else run(verdict);
    };
    const button = (/** @type {Command} */ command, /** @type {Record<string, unknown>} */ attributes, /** @type {(Node | string)[]} */ ...content) =>
      h("button", { type: "button", ...attributes, onclick: () => run(command) }, ...content);
    this.buttons = verdicts.map((verdict) =>
      h("button", { type: "button", class: `answer ${verdict}`, "data-answer": verdict, onclick: (/** @type {MouseEvent} */ click) => answer(verdict, click) },
        h("span", { class: "sign", "aria-hidden": "true" }, verdictSign[verdict]), verdictWord(verdict), keyOf(verdict)));
    const undo = button("undo", { class: "plain undo", "data-command": "undo" }, h("span", { class: "sign", "aria-hidden": "true" }, "↩"), t("undo"), keyOf("undo"));
    this.flag = button("flag", { class: "plain flagged", hidden: true }, `⚑ ${t("flagged")} `, keyOf("flag"));
    this.remark = button("comment", { class: "plain remark", hidden: true, "aria-label": t("Your remark") });
    this.previousAnswer = h("span", {});
    this.previous = h("p", { class: "previous-answer", hidden: true }, this.previousAnswer,
      button("forward", { class: "plain", "data-command": "forward" }, t("return to the current card"), keyOf("forward")));
    this.fate = h("p", { class: "previous-answer fate", hidden: true });
    this.question.before(this.fate, this.previous);
    put(this.answers, ...this.buttons, undo);
    this.element.addEventListener("click", (event) => (this.byMouse = event.detail > 0), true);
  }

  /** Whether a button here was reached by key and has the focus. */
  get hasKeyboardFocus() {
    return !this.byMouse && this.element.contains(document.activeElement);
  }

  /**
   * Write the keys on the buttons.
   *
   * @param {Keymap} map
   * @param {boolean} singles whether a key of a single character does anything alone
   */
  showKeys(map, singles) {
    for (const place of [...this.answers.querySelectorAll("kbd"), ...this.previous.querySelectorAll("kbd"), ...this.flag.querySelectorAll("kbd")]) {
      const command = /** @type {Command} */ (place.dataset.key);
      const name = map[command][0];
      const full = name && (singles || !isSingle(name)) ? name : name && `alt+${name}`;
      place.textContent = full ? sign(full) : "";
      place.hidden = !full;
      const button = place.closest("button");
      if (full) button?.setAttribute("aria-keyshortcuts", full.split("+").map(capital).join("+"));
      else button?.removeAttribute("aria-keyshortcuts");
    }
  }

  /**
   * Put a card's question above its answers.
   *
   * @param {Iterable<Node>} question
   */
  showCard(question) {
    this.question.replaceChildren(...question, this.flag, this.remark);
    this.answers.hidden = false;
    for (const button of this.buttons) button.hidden = false;
  }

  /**
   * There is no card.
   *
   * @param {boolean} withUndo whether the way back to earlier answers stays
   */
  clear(withUndo) {
    this.question.replaceChildren();
    this.fate.hidden = this.previous.hidden = true;
    for (const button of this.buttons) button.hidden = true;
    this.answers.hidden = !withUndo;
  }

  /**
   * Show what has become of the card: its flag, remark and answer.
   *
   * @param {Card} card
   * @param {boolean} changed whether it differs from its answer
   */
  update(card, changed) {
    for (const button of this.buttons) {
      button.classList.toggle("was", card.previousAnswer?.answer === button.dataset.answer);
    }
    this.flag.hidden = !card.flagged;
    this.remark.hidden = !card.comment.trim();
    const shown = this.remark.firstElementChild ?? this.remark.appendChild(h("bdi", {}));
    say(shown, card.comment.trim());
    this.fate.hidden = !card.fate || Boolean(card.previousAnswer);
    say(this.fate, card.fate ? fateWords(card.fate) : "");
    this.previous.hidden = !card.previousAnswer;
    if (!card.previousAnswer) return;
    const { answer, reason } = card.previousAnswer;
    const said = `${verdictSign[answer] ?? ""} ${verdictWord(toText(answer))}${reason ? ` (${reason})` : ""}`;
    say(this.previousAnswer, changed
      ? t("Changed since your answer: {answer}. Answer again to send the change.", { answer: said })
      : t("Your answer: {answer}. Answer again to change it.", { answer: said }));
  }
}

/** The place for a command's key. @param {Command} command */
const keyOf = (command) => h("kbd", { "aria-hidden": "true", "data-key": command });

/** @param {string} word as in "Alt" */
const capital = (word) => (word.length > 1 ? word.charAt(0).toUpperCase() + word.slice(1) : word);

/**
 * Draws the middle of the page: the card with its interface, the answers beneath it, or, where there
 * is no card, a few calm words.
 *
 * Every card begins at the same height, however long it is and whatever comes to it while somebody works on
 * it: the eye finds its first line where the last card's was, and no text moves under the hand. Rejected: cards
 * in the middle of their room, which jump from one to the next.
 *
 * A card is drawn once, when it comes or before (prerender.js); while it lies there its interface keeps itself
 * up to date. Everything happens synchronously, so the next card stands within the frame of the key press.
 *
 * After a press of the mouse the focus goes to the new card, because a button that kept it would
 * take the next press of space for itself. Who walks with Tab keeps their place.
 */

import { byId, h, put, say } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { Prerenderer } from "./prerender.js";
import { afterFrame } from "./scheduling.js";
import { interfaceOf } from "../interfaces/registry.js";
import { toText } from "../state/lossless_json.js";
import { isSingle, sign } from "../state/keys.js";
import { current, phase } from "../state/state.js";
import { fateWords, newLink, verdictSign, verdictWord } from "./messages.js";

/** @import { Card, Interface, Task, Values, Verdict, View } from "../state/types.js" */
/** @import { Command, Keymap } from "../state/keys.js" */
/** @import { State } from "../state/state.js" */

/**
 * @typedef {{
 *   edit: (values: Values) => void,
 *   submit: (verdict: Verdict) => void,
 *   command: (command: Command) => void,
 *   announce: (words: string) => void,
 *   resume: () => void,
 *   drawn: () => void,
 * }} Hands
 */

/** @type {Verdict[]} */
const verdicts = ["accept", "reject", "ignore"];

/**
 * A setting of the task itself, or else of the project.
 *
 * @param {State} state
 * @param {Task} task
 * @returns {(name: string) => unknown}
 */
export function settingsOf(state, task) {
  const own = /** @type {Record<string, unknown>} */ (task.config && typeof task.config === "object" ? task.config : {});
  return (name) => own[name] ?? state.project?.config?.[name];
}

/**
 * Whether an answered card is another than its answer, which the server has.
 *
 * @param {State} state
 * @param {Card} card
 */
export function isChanged(state, card) {
  const { previousAnswer, task } = card;
  const kind = interfaceOf(state.project?.view_id ?? "");
  if (!previousAnswer || !kind) return false;
  if (card.flagged !== previousAnswer.flagged || card.comment.trim() !== previousAnswer.comment.trim()) return true;
  const settings = settingsOf(state, task);
  const as = (/** @type {Values | null} */ values) => JSON.stringify(kind.answer(task, values, settings));
  return card.values !== previousAnswer.values && as(card.values) !== as(previousAnswer.values);
}

export class CardView {
  /**
   * @param {Hands} hands
   * @param {Keymap} map
   */
  constructor(hands, map) {
    this.hands = hands;
    this.cardArea = byId("card-area");
    this.actionBar = byId("action-bar");
    this.question = byId("question");
    /** @type {View} */
    this.view = {};
    /** @type {number | string | null} what is drawn: a card's key, or the words of a calm page */
    this.drawn = null;
    /** @type {number | null} the card that was painted */
    this.paintedKey = null;
    this.byMouse = false;
    /** @type {HTMLElement | null} the card in work */
    this.host = null;
    this.prerenderer = new Prerenderer(this.cardArea, (state, card) => this.build(state, card));

    this.buttons = verdicts.map((verdict) =>
      h(
        "button",
        { type: "button", class: `answer ${verdict}`, "data-answer": verdict, onclick: () => hands.command(verdict) },
        h("span", { class: "sign", "aria-hidden": "true" }, verdictSign[verdict]),
        verdictWord(verdict),
        slot(verdict),
      ),
    );
    this.undo = h(
      "button",
      { type: "button", class: "plain undo", "data-command": "undo", onclick: () => hands.command("undo") },
      h("span", { class: "sign", "aria-hidden": "true" }, "↩"),
      t("undo"),
      slot("undo"),
    );
    this.flag = h("button", { type: "button", class: "plain flagged", hidden: true, onclick: () => hands.command("flag") }, `⚑ ${t("flagged")} `, slot("flag"));
    this.remark = h("button", { type: "button", class: "plain remark", hidden: true, "aria-label": t("Your remark"), onclick: () => hands.command("comment") });
    this.previousAnswer = h("span", {});
    this.back = h(
      "p",
      { class: "previous-answer", hidden: true },
      this.previousAnswer,
      h("button", { type: "button", class: "plain", "data-command": "forward", onclick: () => hands.command("forward") }, t("back to where you were"), slot("forward")),
    );
    this.fate = h("p", { class: "previous-answer fate", hidden: true });
    this.question.before(this.fate, this.back);
    this.answers = byId("answers");
    put(this.answers, ...this.buttons, this.undo);
    this.actionBar.addEventListener("click", (event) => (this.byMouse = event.detail > 0), true);
    this.label(map, true);
  }

  /**
   * Write the keys on the buttons.
   *
   * @param {Keymap} map
   * @param {boolean} singles whether a key of a single character does anything alone
   */
  label(map, singles) {
    for (const place of [...this.answers.querySelectorAll("kbd"), ...this.back.querySelectorAll("kbd"), ...this.flag.querySelectorAll("kbd")]) {
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
   * @param {State} state
   * @param {{waiting: number, locked: boolean, elsewhere: boolean}} outbox
   */
  update(state, outbox) {
    const card = current(state);
    if (card && !state.fatal) {
      const arrive = this.drawn === card.key ? null : this.draw(state, card);
      this.beneath(state, card);
      // Last: the browser lays out what it is to put the focus in.
      arrive?.();
      if (interfaceOf(state.project?.view_id ?? "")?.canPrerender) this.prerenderer.see(state);
      return;
    }
    this.prerenderer.drop();
    const [title, ...lines] = emptyState(state, outbox);
    const rested = state.ended && phase(state) === "done";
    const all = [title, ...lines].join("\n");
    if (this.drawn === all) return;
    this.drawn = all;
    this.view.destroy?.();
    this.view = {};
    this.cardArea.replaceChildren(h("section", { class: "empty-state" }, h("h2", {}, title), ...lines.map((line) => h("p", {}, line)),
      rested ? h("p", {}, h("button", { type: "button", "data-command": "resume", onclick: () => this.hands.resume() }, t("Go on"))) : null));
    this.question.replaceChildren();
    this.fate.hidden = this.back.hidden = true;
    for (const button of this.buttons) button.hidden = true;
    this.answers.hidden = !["done", "waiting"].includes(phase(state));
  }

  /**
   * A card as its interface draws it, not on the page yet.
   *
   * @param {State} state
   * @param {Card} card
   */
  build(state, card) {
    const project = /** @type {NonNullable<State["project"]>} */ (state.project);
    const { task } = card;
    const kind = /** @type {Interface} */ (interfaceOf(project.view_id));
    const host = h("article", { class: `card ${project.view_id}`, tabindex: "-1", "aria-label": t("Task") });
    const above = h("div", { class: "above" });
    const view = kind.draw(host, above, {
      task,
      project,
      values: card.values,
      // A card that has had its turn, with a finger still on it, says nothing into the next one.
      edit: (values) => this.drawn === card.key && this.hands.edit(values),
      submit: (verdict) => this.drawn === card.key && this.hands.submit(verdict),
      announce: this.hands.announce,
      settings: settingsOf(state, task),
    });
    if (settingsOf(state, task)("hide_meta") !== true) put(host, facts(task.meta));
    return { card, host, above, view };
  }

  /**
   * @param {State} state
   * @param {Card} card
   * @returns {() => void} what is to be done when all the rest of the page is up to date
   */
  draw(state, card) {
    this.view.destroy?.();
    const prerendered = this.prerenderer.take(card);
    const { host, above, view } = prerendered ?? this.build(state, card);
    this.view = view;
    const keepFocus = !this.byMouse && this.actionBar.contains(document.activeElement);
    if (!prerendered) {
      host.dataset.taskId = card.task._id;
      this.cardArea.replaceChildren(host);
    }
    this.question.replaceChildren(...above.childNodes, this.flag, this.remark);
    this.answers.hidden = false;
    for (const button of this.buttons) button.hidden = false;
    this.drawn = card.key;
    this.host = host;
    return () => {
      scrollTo(0, 0);
      if (!keepFocus) host.focus({ preventScroll: true });
      view.mounted?.();
      this.hands.drawn();
      document.body.dataset.seen = "false";
      afterFrame(() => {
        this.paintedKey = card.key;
        document.body.dataset.seen = String(this.drawn === card.key);
      });
    };
  }

  /** What of the card nobody can have seen yet: all of it, or a picture that is on its way. */
  unpainted() {
    if (this.paintedKey !== this.drawn) return "task";
    return [...(this.host?.querySelectorAll("img") ?? [])].some((picture) => !picture.complete) ? "picture" : null;
  }

  /**
   * @param {State} state
   * @param {Card} card
   */
  beneath(state, card) {
    for (const button of this.buttons) {
      button.classList.toggle("was", card.previousAnswer?.answer === button.dataset.answer);
    }
    this.flag.hidden = !card.flagged;
    this.remark.hidden = !card.comment.trim();
    const shown = this.remark.firstElementChild ?? this.remark.appendChild(h("bdi", {}));
    say(shown, card.comment.trim());
    this.fate.hidden = !card.fate || Boolean(card.previousAnswer);
    say(this.fate, card.fate ? fateWords(card.fate) : "");
    this.back.hidden = !card.previousAnswer;
    if (card.previousAnswer) {
      const { answer, reason } = card.previousAnswer;
      const said = `${verdictSign[answer] ?? ""} ${verdictWord(toText(answer))}${reason ? ` (${reason})` : ""}`;
      say(this.previousAnswer, isChanged(state, card)
        ? t("Changed since your answer: {answer}. Answer again to send the change.", { answer: said })
        : t("Your answer: {answer}. Answer again to change it.", { answer: said }));
    }
  }
}

/** Where a command's key is written. @param {Command} command */
const slot = (command) => h("kbd", { "aria-hidden": "true", "data-key": command });

/** @param {string} word as in "Alt" */
const capital = (word) => (word.length > 1 ? word.charAt(0).toUpperCase() + word.slice(1) : word);

/**
 * The small facts in the card's corner.
 *
 * @param {unknown} meta
 */
function facts(meta) {
  if (!meta || typeof meta !== "object") return null;
  const entries = Object.entries(meta).filter(([, value]) => value !== null && value !== "");
  if (!entries.length) return null;
  return h("dl", { class: "meta" }, ...entries.map(([name, value]) => {
    const text = toText(value);
    const link = /^https?:\/\//i.test(text);
    return h(
      "div",
      {},
      h("dt", {}, name),
      h("dd", { dir: "auto" }, link ? h("a", { href: text, target: "_blank", rel: "noopener noreferrer", title: text }, text.replace(/^https?:\/\/(www\.)?/i, "")) : text),
    );
  }));
}

/**
 * What to say where there is no task.
 *
 * @param {State} state
 * @param {{waiting: number, locked: boolean, elsewhere: boolean}} outbox
 * @returns {[string, ...string[]]}
 */
function emptyState(state, outbox) {
  const { waiting, locked } = outbox;
  const kept = waiting
    ? [plural(waiting, "One answer is still kept in this browser and will be sent by itself. Please leave this page open until the bar above says “saved”.", "{n} answers are still kept in this browser and will be sent by themselves. Please leave this page open until the bar above says “saved”.")]
    : [];
  const answered = state.stats.answered ?? 0;
  const count = !waiting && answered > 1 ? [plural(answered, "Your answer is saved.", "All your {n} answers are saved.")] : [];
  switch (phase(state)) {
    case "loading":
      return [t("One moment."), t("Your tasks are on their way.")];
    case "done":
      return state.ended
        ? [t("That is all for now."), t("What you had not answered is free for others."), ...kept]
        : [t("You are done. Thank you."), ...count, t("Nothing is left for you here. If more is added, it appears by itself."), ...kept];
    case "waiting":
      if (outbox.elsewhere) return [t("Your tasks are in another tab of this browser."), t("Go on there. When it is closed, they come here by themselves."), ...kept];
      return [t("Nothing for you at this moment."), t("Others hold the tasks that are left. If one of them comes free, it appears here by itself; you need not do anything."), ...kept];
    case "paused":
      return [t("You are taking a break."), t("Whoever leads the project has set you to “not active”. Your answers are kept. When you are back on, this page goes on by itself."), ...kept];
    case "left":
      return [t("You are no longer part of this project."), ...count, t("Nothing more comes here. If you think this is a mistake, ask whoever leads the project."), ...kept];
    case "moved":
      return [t("Your page has another address now."), t("It opens by itself in a moment; if it is another one than before, please bookmark it anew."), ...kept];
    default:
      return state.fatal
        ? [state.fatal.title, state.fatal.words]
        : locked
          ? [t("This page needs your new link."), newLink(), ...kept]
          : [t("The server cannot be reached."), t("No new tasks can come at the moment. This page goes on by itself as soon as the server is back."), ...kept];
  }
}

/**
 * Draws the middle of the page: the card with its interface, the answers beneath it, or, where there
 * is no card, a few calm words.
 *
 * A card is drawn once, when it comes; while it lies there its interface keeps itself up to date.
 * Everything happens synchronously, so the next card stands within the frame of the key press.
 *
 * After a press of the mouse the focus goes to the new card, because a button that kept it would
 * take the next press of space for itself. Who walks with Tab keeps their place.
 */

import { byId, h, put, say } from "../shared/dom.js";
import { newLink } from "./api.js";
import { interfaceOf } from "./interfaces/registry.js";
import { words } from "./json.js";
import { sign } from "./keys.js";
import { current, phase } from "./state.js";

/** @import { Card, Interface, Task, Values, Verdict, View } from "./types.js" */
/** @import { Command, Keymap } from "./keys.js" */
/** @import { State } from "./state.js" */

/**
 * @typedef {{
 *   edit: (values: Values) => void,
 *   submit: (verdict: Verdict) => void,
 *   command: (command: Command) => void,
 *   announce: (words: string) => void,
 *   drawn: () => void,
 * }} Hands
 */

/** @type {Record<Verdict, {sign: string, word: string}>} */
const verdicts = {
  accept: { sign: "✓", word: "accept" },
  reject: { sign: "✗", word: "reject" },
  ignore: { sign: "⊘", word: "skip" },
};

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

export class Desk {
  /**
   * @param {Hands} hands
   * @param {Keymap} map
   */
  constructor(hands, map) {
    this.hands = hands;
    this.stage = byId("stage");
    this.foot = byId("foot");
    this.question = byId("question");
    /** @type {View} */
    this.view = {};
    /** @type {number | string | null} what is drawn: a card's key, or the words of a calm page */
    this.drawn = null;
    this.byMouse = false;

    this.buttons = /** @type {Verdict[]} */ (Object.keys(verdicts)).map((verdict) => {
      const { sign: mark, word } = verdicts[verdict];
      return h(
        "button",
        { type: "button", class: `answer ${verdict}`, "data-answer": verdict, "aria-keyshortcuts": map[verdict][0] ?? null, onclick: () => hands.command(verdict) },
        h("span", { class: "sign", "aria-hidden": "true" }, mark),
        word,
        key(map[verdict][0]),
      );
    });
    this.undo = h(
      "button",
      { type: "button", class: "plain undo", "data-command": "undo", onclick: () => hands.command("undo") },
      h("span", { class: "sign", "aria-hidden": "true" }, "↩"),
      "undo",
      key(map.undo[0]),
    );
    this.flag = h("p", { class: "flagged", hidden: true }, "⚑ flagged ", key(map.flag[0]));
    this.given = h("span", {});
    this.back = h(
      "p",
      { class: "given", hidden: true },
      this.given,
      h("button", { type: "button", class: "plain", "data-command": "forward", onclick: () => hands.command("forward") }, "back to where you were", key(map.forward[0])),
    );
    this.question.before(this.back);
    this.answers = byId("answers");
    put(this.answers, ...this.buttons, this.undo);
    this.foot.addEventListener("click", (event) => (this.byMouse = event.detail > 0), true);
  }

  /**
   * @param {State} state
   * @param {{waiting: number, locked: boolean}} outbox
   */
  update(state, outbox) {
    const card = current(state);
    if (card && !state.fatal) {
      if (this.drawn !== card.key) this.draw(state, card);
      this.beneath(card);
      return;
    }
    const [title, ...lines] = calm(state, outbox);
    const all = [title, ...lines].join("\n");
    if (this.drawn === all) return;
    this.drawn = all;
    this.view.gone?.();
    this.view = {};
    this.stage.replaceChildren(h("section", { class: "calm" }, h("h2", {}, title), ...lines.map((line) => h("p", {}, line))));
    this.question.replaceChildren();
    this.back.hidden = true;
    for (const button of this.buttons) button.hidden = true;
    this.answers.hidden = !["done", "waiting"].includes(phase(state));
  }

  /**
   * @param {State} state
   * @param {Card} card
   */
  draw(state, card) {
    const project = /** @type {NonNullable<State["project"]>} */ (state.project);
    const { task } = card;
    const kind = /** @type {Interface} */ (interfaceOf(project.view_id));
    const host = h("article", { class: `card ${project.view_id}`, "data-task-id": task._id, tabindex: "-1", "aria-label": "Task" });
    const above = h("div", { class: "above" });
    this.view.gone?.();
    this.view = kind.draw(host, above, {
      task,
      project,
      values: card.values,
      edit: this.hands.edit,
      submit: this.hands.submit,
      announce: this.hands.announce,
      settings: settingsOf(state, task),
    });
    put(host, facts(task.meta));
    const keepFocus = !this.byMouse && this.foot.contains(document.activeElement);
    this.stage.replaceChildren(host);
    this.question.replaceChildren(...above.childNodes, this.flag);
    this.answers.hidden = false;
    for (const button of this.buttons) button.hidden = false;
    this.drawn = card.key;
    scrollTo(0, 0);
    if (!keepFocus) host.focus({ preventScroll: true });
    this.view.shown?.();
    this.hands.drawn();
  }

  /** @param {Card} card */
  beneath(card) {
    for (const button of this.buttons) {
      button.classList.toggle("was", card.given?.answer === button.dataset.answer);
    }
    this.flag.hidden = !card.flagged;
    this.back.hidden = !card.given;
    if (card.given) {
      const { sign: mark, word } = verdicts[card.given.answer] ?? { sign: "", word: words(card.given.answer) };
      say(this.given, `Your answer: ${mark} ${word}. Answer again to change it.`);
    }
  }
}

/** @param {string | undefined} name */
function key(name) {
  return name ? h("kbd", { "aria-hidden": "true" }, sign(name)) : null;
}

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
    const text = words(value);
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
 * @param {{waiting: number, locked: boolean}} outbox
 * @returns {[string, ...string[]]}
 */
function calm(state, outbox) {
  const { waiting, locked } = outbox;
  const kept = waiting
    ? [`${waiting === 1 ? "One answer is" : `${waiting} answers are`} still kept in this browser and will be sent by themselves. Please leave this page open until the bar above says “saved”.`]
    : [];
  const given = state.tally.answered ?? 0;
  const count = !waiting && given > 1 ? `All your ${given} answers are saved. ` : "";
  switch (phase(state)) {
    case "loading":
      return ["One moment.", "Your tasks are on their way."];
    case "done":
      return state.ended
        ? ["That is all for now.", "What you had not answered is free for others. To go on, load this page again.", ...kept]
        : ["You are done. Thank you.", `${count}Nothing is left for you here. If more is added, it appears by itself.`, ...kept];
    case "waiting":
      return ["Nothing for you at this moment.", "Others hold the tasks that are left. If one of them comes free, it appears here by itself; you need not do anything.", ...kept];
    case "paused":
      return ["You are taking a break.", "Whoever leads the project has set you to “not active”. Your answers are kept. When you are back on, this page goes on by itself.", ...kept];
    case "left":
      return ["You are no longer part of this project.", `${count}Nothing more comes here. If you think this is a mistake, ask whoever leads the project.`, ...kept];
    case "moved":
      return ["Your page has another address now.", "It opens by itself in a moment; if it is another one than before, please bookmark it anew.", ...kept];
    default:
      return state.fatal
        ? [state.fatal.title, state.fatal.words]
        : locked
          ? ["This page needs your new link.", newLink, ...kept]
          : ["The server cannot be reached.", "No new tasks can come at the moment. This page goes on by itself as soon as the server is back.", ...kept];
  }
}

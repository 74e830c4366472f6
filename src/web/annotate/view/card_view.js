/**
 * Draws the middle of the page: the card with its interface, or, where there is no card, a few
 * lines of text.
 *
 * Every card begins at the same height, however long it is and whatever is added to it while its
 * annotator works: the first line is where the last card's was, and no text moves under the hand.
 * Rejected: cards in the middle of their room, which jump from one to the next.
 *
 * A card is drawn once, when it comes or before (prerender.js); while it is on the page its
 * interface keeps itself up to date. Everything happens synchronously, so that the next card is
 * drawn within the frame of the key press.
 *
 * After a mouse click the focus goes to the new card, because a button that kept it would take the
 * next press of space for itself. Keyboard users keep their focus.
 */

import { byId, h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { afterFrame } from "../../shared/scheduling.js";
import { isChanged, settingsOf } from "../state/card_settings.js";
import { current, phase } from "../state/state.js";
import { ActionBar } from "./action_bar.js";
import { emptyStateMessage } from "./empty_state.js";
import { metaList } from "./meta_list.js";
import { Prerenderer } from "./prerender.js";

/** @import { Command, Keymap } from "../state/keys.js" */
/** @import { State } from "../state/state.js" */
/** @import { Card, Interface, Values, Verdict, View } from "../state/types.js" */

/**
 * What the card calls back: `edit` with all of the card's values, `drawn` once a card is on the
 * page.
 *
 * @typedef {{
 *   edit: (values: Values) => void,
 *   submit: (verdict: Verdict) => void,
 *   command: (command: Command) => void,
 *   say: (words: string) => void,
 *   announce: (words: string) => void,
 *   resume: () => void,
 *   drawn: () => void,
 * }} Callbacks
 */

export class CardView {
  /**
   * @param {Interface} kind
   * @param {Callbacks} callbacks
   */
  constructor(kind, callbacks) {
    this.kind = kind;
    this.callbacks = callbacks;
    this.cardArea = byId("card-area");
    this.actionBar = new ActionBar(callbacks.command, callbacks.say);
    /** @type {View} */
    this.view = {};
    /**
     * @type {number | string | null} what is drawn: a card's key, or the text where there is none
     */
    this.drawn = null;
    /** @type {number | null} the card that was painted */
    this.paintedKey = null;
    /** @type {HTMLElement | null} the card in work */
    this.host = null;
    this.prerenderer = new Prerenderer(this.cardArea, (state, card) => this.build(state, card));
  }

  /**
   * @param {Keymap} map
   * @param {boolean} singles whether a key of a single character does anything alone
   */
  showKeys(map, singles) {
    this.actionBar.showKeys(map, singles);
  }

  /**
   * @param {State} state
   * @param {{waiting: number, locked: boolean, elsewhere: boolean}} outbox
   */
  update(state, outbox) {
    const card = current(state);
    if (card && !state.fatal) {
      const finish = this.drawn === card.key ? null : this.draw(state, card);
      this.actionBar.update(card, isChanged(this.kind, state.project, card));
      // Last: the browser lays out the card before it can have the focus.
      finish?.();
      if (this.kind.canPrerender) this.prerenderer.request(state);
      return;
    }
    this.prerenderer.drop();
    const [title, ...lines] = emptyStateMessage(state, outbox);
    const stopped = state.ended && phase(state) === "done";
    const all = [title, ...lines].join("\n");
    if (this.drawn === all) return;
    this.drawn = all;
    this.view.destroy?.();
    this.view = {};
    this.cardArea.replaceChildren(h("section", { class: "empty-state" }, h("h2", {}, title), ...lines.map((line) => h("p", {}, line)),
      stopped ? h("p", {}, h("button", { type: "button", "data-command": "resume", onclick: () => this.callbacks.resume() }, t("Go on"))) : null));
    this.actionBar.clear(["done", "waiting"].includes(phase(state)));
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
    const settings = settingsOf(project, task);
    const host = h("article", { class: `card ${project.view_id}`, tabindex: "-1", "aria-label": t("Task") });
    const question = h("div", { class: "above" });
    const view = this.kind.draw(host, question, {
      task,
      project,
      values: card.values,
      // A card that was answered, with a finger still on it, changes nothing of the next one.
      edit: (values) => this.drawn === card.key && this.callbacks.edit(values),
      submit: (verdict) => this.drawn === card.key && this.callbacks.submit(verdict),
      announce: this.callbacks.announce,
      settings,
    });
    if (settings("hide_meta") !== true) put(host, metaList(task.meta));
    return { card, host, question, view };
  }

  /**
   * @param {State} state
   * @param {Card} card
   * @returns {() => void} to be called once the rest of the page is up to date
   */
  draw(state, card) {
    this.view.destroy?.();
    const prerendered = this.prerenderer.take(card);
    const { host, question, view } = prerendered?.drawn ?? this.build(state, card);
    this.view = view;
    const keepFocus = this.actionBar.hasKeyboardFocus;
    if (!prerendered) {
      host.dataset.taskId = card.task._id;
      this.cardArea.replaceChildren(host);
    }
    this.actionBar.showCard(question.childNodes);
    this.drawn = card.key;
    this.host = host;
    return () => {
      scrollTo(0, 0);
      if (!keepFocus) host.focus({ preventScroll: true });
      view.mounted?.();
      this.callbacks.drawn();
      document.body.dataset.seen = "false";
      afterFrame(() => {
        prerendered?.removeOthers();
        this.paintedKey = card.key;
        document.body.dataset.seen = String(this.drawn === card.key);
      });
    };
  }

  /**
   * Which part of the card was not on the screen yet: all of it, or a picture that is still
   * loading.
   */
  notSeen() {
    if (this.paintedKey !== this.drawn) return "task";
    return [...(this.host?.querySelectorAll("img") ?? [])].some((picture) => !picture.complete) ? "picture" : null;
  }
}

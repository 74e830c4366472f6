/**
 * The card that comes next, drawn and laid out while the annotator reads the one before it, so that
 * a key press has only to paint it.
 *
 * It lies on the page unseen, behind the card in work, and becomes the card by losing two classes:
 * moving it from elsewhere would have the browser lay it out again. In the same way the card before
 * is only put aside by the key press, and taken away when the new one has been painted. It is made
 * when the browser has nothing else to do, and only of interfaces that say that they can be drawn
 * before their turn (`canPrerender`, types.js). Whatever has changed since, a draft from another
 * tab, another card in between, has it thrown away and the card drawn as it comes.
 *
 * Rejected: keeping it in a fragment, which saves the smaller part of the work; `visibility:
 * hidden` and `inert`, which every element in the card inherits, and which cost as much as the
 * laying out.
 */

import { whenIdle, whenIdleAfterFrame } from "../../shared/scheduling.js";
import { current } from "../state/state.js";

/** @import { Card, View } from "../state/types.js" */
/** @import { State } from "../state/state.js" */

/** @typedef {{card: Card, host: HTMLElement, question: HTMLElement, view: View}} Drawn */

/**
 * A collapsed card is out of the accessibility tree (content-visibility); until then aria-hidden
 * hides it.
 *
 * @param {Element} host
 */
function hide(host) {
  host.classList.add("offscreen");
  host.setAttribute("aria-hidden", "true");
}

/**
 * Whether what was drawn of a card is still all there is to it.
 *
 * @param {Card} drawn
 * @param {Card} card
 */
export const isSame = (drawn, card) => drawn.key === card.key && drawn.task === card.task && drawn.values === card.values;

/**
 * The card that an answer would lead to.
 *
 * @param {State} state
 * @returns {Card | null}
 */
export const nextOf = (state) => (current(state) && !state.fatal && state.back === null ? (state.cards[state.at + 1] ?? null) : null);

export class Prerenderer {
  /**
   * @param {HTMLElement} cardArea where cards lie
   * @param {(state: State, card: Card) => Drawn} build
   */
  constructor(cardArea, build) {
    this.cardArea = cardArea;
    this.build = build;
    /** @type {Drawn | null} */
    this.drawn = null;
    /** @type {State | null} */
    this.state = null;
    this.asked = false;
  }

  /**
   * See to it that the card after this one is there.
   *
   * @param {State} state
   */
  request(state) {
    this.state = state;
    const next = nextOf(state);
    if (this.asked || !next || (this.drawn && isSame(this.drawn.card, next))) return;
    this.asked = true;
    whenIdle(() => {
      this.asked = false;
      this.prepare();
    });
  }

  prepare() {
    const state = /** @type {State} */ (this.state);
    const next = nextOf(state);
    const before = /** @type {HTMLElement | null} */ (this.cardArea.firstElementChild);
    if (!next || !before || (this.drawn && isSame(this.drawn.card, next))) return;
    this.drop();
    const drawn = this.build(state, next);
    this.drawn = drawn;
    const { host, view } = drawn;
    hide(host);
    // Not by a custom property: all that is in the card would inherit it, and lose it at the key
    // press.
    host.style.setProperty("width", `${before.clientWidth}px`);
    // A key that was pressed meanwhile comes first.
    whenIdle(() => {
      if (this.drawn !== drawn) return;
      this.cardArea.append(host);
      view.prepareLayout?.();
      // Once it is laid out it stays so, shut.
      whenIdleAfterFrame(() => {
        if (this.drawn === drawn) host.classList.add("collapsed");
      });
    });
  }

  /**
   * Put the prerendered card in the place of the card in work, if it is that card.
   *
   * @param {Card} card
   * @returns {{drawn: Drawn, removeOthers: () => void} | null} null if the card has to be drawn;
   *   `removeOthers` is to be called once it was painted
   */
  take(card) {
    const { drawn } = this;
    if (!drawn?.host.isConnected || !isSame(drawn.card, card)) {
      this.drop();
      return null;
    }
    this.drawn = null;
    const before = [...this.cardArea.children].filter((other) => other !== drawn.host);
    for (const other of before) {
      other.removeAttribute("data-task-id");
      hide(other);
      other.classList.add("collapsed");
    }
    drawn.host.classList.remove("offscreen", "collapsed");
    drawn.host.removeAttribute("aria-hidden");
    drawn.host.style.removeProperty("width");
    const removeOthers = () => {
      for (const other of before) other.remove();
      // Only now, so that a search for the card's content finds it in this card.
      if (!drawn.host.classList.contains("offscreen")) drawn.host.dataset.taskId = card.task._id;
    };
    return { drawn, removeOthers };
  }

  drop() {
    this.drawn?.view.destroy?.();
    this.drawn?.host.remove();
    this.drawn = null;
  }
}

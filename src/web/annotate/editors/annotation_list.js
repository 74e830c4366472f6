/**
 * Marks made by hand on a picture or a sound: the list of them, the one that is chosen, the label
 * in hand, and what undo goes back to. `image_manual` and `audio_manual` have one each; how a mark
 * is made and shown is theirs.
 *
 * A mark just made is taken back by backspace, until the next begins or it is let go. It is not
 * `selected` as one is that was picked, and has no outline: then a drag would move it instead of
 * making the next, and a label's key is for the next one, as in Prodigy and as in a text that is
 * marked with the mouse.
 *
 * A label that is given to the selection is active too, and so the next mark's.
 *
 * Rejected: that a label's key after drawing names what was just drawn. Most annotators choose the
 * label first and then draw; each mark would be renamed with the label that is meant for the next.
 */

import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { EditBase } from "./edit_base.js";

/**
 * @template {{label?: unknown}} Mark
 * @extends {EditBase<Mark[]>}
 */
export class AnnotationList extends EditBase {
  /**
   * @param {Mark[]} list
   * @param {{pen: string}} hand the active label; it stays from card to card
   * @param {{keep: () => void, inWords: (one: Mark) => string, announce: (words: string) => void}} how
   *   `keep` passes the values to the page
   */
  constructor(list, hand, how) {
    super(how.announce);
    this.list = list;
    this.hand = hand;
    this.how = how;
    /** @type {Mark | null} */
    this.selected = null;
    /** @type {Mark | null} the one just made, while it is chosen */
    this.last = null;
    /** @type {Mark | null} the one whose latest change was a small step */
    this.nudged = null;
  }

  /** The one that is chosen: what backspace deletes. */
  get here() {
    return this.selected ?? (this.last && this.list.includes(this.last) ? this.last : null);
  }

  /** The label to be shown as the active one. */
  get label() {
    return this.selected ? toText(this.selected.label) : this.hand.pen;
  }

  /** The next mark begins, or nothing is to be chosen any more. */
  letGo() {
    this.select(null);
  }

  /**
   * @param {Mark[]} next
   * @param {Mark | null} [nudge] the mark as it is after a small step
   */
  edit(next, nudge = null) {
    if (!nudge || this.nudged !== this.selected) this.remember(this.list);
    this.nudged = nudge;
    this.list = next;
    this.how.keep();
  }

  /** @param {Mark | null} one */
  select(one) {
    this.selected = one;
    this.last = null;
    this.nudged = null;
  }

  /**
   * The mark after the selected one, or before it, round and round.
   *
   * @param {Mark[]} row in which order
   * @param {1 | -1} step
   */
  beside(row, step) {
    const from = this.selected ? row.indexOf(this.selected) : step > 0 ? -1 : row.length;
    return row[(from + step + row.length) % row.length] ?? null;
  }

  /** @param {Mark} made */
  add(made) {
    this.edit([...this.list, made]);
    this.selected = null;
    this.last = made;
    this.how.announce(this.how.inWords(made));
  }

  /**
   * Replace the chosen mark.
   *
   * @param {Mark} next
   * @param {boolean} [small] whether it was a small step, which is undone with its neighbours
   */
  replace(next, small = false) {
    const old = this.here;
    if (!old || next === old) return;
    this.edit(this.list.map((one) => (one === old ? next : one)), small ? next : null);
    if (this.selected) this.selected = next;
    else this.last = next;
  }

  /**
   * Show another in a mark's place, while it is dragged. This is no change yet.
   *
   * @param {Mark | null} old
   * @param {Mark} next
   */
  swap(old, next) {
    this.list = this.list.map((one) => (one === old ? next : one));
    this.selected = next;
  }

  /**
   * Make a label the active one, and give it to the selected mark.
   *
   * @param {string} label
   */
  take(label) {
    const { announce, inWords } = this.how;
    this.hand.pen = label;
    const old = this.selected;
    if (old && toText(old.label) !== label) {
      const next = { ...old, label };
      this.replace(next);
      announce(inWords(next));
    } else {
      announce(t("Active label: {label}", { label }));
    }
  }

  /** Delete what is here. */
  remove() {
    const one = this.here;
    if (!one) return false;
    this.edit(this.list.filter((other) => other !== one));
    this.how.announce(t("{label} deleted", { label: toText(one.label) }));
    return true;
  }

  /**
   * @override
   * @param {Mark[]} list
   */
  restore(list) {
    this.list = list;
    this.how.keep();
  }
}

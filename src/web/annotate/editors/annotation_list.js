/**
 * The annotations on a picture or a sound: the list of them, the selected one, the active label,
 * and what undo goes back to. `image_manual` and `audio_manual` have one each; how an annotation is
 * made and shown is theirs.
 *
 * Backspace removes an annotation just made, until the next begins. Such an annotation is not
 * `selected` and has no outline: then a drag would move it instead of making the next, and a
 * label's key is for the next one, as in Prodigy and as in a text that is marked with the mouse.
 *
 * A label that is given to the selection is active too, and so the next annotation's.
 *
 * Rejected: that a label's key after drawing renames the shape just drawn. Most annotators choose
 * the label first and then draw; each shape would be renamed with the label that is meant for the
 * next.
 */

import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { EditBase } from "./edit_base.js";

/** @import { ActiveLabel } from "./active_label.js" */

/**
 * @template {{label?: unknown}} Item
 * @extends {EditBase<Item, Item[]>}
 */
export class AnnotationList extends EditBase {
  /**
   * @param {Item[]} list
   * @param {ActiveLabel} active
   * @param {{
   *   keep: () => void,
   *   inWords: (one: Item) => string,
   *   announce: (words: string) => void,
   * }} how
   *   `keep` passes the values to the page
   */
  constructor(list, active, how) {
    super(active, how.announce);
    this.list = list;
    this.how = how;
    /** @type {Item | null} the annotation whose latest change was a small step */
    this.nudged = null;
  }

  /**
   * @override
   * @param {Item} one
   */
  has(one) {
    return this.list.includes(one);
  }

  /** The label to be shown as the active one. */
  get label() {
    return this.selected ? toText(this.selected.label) : this.active.label;
  }

  /**
   * The next annotation begins, or the selection is cleared.
   *
   * @override
   */
  deselect() {
    super.deselect();
    this.nudged = null;
  }

  /**
   * @param {Item[]} next
   * @param {Item | null} [nudge] the annotation as it is after a small step
   */
  edit(next, nudge = null) {
    if (!nudge || this.nudged !== this.selected) this.remember(this.list);
    this.nudged = nudge;
    this.list = next;
    this.how.keep();
  }

  /** @param {Item | null} one */
  select(one) {
    this.deselect();
    this.selected = one;
  }

  /**
   * The annotation after the selected one, or before it, round and round.
   *
   * @param {Item[]} row in which order
   * @param {1 | -1} step
   */
  beside(row, step) {
    const from = this.selected ? row.indexOf(this.selected) : step > 0 ? -1 : row.length;
    return row[(from + step + row.length) % row.length] ?? null;
  }

  /** @param {Item} made */
  add(made) {
    this.edit([...this.list, made]);
    this.selected = null;
    this.last = made;
    this.how.announce(this.how.inWords(made));
  }

  /**
   * Replace the selected annotation, or the one just made.
   *
   * @param {Item} next
   * @param {boolean} [small] whether it was a small step, which is undone with its neighbours
   */
  replace(next, small = false) {
    const old = this.target();
    if (!old || next === old) return;
    this.edit(this.list.map((one) => (one === old ? next : one)), small ? next : null);
    if (this.selected) this.selected = next;
    else this.last = next;
  }

  /**
   * Show another in an annotation's place, while it is dragged. This is not a change yet.
   *
   * @param {Item | null} old
   * @param {Item} next
   */
  swap(old, next) {
    this.list = this.list.map((one) => (one === old ? next : one));
    this.selected = next;
  }

  /**
   * @override
   * @param {string} label
   */
  relabel(label) {
    const old = this.selected;
    if (!old || toText(old.label) === label) return false;
    const next = { ...old, label };
    this.replace(next);
    this.announce(this.how.inWords(next));
    return true;
  }

  /** Remove the selected annotation, or the one just made. */
  remove() {
    const one = this.target();
    if (!one) return false;
    this.edit(this.list.filter((other) => other !== one));
    this.how.announce(t("{label} deleted", { label: toText(one.label) }));
    return true;
  }

  /**
   * @override
   * @param {Item[]} list
   */
  restore(list) {
    this.list = list;
    this.how.keep();
  }
}

/**
 * The base of all editors: the active label, the selected annotation, and the earlier values that
 * undo goes back through.
 *
 * An editor calls `remember` with its value before each change. It defines how an earlier value is
 * restored, whether an annotation is still part of the value, and what a label is given to.
 */

import { t } from "../../shared/i18n.js";

/** @import { ActiveLabel } from "./active_label.js" */

/**
 * @template Item an annotation, which can be selected
 * @template Value all that undo brings back
 */
export class EditBase {
  /**
   * @param {ActiveLabel} active
   * @param {(words: string) => void} announce
   */
  constructor(active, announce) {
    this.active = active;
    this.announce = announce;
    /** @type {Value[]} */
    this.earlier = [];
    /** @type {Item | null} the annotation that a label's key renames */
    this.selected = null;
    /** @type {Item | null} the one made or selected last, which backspace removes */
    this.last = null;
  }

  /** @param {Value} value as it is before a change */
  remember(value) {
    this.earlier.push(value);
  }

  /** Undo the last change. @returns {boolean} whether there was one */
  undo() {
    const value = this.earlier.pop();
    if (value === undefined) return false;
    this.restore(value);
    this.announce(t("The last change is undone."));
    return true;
  }

  /**
   * @abstract
   * @param {Value} _value
   */
  restore(_value) {
    throw new Error("an editor restores its value");
  }

  /**
   * Whether the value still contains an annotation.
   *
   * @abstract
   * @param {Item} _item
   * @returns {boolean}
   */
  has(_item) {
    throw new Error("an editor knows its annotations");
  }

  /** @returns {Item | null} `last`, unless it has been removed */
  remaining() {
    return this.last !== null && this.has(this.last) ? this.last : null;
  }

  /** @returns {Item | null} what backspace removes */
  target() {
    return this.selected ?? this.remaining();
  }

  deselect() {
    this.selected = null;
    this.last = null;
  }

  /**
   * Make a label the active one, and give it to what is selected.
   *
   * @param {string} label
   */
  take(label) {
    this.active.set(label);
    if (!this.relabel(label)) this.announce(t("Active label: {label}", { label }));
  }

  /**
   * Give a label to what is selected, and announce it.
   *
   * @abstract
   * @param {string} _label
   * @returns {boolean} whether the label was for a selection
   */
  relabel(_label) {
    throw new Error("an editor labels its annotations");
  }
}

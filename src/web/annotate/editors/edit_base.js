/**
 * What all editors share: the list of earlier values that undo goes back through.
 *
 * An editor calls `remember` with its value before each change, and says in `restore` how an
 * earlier value becomes the present one.
 */

import { t } from "../../shared/i18n.js";

/** @template Value */
export class EditBase {
  /** @param {(words: string) => void} announce */
  constructor(announce) {
    this.announce = announce;
    /** @type {Value[]} */
    this.earlier = [];
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
    throw new Error("an editor says how it restores a value");
  }
}

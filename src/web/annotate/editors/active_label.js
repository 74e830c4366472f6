/**
 * The active label of a toolbar: the next annotation gets it. It stays from card to card, and over
 * a reload of the page where it has a key to be stored under.
 */

export class ActiveLabel {
  /** @param {string} [storageKey] in the storage of this browser tab */
  constructor(storageKey) {
    this.storageKey = storageKey;
    this.label = storageKey ? stored(storageKey) : "";
  }

  /**
   * Make the first of these labels the active one, unless another of them is.
   *
   * @param {string[]} labels
   */
  limitTo(labels) {
    if (!labels.includes(this.label)) this.label = labels[0] ?? "";
  }

  /** @param {string} label */
  set(label) {
    this.label = label;
    if (!this.storageKey) return;
    try {
      sessionStorage.setItem(this.storageKey, label);
    } catch {
      // Without storage it stays active as long as the page is open.
    }
  }
}

/** @param {string} key */
function stored(key) {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

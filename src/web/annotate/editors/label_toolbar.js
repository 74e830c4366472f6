/**
 * The labels above a text, a drawing of relations, a picture or a sound: one of them is active.
 *
 * Where there are more labels than keys there is a box that finds them (label_search.js): `/` leads
 * there. The list keeps its height meanwhile, so that nothing moves. With more than twenty, those
 * used last stand in front once more (recent_labels.js); no other label's place changes for it.
 * Beside the labels are the buttons that an editor adds: its tools, a switch of its mode, or the
 * button that removes an annotation.
 *
 * On a phone the labels are one row that scrolls sideways, and the box is behind a button
 * (label_toolbar.css).
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { labelKeys, sign } from "../state/keys.js";
import { empty } from "../view/label_colors.js";
import { labelButton } from "./label_button.js";
import { labelSearch } from "./label_search.js";
import { none, used } from "./recent_labels.js";

/** @import { Recent } from "./recent_labels.js" */

/** With more labels than this, those used last stand in front. */
const many = 20;

/** @type {Map<string, Recent>} of each list of labels, kept from card to card */
const kept = new Map();

/** Where the labels are one row. */
const isNarrow = () => matchMedia("(max-width: 640px)").matches;

/** Labels that are shown where only the list may scroll, not the page. */
const nearest = /** @type {const} */ ({ block: "nearest", inline: "nearest" });

/**
 * The button that removes an annotation. On a phone it shows the sign of its key.
 *
 * @param {() => void} remove
 */
export const removeButton = (remove) => h(
  "button",
  { type: "button", class: "plain remove-button", onclick: remove },
  h("span", { class: "long" }, t("remove")),
  h("span", { class: "short", "aria-hidden": "true" }, sign("backspace")),
  h("kbd", { "aria-hidden": "true" }, sign("backspace")),
);

export class LabelToolbar {
  /**
   * @param {string[]} labels
   * @param {unknown} own `keymap_by_label`
   * @param {{
   *   over: "text" | "graph" | "media",
   *   take: (label: string) => void,
   *   back: () => void,
   *   announce: (words: string) => void,
   *   before?: HTMLElement | null,
   *   tools?: HTMLElement[],
   * }} parts `over`: what is beneath the toolbar; `back` gives the focus back to it; `before` and
   *   `tools` go before and behind the labels
   */
  constructor(labels, own, parts) {
    this.own = own;
    this.parts = parts;
    this.element = h("div", { class: `label-toolbar over-${parts.over}` });
    this.list = h("div", { class: "label-list", role: "toolbar", "aria-label": t("Labels"), tabindex: "-1" });
    this.find = h("div", { class: "find" });
    put(this.element, parts.before, this.find, this.list, ...(parts.tools ?? []));
    /** @type {string[]} */
    this.labels = [];
    /** @type {(string | null)[]} */
    this.keys = [];
    /** @type {HTMLElement[]} */
    this.buttons = [];
    /** @type {HTMLElement | null} the button of the active label */
    this.pressed = null;
    /** Whether a label has been shown as active. */
    this.begun = false;
    /** @type {string | null} under which name the labels used last are kept, if they are shown */
    this.kept = null;
    /** @type {HTMLElement | null} */
    this.recent = null;
    /** @type {Recent} what that row shows */
    this.reminded = none;
    /** @type {HTMLInputElement | null} */
    this.box = null;
    this.setLabels(labels);
  }

  /**
   * Draw the toolbar with these labels.
   *
   * @param {string[]} labels
   */
  setLabels(labels) {
    const { list, find } = this;
    const focused = this.element.contains(document.activeElement) && (list.contains(document.activeElement) || find.contains(document.activeElement));
    this.labels = labels;
    this.keys = labelKeys(labels, this.own);
    this.buttons = labels.map((label) => this.button(label));
    this.pressed = null;
    this.begun = false;
    this.kept = labels.length > many ? labels.join("\n") : null;
    this.recent = this.kept === null ? null : h("div", { class: "recent", role: "group", "aria-label": t("Recently used") });
    this.reminded = none;
    list.replaceChildren();
    put(list, this.recent, ...this.buttons, labels.length ? null : empty(t("This project has no labels.")));
    this.box = this.keys.some((key) => key === null) ? this.searchBox() : null;
    find.replaceChildren();
    find.hidden = !this.box;
    if (this.box) put(find, this.openButton(), this.box, h("kbd", { "aria-hidden": "true" }, "/"));
    this.remind();
    if (focused) this.parts.back();
    // The active label of the card before is active on this one, and in sight.
    requestAnimationFrame(() => {
      const { list, pressed } = this;
      if (!pressed || !list.isConnected || !isNarrow()) return;
      const front = pressed.dataset.label && this.recent?.querySelector(`[data-recent=${CSS.escape(pressed.dataset.label)}]`);
      (front || pressed).scrollIntoView(nearest);
    });
  }

  /**
   * @param {string} label
   * @param {Record<string, string>} [more]
   */
  button(label, more = {}) {
    const key = this.keys[this.labels.indexOf(label)];
    return labelButton(label, this.labels, key, this.parts.take, { "aria-pressed": "false", "aria-keyshortcuts": key ?? null, ...more });
  }

  /** @param {string} name a key's name @returns {string | null} */
  labelOf(name) {
    return this.labels[this.keys.indexOf(name)] ?? null;
  }

  /**
   * Show a label as the active one.
   *
   * @param {string} label
   */
  show(label) {
    const { buttons, list } = this;
    const first = !this.begun;
    this.begun = true;
    const button = buttons[this.labels.indexOf(label)] ?? null;
    // A toolbar that was drawn before its turn does not show what was used since.
    if (this.kept !== null && this.reminded !== (kept.get(this.kept) ?? none)) this.remind();
    if (button === this.pressed) return;
    this.pressed?.setAttribute("aria-pressed", "false");
    button?.setAttribute("aria-pressed", "true");
    this.pressed = button;
    if (!button) return;
    // Only the list may scroll for this, not the page, and not before it lies on the page; and
    // with the frame, so that what else the key changes is not laid out twice.
    if (this.box || isNarrow()) requestAnimationFrame(() => this.pressed === button && list.isConnected && button.scrollIntoView(nearest));
    // At first it is the one that was active already.
    if (first) this.remind();
    else this.use(label);
  }

  // The labels used last.

  remind() {
    const { kept: name, recent } = this;
    if (!recent || name === null) return;
    this.reminded = kept.get(name) ?? none;
    const { places } = this.reminded;
    const active = this.pressed?.dataset.label;
    recent.replaceChildren(
      h("span", { class: "recent-words", "aria-hidden": "true" }, places.length ? t("Recently used") : t("Recently used labels appear here.")),
      ...places.map((label) => this.button(label, { "data-recent": label, "aria-pressed": String(label === active) })),
    );
  }

  /** @param {string} label */
  use(label) {
    const { list, pressed } = this;
    if (this.kept === null) return;
    kept.set(this.kept, used(kept.get(this.kept) ?? none, label));
    if (!isNarrow() || !pressed) return this.remind();
    // In one row, those behind would move along.
    const at = pressed.getBoundingClientRect().left;
    this.remind();
    list.scrollLeft += pressed.getBoundingClientRect().left - at;
  }

  // The box that finds a label.

  /** @returns {boolean} whether there is a box, which has the focus now */
  search() {
    if (!this.box) return false;
    this.element.classList.add("finding");
    this.box.focus({ preventScroll: true });
    return true;
  }

  openButton() {
    return h("button", { type: "button", class: "find-open", "aria-label": t("Find a label"), onclick: () => this.search() }, h("span", { class: "lens", "aria-hidden": "true" }));
  }

  searchBox() {
    const { element, list, recent, buttons, parts } = this;
    return labelSearch(this.labels, {
      take: parts.take,
      announce: parts.announce,
      narrow({ matching, first }, typed) {
        if (recent) recent.hidden = typed;
        for (const button of buttons) {
          const label = button.dataset.label ?? "";
          button.hidden = !matching.has(label);
          button.classList.toggle("first", label === first);
        }
      },
      onFocus: () => list.style.setProperty("min-height", `${list.getBoundingClientRect().height}px`),
      onLeave(byKey) {
        element.classList.remove("finding");
        list.style.removeProperty("min-height");
        if (byKey) parts.back();
      },
    });
  }
}

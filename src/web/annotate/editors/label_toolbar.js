/**
 * The labels above a text: one of them is active.
 *
 * Where there are more labels than keys there is a box that filters them: `/` leads there, typing
 * leaves those that fit, enter takes the first, escape leaves. The list keeps its height meanwhile,
 * so that the text does not move. With more than twenty, those used last stand in front once more
 * (recent_labels.js); no other label's place changes for it.
 *
 * On a phone the labels are one row that scrolls sideways, and the box is behind a button
 * (label_toolbar.css).
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { composes, sign } from "../state/keys.js";
import { none, used } from "./recent_labels.js";
import { empty } from "../view/label_colors.js";
import { labelButton } from "./label_button.js";

/** @import { Recent } from "./recent_labels.js" */

/** With more labels than this, those used last stand in front. */
const many = 20;

/** @type {Map<string, Recent>} of each list of labels, kept from card to card */
const kept = new Map();

/** The label that was active in this tab before a reload; none if the browser keeps nothing. */
export function savedLabel() {
  try {
    return sessionStorage.getItem("annotd.pen") ?? "";
  } catch {
    return "";
  }
}

/** @param {string} label */
export function saveLabel(label) {
  try {
    sessionStorage.setItem("annotd.pen", label);
  } catch {
    // It stays active as long as the page is open.
  }
}

/** Where the labels are one row. */
const narrow = () => matchMedia("(max-width: 640px)").matches;

/**
 * @typedef {{
 *   element: HTMLElement,
 *   show: (pen: string, removable: boolean) => void,
 *   search: () => boolean,
 * }} LabelToolbar
 */

/**
 * @param {string} text
 */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * The labels that match what was typed, in their order, and which of them is meant first:
 * one that begins with it goes before one that has it inside.
 *
 * @param {string[]} labels
 * @param {string} typed
 * @returns {{fitting: Set<string>, first: string | null}}
 */
export function filter(labels, typed) {
  const parts = plain(typed).split(/\s+/).filter(Boolean);
  const fitting = labels.filter((label) => {
    const whole = plain(label);
    return parts.every((part) => whole.includes(part));
  });
  const begin = parts[0];
  const first = begin ? fitting.find((label) => plain(label).startsWith(begin)) ?? fitting[0] : null;
  return { fitting: new Set(fitting), first: first ?? null };
}

/**
 * @param {string[]} labels
 * @param {(string | null)[]} keys
 * @param {{take: (label: string) => void, drop: () => void, back: () => void, announce: (words: string) => void}} callbacks
 * @returns {LabelToolbar}
 */
export function labelToolbar(labels, keys, callbacks) {
  if (!labels.length) {
    return { element: empty(t("This project has no labels.")), show: () => {}, search: () => false };
  }
  /**
   * @param {string} label
   * @param {Record<string, string>} [more]
   */
  const penOf = (label, more = {}) => {
    const key = keys[labels.indexOf(label)];
    return labelButton(label, labels, key, callbacks.take, { "aria-pressed": "false", "aria-keyshortcuts": key ?? null, ...more });
  };
  const buttons = labels.map((label) => penOf(label));
  const own = labels.length > many ? labels.join("\n") : null;
  const again = own === null ? null : h("div", { class: "recent", role: "group", "aria-label": t("Recently used") });
  const list = h("div", { class: "pen-list", role: "toolbar", "aria-label": t("Labels"), tabindex: "-1" });
  put(list, again, ...buttons);
  const drop = h(
    "button",
    { type: "button", class: "plain drop-span", onclick: callbacks.drop },
    h("span", { class: "long" }, t("remove")),
    h("span", { class: "short", "aria-hidden": "true" }, sign("backspace")),
    h("kbd", { "aria-hidden": "true" }, sign("backspace")),
  );
  const element = h("div", { class: "pens" });
  const box = keys.some((key) => key === null || key === undefined) ? searchBox() : null;
  /** @type {HTMLElement | null} */
  let pressed = null;
  let begun = false;
  /** @type {Recent} what the row of those used last shows */
  let reminded = none;

  /** Show the labels used last. */
  function remind() {
    if (!again || own === null) return;
    reminded = kept.get(own) ?? none;
    const { places } = reminded;
    const pen = pressed?.dataset.label;
    again.replaceChildren(
      h("span", { class: "recent-words", "aria-hidden": "true" }, places.length ? t("Recently used") : t("Recently used labels appear here.")),
      ...places.map((label) => penOf(label, { "data-recent": label, "aria-pressed": String(label === pen) })),
    );
  }

  /** @param {string} label */
  function use(label) {
    if (own === null) return;
    const before = kept.get(own) ?? none;
    kept.set(own, used(before, label));
    if (!narrow() || !pressed) return remind();
    // In one row, those behind would move along.
    const at = pressed.getBoundingClientRect().left;
    remind();
    list.scrollLeft += pressed.getBoundingClientRect().left - at;
  }

  function searchBox() {
    const input = h("input", {
      type: "search", class: "find-label", placeholder: t("find a label"), "aria-label": t("Find a label"),
      autocomplete: "off", spellcheck: "false", enterkeyhint: "done", "aria-keyshortcuts": "/",
    });
    /** @type {string | null} */
    let first = null;
    const narrowed = () => {
      const found = filter(labels, input.value);
      first = found.first;
      if (again) again.hidden = input.value.trim() !== "";
      for (const button of buttons) {
        const label = button.dataset.label ?? "";
        button.hidden = !found.fitting.has(label);
        button.classList.toggle("first", label === first);
      }
    };
    const leave = () => {
      input.value = "";
      narrowed();
      element.classList.remove("finding");
      list.style.removeProperty("min-height");
      callbacks.back();
    };
    input.addEventListener("focus", () => list.style.setProperty("min-height", `${list.getBoundingClientRect().height}px`));
    input.addEventListener("input", () => {
      narrowed();
      const n = buttons.filter((button) => !button.hidden).length;
      callbacks.announce(first ? plural(n, "{n} label, first: {first}", "{n} labels, first: {first}", { first }) : plural(n, "{n} label", "{n} labels"));
    });
    input.addEventListener("keydown", (event) => {
      // Enter also ends a word in an input method; that is not the end of the search.
      if (composes(event)) return;
      if (event.key === "Enter") {
        const label = first;
        event.preventDefault();
        if (input.value && !label) return;
        leave();
        if (label) callbacks.take(label);
      } else if (event.key === "Escape") {
        event.preventDefault();
        leave();
      }
    });
    input.addEventListener("blur", () => {
      if (input.value) return;
      list.style.removeProperty("min-height");
      element.classList.remove("finding");
    });
    return input;
  }

  const search = () => {
    element.classList.add("finding");
    box?.focus({ preventScroll: true });
    return box !== null;
  };
  const open = h("button", { type: "button", class: "find-open", "aria-label": t("Find a label"), onclick: search }, h("span", { class: "lens", "aria-hidden": "true" }));
  put(element, box && h("div", { class: "find" }, open, box, h("kbd", { "aria-hidden": "true" }, "/")), list, drop);
  remind();
  // The active label of the card before is active on this one, and in sight.
  requestAnimationFrame(() => {
    if (!pressed || !list.isConnected || !narrow()) return;
    const front = pressed.dataset.label && again?.querySelector(`[data-recent=${CSS.escape(pressed.dataset.label)}]`);
    (front || pressed).scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  return {
    element,
    show(pen, removable) {
      drop.disabled = !removable;
      const first = !begun;
      begun = true;
      const button = buttons[labels.indexOf(pen)] ?? null;
      // A bar that was drawn before its turn has not heard what was used since.
      if (own !== null && reminded !== (kept.get(own) ?? none)) remind();
      if (button === pressed) return;
      pressed?.setAttribute("aria-pressed", "false");
      button?.setAttribute("aria-pressed", "true");
      pressed = button;
      if (!button) return;
      // Only the list may scroll for this, not the page, and not before it lies on the page; and
      // with the frame, so that what else the key changes is not laid out twice.
      if (box || narrow()) requestAnimationFrame(() => pressed === button && list.isConnected && button.scrollIntoView({ block: "nearest", inline: "nearest" }));
      // At first it is the one that was active already.
      if (first) remind();
      else use(pen);
    },
    search,
  };
}

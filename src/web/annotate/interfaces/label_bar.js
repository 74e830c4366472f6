/**
 * The labels above a text: one of them is in hand, as a pen is.
 *
 * Where there are more labels than keys there is a box that filters them: `/` leads there, typing
 * leaves those that fit, enter takes the first, escape leaves. The list keeps its height meanwhile, so
 * that the text does not move.
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/tongue.js";
import { sign } from "../keys.js";
import { empty, hue } from "./basics.js";

/**
 * @typedef {{
 *   element: HTMLElement,
 *   show: (pen: string, removable: boolean) => void,
 *   search: () => boolean,
 * }} LabelBar
 */

/**
 * @param {string} text
 */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * The labels that somebody who typed this may mean, in their order, and which of them is meant first:
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
 * @param {{take: (label: string) => void, drop: () => void, back: () => void, announce: (words: string) => void}} hands
 * @returns {LabelBar}
 */
export function labelBar(labels, keys, hands) {
  if (!labels.length) {
    return { element: empty(t("This project has no labels.")), show: () => {}, search: () => false };
  }
  const buttons = labels.map((label, i) => {
    const key = keys[i];
    const button = h(
      "button",
      { type: "button", class: "pen", "data-label": label, "aria-pressed": "false", "aria-keyshortcuts": key ?? null, onclick: () => hands.take(label) },
      h("span", { class: "dot" }),
      h("span", { dir: "auto" }, label),
      key && h("kbd", { "aria-hidden": "true" }, sign(key)),
    );
    button.style.setProperty("--hue", hue(label, labels));
    return button;
  });
  const list = h("div", { class: "pen-list", role: "toolbar", "aria-label": t("Labels"), tabindex: "-1" }, ...buttons);
  const drop = h(
    "button",
    { type: "button", class: "plain drop-span", onclick: hands.drop },
    t("remove"),
    h("kbd", { "aria-hidden": "true" }, sign("backspace")),
  );
  const box = keys.some((key) => key === null || key === undefined) ? searchBox() : null;
  /** @type {HTMLElement | null} */
  let pressed = null;

  function searchBox() {
    const input = h("input", {
      type: "search", class: "find-label", placeholder: t("find a label"), "aria-label": t("Find a label"),
      autocomplete: "off", spellcheck: "false", enterkeyhint: "done", "aria-keyshortcuts": "/",
    });
    /** @type {string | null} */
    let first = null;
    const narrow = () => {
      const found = filter(labels, input.value);
      first = found.first;
      for (const button of buttons) {
        const label = button.dataset.label ?? "";
        button.hidden = !found.fitting.has(label);
        button.classList.toggle("first", label === first);
      }
    };
    const leave = () => {
      input.value = "";
      narrow();
      list.style.removeProperty("min-height");
      hands.back();
    };
    input.addEventListener("focus", () => list.style.setProperty("min-height", `${list.getBoundingClientRect().height}px`));
    input.addEventListener("input", () => {
      narrow();
      const n = buttons.filter((button) => !button.hidden).length;
      hands.announce(first ? plural(n, "{n} label, first: {first}", "{n} labels, first: {first}", { first }) : plural(n, "{n} label", "{n} labels"));
    });
    input.addEventListener("keydown", (event) => {
      // Enter also ends a word in an input method; that is not the end of the search.
      if (event.isComposing) return;
      if (event.key === "Enter") {
        const label = first;
        event.preventDefault();
        if (input.value && !label) return;
        leave();
        if (label) hands.take(label);
      } else if (event.key === "Escape") {
        event.preventDefault();
        leave();
      }
    });
    input.addEventListener("blur", () => {
      if (!input.value) list.style.removeProperty("min-height");
    });
    return input;
  }

  const element = h("div", { class: "pens" });
  put(element, box && h("div", { class: "find" }, box, h("kbd", { "aria-hidden": "true" }, "/")), list, drop);
  return {
    element,
    show(pen, removable) {
      drop.disabled = !removable;
      const button = buttons[labels.indexOf(pen)] ?? null;
      if (button === pressed) return;
      pressed?.setAttribute("aria-pressed", "false");
      button?.setAttribute("aria-pressed", "true");
      // Only the list may scroll for this, not the page, and not before it lies on the page.
      if (button && list.isConnected && box) button.scrollIntoView({ block: "nearest" });
      pressed = button;
    },
    search() {
      box?.focus({ preventScroll: true });
      return box !== null;
    },
  };
}

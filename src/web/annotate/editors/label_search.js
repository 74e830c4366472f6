/**
 * The box that finds a label by its name: typing leaves the labels that match, enter takes the
 * first, escape leaves.
 */

import { h } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { composes } from "../state/keys.js";

/** @param {string} text */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * The labels that match what was typed, in their order, and which of them is meant first:
 * one that begins with it goes before one that has it inside.
 *
 * @param {string[]} labels
 * @param {string} typed
 * @returns {{matching: Set<string>, first: string | null}}
 */
export function filter(labels, typed) {
  const parts = plain(typed).split(/\s+/).filter(Boolean);
  const matching = labels.filter((label) => {
    const whole = plain(label);
    return parts.every((part) => whole.includes(part));
  });
  const begin = parts[0];
  const first = begin ? matching.find((label) => plain(label).startsWith(begin)) ?? matching[0] : null;
  return { matching: new Set(matching), first: first ?? null };
}

/**
 * @param {string[]} labels
 * @param {{
 *   narrow: (found: {matching: Set<string>, first: string | null}, typed: boolean) => void,
 *   onFocus: () => void,
 *   onLeave: (byKey: boolean) => void,
 *   take: (label: string) => void,
 *   announce: (words: string) => void,
 * }} callbacks `narrow` shows the labels that match; `onLeave` is called when the box is left
 *   empty, by Enter or Escape or because the focus went elsewhere
 * @returns {HTMLInputElement}
 */
export function labelSearch(labels, callbacks) {
  const input = h("input", {
    type: "search", class: "find-label", placeholder: t("find a label"), "aria-label": t("Find a label"),
    autocomplete: "off", spellcheck: "false", enterkeyhint: "done", "aria-keyshortcuts": "/",
  });
  /** @type {string | null} */
  let first = null;
  const narrow = () => {
    const found = filter(labels, input.value);
    first = found.first;
    callbacks.narrow(found, input.value.trim() !== "");
    return found.matching.size;
  };
  const leave = () => {
    input.value = "";
    narrow();
    callbacks.onLeave(true);
  };
  input.addEventListener("focus", callbacks.onFocus);
  input.addEventListener("input", () => {
    const n = narrow();
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
    if (!input.value) callbacks.onLeave(false);
  });
  return input;
}

/**
 * The label bar of interfaces that draw on a picture or a sound: the labels with their keys, one of
 * them in hand, and beside it whatever else the interface has buttons for.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { composes, labelKeys } from "../state/keys.js";
import { empty } from "../view/label_colors.js";
import { labelButton } from "./label_button.js";

/** With more labels than this there is a field to find one. */
const many = 20;

/**
 * @param {string[]} labels
 * @param {unknown} own `keymap_by_label`
 * @param {(label: string) => void} take
 * @param {...HTMLElement} beside
 */
export function drawToolbar(labels, own, take, ...beside) {
  const keys = labelKeys(labels, own);
  const buttons = labels.map((label, i) => labelButton(label, labels, keys[i], take, { class: "label-pen" }));
  const search = labels.length > many && h("input", {
    type: "search",
    class: "label-search",
    placeholder: t("Find a label"),
    "aria-label": t("Find a label"),
    oninput: () => filter(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (!search || composes(event) || (event.key !== "Enter" && event.key !== "Escape")) return;
      event.preventDefault();
      const first = event.key === "Enter" && search.value ? buttons.find((button) => !button.hidden) : undefined;
      search.value = "";
      filter();
      search.blur();
      if (first) take(first.dataset.label ?? "");
    },
  });
  const filter = () => {
    const wanted = search ? search.value.trim().toLocaleLowerCase() : "";
    for (const button of buttons) button.hidden = !(button.dataset.label ?? "").toLocaleLowerCase().includes(wanted);
  };
  const list = labels.length
    ? h("div", { class: "label-pens", role: "group", "aria-label": t("Labels") }, search, ...buttons)
    : empty(t("This project has no labels."));
  return {
    element: h("div", { class: "draw-bar" }, list, h("div", { class: "draw-tools" }, ...beside)),
    /** @param {string} name a key's name */
    labelOf: (name) => labels[keys.indexOf(name)] ?? null,
    /** @param {string} pen */
    show(pen) {
      for (const button of buttons) {
        const on = button.dataset.label === pen;
        // One further down in a long list is brought into view once, when it is taken.
        if (on && button.getAttribute("aria-pressed") !== "true") list.scrollTop = Math.max(0, button.offsetTop - list.offsetTop - 40);
        button.setAttribute("aria-pressed", String(on));
      }
    },
  };
}

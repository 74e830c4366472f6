/**
 * The switch between marking spans and drawing relations, in front of their labels.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";

/** @import { Mode } from "./relation_editor.js" */

export class ModeSwitch {
  /** @param {(mode: Mode) => void} turn */
  constructor(turn) {
    const names = { spans: t("spans"), relations: t("relations") };
    this.buttons = /** @type {Mode[]} */ (["spans", "relations"]).map((mode) =>
      h("button", { type: "button", "data-mode": mode, onclick: () => turn(mode) }, names[mode], h("kbd", {}, "m")));
    this.element = h("div", { class: "graph-modes", role: "group", "aria-label": t("What to draw") }, ...this.buttons);
  }

  /** @param {Mode} mode the one in force; the other one has the key that leads to it */
  show(mode) {
    for (const button of this.buttons) {
      const on = button.dataset.mode === mode;
      button.setAttribute("aria-pressed", String(on));
      button.querySelector("kbd")?.toggleAttribute("hidden", on);
    }
  }
}

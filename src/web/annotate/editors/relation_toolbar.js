/**
 * What stands around the drawing of relations: above it the bar with the labels, and with the modes
 * where there are two; beneath it the relations in words, each of which can be chosen and removed
 * there. For a screen reader the list is the drawing.
 */

import { h, put, say } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { sign } from "../state/keys.js";
import { hue } from "../view/label_colors.js";
import { labelButton } from "./label_button.js";
import { formula } from "../view/arc_graph.js";

/** @import { Mode, RelationEditor } from "./relation_editor.js" */

export class RelationToolbar {
  /** @param {RelationEditor} editor */
  constructor(editor) {
    this.editor = editor;
    this.element = h("div", { class: "pens graph-bar", role: "toolbar", "aria-label": t("Labels") });
    this.drop = h("button", { type: "button", class: "plain drop-span", onclick: () => editor.removeHere() }, t("remove"), h("kbd", {}, sign("backspace")));
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
  }

  /** For another mode, the bar is another. */
  draw() {
    const { mode, labels, keys } = this.editor;
    const focused = this.element.contains(document.activeElement);
    const choose = (/** @type {string} */ label) => this.editor.take(label);
    this.buttons = labels[mode].map((label, i) => labelButton(label, labels[mode], keys[mode][i], choose));
    const names = { relations: t("relations"), spans: t("spans") };
    const modes = labels.spans.length && labels.relations.length
      ? h(
          "div",
          { class: "graph-modes", role: "group", "aria-label": t("What to draw") },
          .../** @type {Mode[]} */ (["spans", "relations"]).map((one) =>
            h("button", { type: "button", "data-mode": one, "aria-pressed": String(mode === one), onclick: () => this.editor.turn(one) }, names[one], mode === one ? null : h("kbd", {}, "m")),
          ),
        )
      : null;
    this.element.replaceChildren();
    put(this.element, modes, h("div", { class: "pen-list" }, ...this.buttons), this.drop);
    if (focused) /** @type {HTMLElement | null} */ (this.element.querySelector(`[data-mode=${mode}]`))?.focus();
  }

  /**
   * @param {string} pen
   * @param {boolean} removable
   */
  show(pen, removable) {
    this.drop.disabled = !removable;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.label === pen));
  }
}

export class RelationList {
  /** @param {RelationEditor} editor */
  constructor(editor) {
    this.editor = editor;
    this.count = h("p", { class: "graph-count" });
    this.list = h("ul", { class: "graph-list" });
    this.element = h("section", { class: "graph-words" }, this.count, this.list);
  }

  draw() {
    const { editor, list } = this;
    const { drawn } = editor;
    const focused = document.activeElement;
    const place = list.contains(focused) ? [...list.children].findIndex((item) => item.contains(focused)) : -1;
    const wasDrop = focused?.classList.contains("graph-cross");
    say(this.count, drawn.length ? plural(drawn.length, "{n} relation", "{n} relations") : t("No relations yet."));
    list.replaceChildren(...drawn.map((relation) => {
      const [from, to] = /** @type {[number, number]} */ (editor.endsOf(relation));
      const label = toText(relation.label);
      const line = h(
        "li",
        {},
        h("button", { type: "button", class: "plain graph-line", "aria-pressed": String(relation === editor.chosen), onclick: () => editor.choose(relation) }, formula(editor.nameOf(from), label, editor.nameOf(to))),
        h("button", { type: "button", class: "plain graph-cross", "aria-label": t("remove {what}", { what: editor.said([from, to], label) }), onclick: () => editor.removeRelation(relation) }, "×"),
      );
      line.style.setProperty("--hue", hue(label, editor.labels.relations));
      return line;
    }));
    if (place < 0) return;
    // Keyboard users keep their place in the list.
    const item = list.children[Math.min(place, list.children.length - 1)];
    const next = item?.querySelector(wasDrop ? ".graph-cross" : ".graph-line");
    if (next instanceof HTMLElement) next.focus();
    else editor.host.focus({ preventScroll: true });
  }
}

/**
 * The relations in words, beneath their drawing: each can be selected and removed there. For a
 * screen reader the list is the drawing.
 */

import { h, say } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { hue } from "../view/label_colors.js";
import { formula } from "../view/arc_graph.js";

/** @import { RelationEditor } from "./relation_editor.js" */

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
        h("button", { type: "button", class: "plain graph-line", "aria-pressed": String(relation === editor.selected), onclick: () => editor.select(relation) }, formula(editor.nameOf(from), label, editor.nameOf(to))),
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

/**
 * `dep`: are the arcs between these words right? The words in lines, the arcs above them, what kind
 * of word each is beneath, where the task has it. Nothing is edited.
 *
 * For screen readers, and for reading, the arcs are listed in words below.
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { byToken, anchors } from "../annotations/arcs.js";
import { toText } from "../state/lossless_json.js";
import { Offsets } from "../annotations/offsets.js";
import { tokensOf } from "../state/reading.js";
import { start, units } from "../annotations/spans.js";
import { empty, hue } from "../view/label_colors.js";
import { Graph, formula } from "../view/arc_graph.js";

/** @import { Relation } from "../annotations/arcs.js" */
/** @import { Interface } from "../state/types.js" */

/** @type {Interface} */
const dep = {
  draw(host, _question, { task, project, settings }) {
    const text = toText(task.text);
    if (!text.trim()) {
      put(host, empty(t("This task's text is empty.")));
      return {};
    }
    const offsets = new Offsets(text);
    const row = units(task, offsets, { characters: false, newlines: true });
    const anchored = anchors(row, start(task.spans, offsets.length).spans);
    const where = byToken(row, anchored);
    const given = Array.isArray(task.arcs) ? /** @type {Relation[]} */ (task.arcs) : [];
    const arcs = given.flatMap((arc) => {
      const from = where.get(/** @type {number} */ (arc?.head));
      const to = where.get(/** @type {number} */ (arc?.child));
      if (from === undefined || to === undefined) return [];
      const label = toText(arc.label);
      return [{ from, to, label, hue: hue(label, project.labels) }];
    });
    const left = given.length - arcs.length;
    if (left) put(host, h("p", { class: "note" }, plural(left, "{n} arc does not end at a token and is not drawn.", "{n} arcs do not end at tokens and are not drawn.")));
    const kinds = kindsOf(tokensOf(task));
    const graph = new Graph({
      offsets, row, pick: false, lanes: 0, spanLabels: project.labels,
      wrap: settings("wrap") !== false,
      heads: settings("hide_arrow_heads") !== true,
      name: t("The text, with arcs between its words. The arcs are listed in words below."),
      ...(kinds.size ? { beneath: (unit) => kinds.get(unit.id ?? -1) ?? "" } : {}),
    });
    graph.drawWords(anchored);
    graph.drawArcs(arcs);
    put(host, graph.field);
    const name = (/** @type {number} */ at) => {
      const stop = anchored[at];
      const [from, to] = [row[stop?.from ?? -1], row[stop?.to ?? -1]];
      return from && to ? offsets.slice(from.start, to.end) : "";
    };
    if (arcs.length) {
      const list = h("ul", { class: "graph-list" });
      const whole = h("details", { class: "graph-words" }, h("summary", {}, t("The arcs in words")), list);
      whole.addEventListener("toggle", () => {
        if (!list.childElementCount) put(list, ...arcs.map((arc) => h("li", {}, formula(name(arc.from), arc.label, name(arc.to)))));
      });
      put(host, whole);
    }
    return { mounted: () => graph.mounted(), destroy: () => graph.destroy() };
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [],
};

/**
 * What kind of word each token is, by its id.
 *
 * @param {unknown} tokens
 * @returns {Map<number, string>}
 */
function kindsOf(tokens) {
  /** @type {Map<number, string>} */
  const found = new Map();
  if (!Array.isArray(tokens)) return found;
  tokens.forEach((token, i) => {
    const kind = toText(token?.pos ?? token?.tag);
    if (kind) found.set(Number.isInteger(token.id) ? token.id : i, kind);
  });
  return found;
}

export default dep;

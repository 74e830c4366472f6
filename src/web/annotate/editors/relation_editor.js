/**
 * One card of `relations` in work: its spans and relations, the selected one, and the changes that
 * keys and presses make.
 *
 * The words and the arcs are drawn by arc_graph.js, the list beneath them by relation_list.js.
 * What a press means is in relation_pointers.js, how the cursor moves in relation_cursor.js, and
 * what needs no page in arcs.js and spans.js.
 *
 * Everything is kept as the task had it until it is touched: what cannot be drawn (an end that is
 * no token, a span that fits none) is said and goes back as it came.
 */

import { h, put, say } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { byToken, reanchor, relate, anchorAt, anchors } from "../annotations/arcs.js";
import { same, toText } from "../state/lossless_json.js";
import { Offsets } from "../annotations/offsets.js";
import { apply, select, sorted, start, units } from "../annotations/spans.js";
import { empty, hue } from "../view/label_colors.js";
import { Graph } from "../view/arc_graph.js";
import { ActiveLabel } from "./active_label.js";
import { EditBase } from "./edit_base.js";
import { editorKey } from "./editor_keys.js";
import { LabelToolbar, removeButton } from "./label_toolbar.js";
import { ModeSwitch } from "./mode_switch.js";
import { RelationList } from "./relation_list.js";
import { arrow } from "./relation_cursor.js";
import { pointers } from "./relation_pointers.js";

/** @import { Relation, Anchor } from "../annotations/arcs.js" */
/** @import { Context, Span, Task, Values, View } from "../state/types.js" */

/** @typedef {"relations" | "spans"} Mode */

/** @typedef {{spans: Span[], relations: Relation[]}} Marked */

/**
 * The mode, which stays from card to card.
 *
 * @type {{mode: Mode}}
 */
const kept = { mode: "relations" };

/** @type {Record<Mode, ActiveLabel>} */
const active = { relations: new ActiveLabel(), spans: new ActiveLabel() };

/** @extends {EditBase<Relation | Span, Marked>} */
export class RelationEditor extends EditBase {
  /**
   * @param {HTMLElement} host
   * @param {Context} context
   */
  constructor(host, context) {
    super(active[kept.mode], context.announce);
    const { task, project } = context;
    const text = toText(task.text);
    this.host = host;
    this.context = context;
    this.offsets = new Offsets(text);
    this.row = units(task, this.offsets, { characters: false, newlines: context.settings("allow_newline_highlight") === true });
    const own = context.settings("relations_span_labels");
    this.labels = {
      relations: project.labels,
      spans: Array.isArray(own) ? own.filter((label) => typeof label === "string") : /** @type {string[]} */ ([]),
    };
    for (const mode of /** @type {Mode[]} */ (["relations", "spans"])) active[mode].limitTo(this.labels[mode]);
    if (!this.labels.spans.length) kept.mode = "relations";
    else if (!this.labels.relations.length) kept.mode = "spans";
    this.active = active[kept.mode];

    this.values = begun(task, context.values);
    /** @type {Anchor[]} */
    this.anchored = [];
    /** @type {Map<number, number>} */
    this.where = new Map();
    /** @type {Relation[]} those that are drawn, in the order of their arcs */
    this.drawn = [];
    /** @type {number | null} */
    this.cursor = null;
    /** @type {number | null} where a selection of words began */
    this.anchor = null;
    /** @type {number | null} where the next arrow begins */
    this.head = null;

    this.modes = this.labels.spans.length && this.labels.relations.length ? new ModeSwitch((mode) => this.turn(mode)) : null;
    this.remover = removeButton(() => this.removeTarget());
    this.toolbar = new LabelToolbar(this.labels[kept.mode], context.settings("keymap_by_label"), {
      over: "graph",
      take: (label) => this.take(label),
      back: () => host.focus({ preventScroll: true }),
      announce: context.announce,
      before: this.modes?.element ?? null,
      tools: [this.remover],
    });
    this.list = new RelationList(this);
    this.graph = new Graph({
      offsets: this.offsets, row: this.row, pick: true, lanes: context.settings("wrap") === false ? 3 : 1, spanLabels: this.labels.spans,
      wrap: context.settings("wrap") !== false,
      heads: context.settings("hide_arrow_heads") !== true,
      name: t("The text. The arrow keys move from word to word; the relations are listed below."),
    });
    this.note = h("p", { class: "note", hidden: true });
    put(host, this.toolbar.element, this.note, text.trim() ? this.graph.field : empty(t("This task's text is empty.")), this.list.element);
    this.modes?.show(kept.mode);
    this.drawAll();
    this.leave = pointers(this);
  }

  get mode() {
    return kept.mode;
  }

  // Drawing.

  drawAll() {
    this.anchored = anchors(this.row, start(this.values.spans, this.offsets.length).spans);
    this.where = byToken(this.row, this.anchored);
    this.graph.drawWords(this.anchored);
    this.drawRelations();
  }

  drawRelations() {
    const { spans, relations } = this.values;
    this.drawn = relations.filter((relation) => this.endsOf(relation));
    this.graph.drawArcs(this.drawn.map((relation) => {
      const [from, to] = /** @type {[number, number]} */ (this.endsOf(relation));
      const label = toText(relation.label);
      return { from, to, label, hue: hue(label, this.labels.relations), on: relation === this.selected };
    }));
    const hidden = relations.length - this.drawn.length + spans.length - this.anchored.filter((stop) => stop.span).length;
    this.note.hidden = !hidden;
    say(this.note, hidden ? plural(hidden, "{n} suggestion does not match word boundaries and is not drawn. It is kept unchanged.", "{n} suggestions do not match word boundaries and are not drawn. They are kept unchanged.") : "");
    this.list.draw();
    this.refresh();
  }

  /** Show what is selected and what the keys would do with it. */
  refresh() {
    const { graph } = this;
    for (const element of graph.row.querySelectorAll(".picked, .head")) element.classList.remove("picked", "head");
    if (this.mode === "spans") {
      const picked = this.range();
      if (picked) for (let i = picked.from; i <= picked.to; i++) graph.units.get(i)?.classList.add("picked");
    } else {
      this.element(this.cursor)?.classList.add("picked");
      this.element(this.head)?.classList.add("head");
    }
    this.toolbar.show(this.active.label);
    this.remover.disabled = this.target() === null;
  }

  // What lies where.

  /**
   * @param {Relation} relation @returns {[number, number] | null} its stops, where it can be drawn
   */
  endsOf(relation) {
    const from = this.where.get(/** @type {number} */ (relation?.head));
    const to = this.where.get(/** @type {number} */ (relation?.child));
    return from === undefined || to === undefined ? null : [from, to];
  }

  /** @param {number | null} unit @returns {number} the stop that a unit lies in */
  anchorOf(unit) {
    return unit === null ? -1 : anchorAt(this.anchored, unit);
  }

  /** @param {number | null} unit */
  element(unit) {
    return unit === null ? null : this.mode === "spans" ? this.graph.units.get(unit) : this.graph.elements[this.anchorOf(unit)];
  }

  /** @param {number} stop */
  nameOf(stop) {
    const { from, to } = /** @type {Anchor} */ (this.anchored[stop]);
    const [first, second] = [this.row[from], this.row[to]];
    return first && second ? this.offsets.slice(first.start, second.end) : "";
  }

  /**
   * A relation in words.
   *
   * @param {[number, number]} ends
   * @param {unknown} label
   */
  said([from, to], label) {
    return `${this.nameOf(from)} —${toText(label)}→ ${this.nameOf(to)}`;
  }

  range() {
    return this.cursor === null ? null : select(this.row, this.anchor ?? this.cursor, this.cursor);
  }

  /**
   * @override
   * @param {Relation | Span} one
   */
  has(one) {
    const { relations, spans } = this.values;
    return relations.includes(one) || spans.includes(/** @type {Span} */ (one));
  }

  /**
   * @override
   * @returns {Relation | Span | null}
   */
  target() {
    const { cursor, selected } = this;
    if (selected) return selected;
    if (this.mode === "spans" && cursor !== null) return this.anchored[this.anchorOf(cursor)]?.span ?? null;
    return this.remaining();
  }

  // Changes.

  /** @param {Partial<Marked>} change */
  edit(change) {
    this.remember(this.values);
    this.values = { ...this.values, ...change };
    this.context.edit(this.values);
    if (change.spans) this.drawAll();
    else this.drawRelations();
  }

  /**
   * @override
   * @param {Marked} values
   */
  restore(values) {
    this.values = values;
    this.deselect();
    this.head = null;
    this.context.edit(values);
    this.drawAll();
  }

  /**
   * @override
   * @param {string} label
   */
  take(label) {
    super.take(label);
    this.refresh();
  }

  /**
   * @override
   * @param {string} label
   */
  relabel(label) {
    const { mode, cursor, head, selected } = this;
    if (mode === "relations" && selected) this.rename(selected, label);
    else if (mode === "relations" && head !== null && cursor !== null && this.anchorOf(cursor) !== this.anchorOf(head)) this.connect(head, cursor);
    else if (mode === "spans" && cursor !== null) this.mark();
    else return false;
    return true;
  }

  /**
   * @param {Relation} relation
   * @param {string} label
   */
  rename(relation, label) {
    const { relations } = this.values;
    if (relation.label === label) return;
    if (relations.some((one) => one.head === relation.head && one.child === relation.child && one.label === label)) {
      this.context.announce(t("This relation already exists."));
      return;
    }
    const { color: _, ...rest } = relation;
    const next = { ...rest, label };
    this.selected = next;
    this.edit({ relations: relations.map((one) => (one === relation ? next : one)) });
    this.context.announce(label);
  }

  /**
   * @param {number} from a unit
   * @param {number} to
   */
  connect(from, to) {
    const { relations } = this.values;
    const { label } = active.relations;
    /** @type {[number, number]} */
    const ends = [this.anchorOf(from), this.anchorOf(to)];
    const [a, b] = [this.anchored[ends[0]], this.anchored[ends[1]]];
    if (!a || !b || a === b || !label) return;
    const next = relate(this.row, a, b, label);
    this.head = null;
    const twin = relations.find((one) => same([one?.head, one?.child, one?.label], [next.head, next.child, next.label]));
    if (twin) {
      this.context.announce(t("This relation already exists."));
      this.refresh();
      return;
    }
    this.last = next;
    this.edit({ relations: [...relations, next] });
    this.context.announce(this.said(ends, label));
  }

  /** Pick where an arrow begins, or end the one that was begun. @param {number} unit */
  pick(unit) {
    this.selected = null;
    if (this.head === null) {
      this.head = unit;
      this.context.announce(t("From {what}. Now choose where the relation ends.", { what: this.nameOf(this.anchorOf(unit)) }));
      this.drawRelations();
    } else if (this.anchorOf(this.head) === this.anchorOf(unit)) {
      this.head = null;
      this.refresh();
    } else {
      this.connect(this.head, unit);
    }
  }

  /** @param {Relation} relation */
  select(relation) {
    this.selected = this.selected === relation ? null : relation;
    this.head = null;
    if (this.mode !== "relations" && this.selected) this.turn("relations", true);
    this.drawRelations();
    const ends = this.selected && this.endsOf(relation);
    if (ends) this.context.announce(this.said(ends, relation.label));
  }

  /** @param {Relation} relation */
  removeRelation(relation) {
    const ends = this.endsOf(relation);
    if (this.selected === relation) this.selected = null;
    this.edit({ relations: this.values.relations.filter((one) => one !== relation) });
    if (ends) this.context.announce(t("removed: {what}", { what: this.said(ends, relation.label) }));
  }

  removeTarget() {
    const one = this.target();
    if (!one) return false;
    const { spans: before, relations: all } = this.values;
    this.last = null;
    if (all.includes(one)) {
      this.removeRelation(one);
    } else {
      const spans = before.filter((span) => span !== one);
      const relations = reanchor(all, this.row, before, spans);
      const lost = all.length - relations.length;
      this.edit({ spans, ...(lost ? { relations } : {}) });
      this.context.announce(lost ? plural(lost, "span removed, and {n} relation with it", "span removed, and {n} relations with it") : t("span removed"));
    }
    return true;
  }

  /** Give the selected words the active label. */
  mark() {
    const picked = this.range();
    const { label } = active.spans;
    if (!picked || !label) return;
    const { spans: before, relations: all } = this.values;
    const usable = start(before, this.offsets.length).spans;
    const result = apply(usable, this.row, picked, label);
    if ("blocked" in result) {
      this.context.announce(t("A suggestion there does not match word boundaries."));
      return;
    }
    const { span, replaced } = result;
    this.anchor = null;
    if (result.spans !== usable) {
      const odd = before.filter((one) => !usable.includes(one));
      const spans = odd.length ? [...result.spans, ...odd] : sorted(result.spans);
      const relations = reanchor(all, this.row, before, spans);
      this.last = span;
      this.edit({ spans, ...(relations === all ? {} : { relations }) });
    }
    this.context.announce(`${this.offsets.slice(span.start, span.end)}: ${label}${replaced.length ? `, ${t("in place of {what}", { what: replaced.map((one) => toText(one.label)).join(", ") })}` : ""}`);
    this.refresh();
  }

  /**
   * @param {Mode} next
   * @param {boolean} [quietly]
   */
  turn(next, quietly) {
    if (this.mode === next || !this.labels[next].length) return;
    kept.mode = next;
    this.active = active[next];
    this.head = null;
    this.anchor = null;
    this.last = null;
    if (next === "spans") this.selected = null;
    else if (this.cursor !== null) this.cursor = this.anchored[this.anchorOf(this.cursor)]?.from ?? null;
    this.toolbar.setLabels(this.labels[next]);
    this.modes?.show(next);
    this.drawRelations();
    if (!quietly) this.context.announce(next === "spans" ? t("Marking spans.") : t("Drawing relations."));
  }

  /** Clear what was selected or begun last. */
  cancel() {
    if (this.selected) this.selected = null;
    else if (this.head !== null) this.head = null;
    else if (this.cursor !== null) this.cursor = this.anchor = null;
    else return false;
    this.drawRelations();
    return true;
  }

  /** @param {string} name */
  key(name) {
    const { mode, labels } = this;
    const done = editorKey(this, name);
    if (done !== null) return done;
    switch (name) {
      case "m":
        if (!labels.spans.length || !labels.relations.length) return false;
        this.turn(mode === "spans" ? "relations" : "spans");
        return true;
      case "enter":
        if (this.cursor === null) return false;
        if (mode === "spans") this.mark();
        else this.pick(this.cursor);
        return true;
      default:
        return arrow(this, name);
    }
  }

  /** @returns {View} */
  view() {
    return {
      mounted: () => this.graph.mounted(),
      destroy: () => {
        this.graph.destroy();
        this.leave();
      },
      key: (name) => this.key(name),
    };
  }
}

/**
 * What there is to begin with: the annotator's draft or answer, or what the task has.
 *
 * @param {Task} task
 * @param {Values | null} values
 * @returns {Marked}
 */
function begun(task, values) {
  const list = (/** @type {unknown} */ one) => (Array.isArray(one) ? one : []);
  return { spans: list(values ? values.spans : task.spans), relations: list(values ? values.relations : task.relations) };
}

/**
 * Marks spans of a text and labels them: what `ner_manual`, `spans_manual` and `pos_manual` share.
 * They differ in two rules only: whether spans may overlap, and whether one is a single
 * token.
 *
 * Keyboard: the arrows move a cursor by token (up and down by line), with shift they extend it; a
 * label's key or enter names what is under it, backspace removes a span there. `.` and `,` choose
 * the spans one after the other, those that overlap too; a label's key then renames the chosen one,
 * and shift or ctrl+shift with an arrow moves its end or its beginning.
 *
 * Mouse: drag over words, or double-click one, to name them at once; click one to put the cursor on
 * it. A click on a span chooses it, the next click the next one beneath, and at last the word
 * alone. The first and the last word of the chosen span can be dragged. Touch: tap the first word,
 * then the last (or the same again); dragging stays scrolling.
 *
 * After a label was given by mouse the cursor goes away: the next label key then means the next
 * stretch, and does not rename the last, which therefore has no outline. Backspace still takes the
 * last one back, and ctrl+z undoes edits one by one. An outline says that a label's key is for this
 * span. Rejected: that the key renames what was just drawn. Most annotators choose the label first
 * and then draw; each span would be renamed with the label that is meant for the next.
 *
 * The text is drawn once (span_text.js), the labels are in label_toolbar.js, what presses and drags
 * mean is in span_pointers.js, how the cursor moves in span_cursor.js, and what becomes of spans in
 * ../spans.js.
 *
 * Rejected: the browser's own text selection. It knows nothing of tokens, reports its ends in
 * nodes that the marks keep splitting, and cannot be moved by token.
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { Offsets } from "../annotations/offsets.js";
import { apply, at, covering, fit, overlap, paragraphs, remove, replace, select, start, units } from "../annotations/spans.js";
import { empty, hue } from "../view/label_colors.js";
import { surround } from "../view/context_view.js";
import { ActiveLabel } from "./active_label.js";
import { EditBase } from "./edit_base.js";
import { editorKey } from "./editor_keys.js";
import { LabelToolbar, removeButton } from "./label_toolbar.js";
import { arrow, next, walk } from "./span_cursor.js";
import { pointers } from "./span_pointers.js";
import { SpanText } from "../view/span_text.js";
import { reveal } from "../view/text_geometry.js";

/** @import { Context, Interface, Span, View } from "../state/types.js" */
/** @import { Range, Unit } from "../annotations/spans.js" */

/** @typedef {{overlapping: boolean, single: boolean}} Rules */

/** The key is a stored name. */
const active = new ActiveLabel("annotd.pen");

/**
 * One card in work.
 *
 * @extends {EditBase<Span, Span[]>}
 */
export class SpanEditor extends EditBase {
  /**
   * @param {HTMLElement} host
   * @param {Context} context
   * @param {Rules} rules
   */
  constructor(host, context, rules) {
    super(active, context.announce);
    const { task, project } = context;
    this.context = context;
    this.rules = rules;
    this.text = toText(task.text);
    this.offsets = new Offsets(this.text);
    this.row = units(task, this.offsets, {
      characters: !rules.single && context.settings("ner_manual_highlight_chars") === true,
      newlines: context.settings("allow_newline_highlight") === true,
    });
    this.labels = project.labels;
    active.limitTo(this.labels);

    this.origin = context.values?.spans ?? task.spans;
    const { spans, rest } = start(this.origin, this.offsets.length);
    this.begin = spans;
    this.rest = rest;
    this.spans = spans;
    /** @type {number | null} */
    this.cursor = null;
    /** @type {number | null} where a selection began */
    this.anchor = null;
    /** Whether the selection was made with the keyboard. */
    this.byKeys = false;
    /** @type {string | undefined} which way the text runs */
    this.direction = undefined;

    this.remover = removeButton(() => this.removeTarget());
    this.toolbar = new LabelToolbar(this.labels, context.settings("keymap_by_label"), {
      over: "text",
      take: (label) => this.take(label),
      back: () => host.focus({ preventScroll: true }),
      announce: context.announce,
      tools: [this.remover],
    });
    this.field = h("div", {
      class: rules.overlapping ? "text tokens lanes" : "text tokens", role: "group",
      "aria-label": t("The text. The arrow keys move from word to word."),
    });
    const given = Array.isArray(task.spans) ? start(task.spans, this.offsets.length).spans : [];
    const drawable = [...spans, ...given];
    // A span that may cross a line break cannot stand in two blocks.
    const opening = context.settings("allow_newline_highlight") === true ? [] : paragraphs(this.row, this.offsets, drawable);
    this.drawn = new SpanText(this.field, this.offsets, this.row, {
      hue: (label) => hue(label, this.labels),
      inLanes: rules.overlapping,
      opening,
      remove: (span) => this.removeSpan(span),
    });
    this.drawn.draw(spans);
    // Last, because in a field with dir="auto" each insertion looks at the whole text again.
    this.field.dir = "auto";
    put(host, this.toolbar.element);
    if (rest.length) {
      put(host, h("p", { class: "note" }, plural(rest.length,
        "{n} suggestion lies outside the text. It is kept unchanged.",
        "{n} suggestions lie outside the text. They are kept unchanged.")));
    }
    this.around = this.text.trim() ? surround(task, this.field) : null;
    put(host, this.text.trim() ? (this.around?.whole ?? this.field) : empty(t("This task's text is empty.")));
    this.letPointerGo = pointers(this);
    let width = 0;
    this.watch = new ResizeObserver(() => {
      if (width === this.field.clientWidth) return;
      width = this.field.clientWidth;
      requestAnimationFrame(() => this.drawn.settle());
    });
  }

  // What is meant.

  /** What is selected, as units. */
  range() {
    if (this.cursor === null) return null;
    return select(this.row, this.anchor ?? this.cursor, this.cursor);
  }

  /**
   * @override
   * @param {Span} span
   */
  has(span) {
    return this.spans.includes(span);
  }

  /**
   * @override
   * @returns {Span | null}
   */
  target() {
    if (this.selected) return this.selected;
    const unit = this.cursor === null ? null : this.row[this.cursor];
    const last = this.remaining();
    // Where several lie under the cursor, the one just named is meant, not the first.
    if (last && (!unit || overlap(last, unit))) return last;
    return (unit && at(this.spans, unit)) ?? (this.rules.single ? last : null);
  }

  /** The span that is outlined. What was just drawn is not: a label's key is for the next. */
  outlined() {
    const target = this.target();
    return target === this.last && target !== this.selected && target !== this.under() ? null : target;
  }

  /** The span that the cursor stands in, of which a label's key makes another. */
  under() {
    return this.anchor === null && this.cursor !== null && !this.rules.overlapping ? at(this.spans, this.row[this.cursor]) : null;
  }

  /** Scroll to where the cursor is, and not beneath the labels. */
  reveal() {
    reveal(this.drawn.segments, this.row[this.cursor ?? 0], () => this.toolbar.element.getBoundingClientRect().bottom);
  }

  /** @param {Range} range */
  stretch(range) {
    return { start: this.row[range.from]?.start ?? 0, end: this.row[range.to]?.end ?? 0 };
  }

  /** @param {Pick<Span, "start" | "end">} stretch */
  said(stretch) {
    return this.offsets.slice(stretch.start, stretch.end);
  }

  /** Show the selection and what the keys would do with it. */
  refresh() {
    const picked = this.range();
    this.drawn.light(this.selected ?? (picked && this.stretch(picked)));
    this.drawn.turnOn(this.outlined());
    this.toolbar.show(active.label);
    this.remover.disabled = this.target() === null;
  }

  // Changes.

  /** @param {Span[]} next */
  edit(next) {
    if (next === this.spans) return;
    this.remember(this.spans);
    this.change(next);
  }

  /** @param {Span[]} next */
  change(next) {
    this.spans = next;
    const fresh = this.drawn.draw(next);
    // With the frame, so that what else the key changes is not laid out twice.
    if (fresh.length) requestAnimationFrame(() => this.drawn.settle(fresh));
    const whole = next === this.begin && Array.isArray(this.origin) ? this.origin : [...next, ...this.rest];
    this.context.edit({ spans: /** @type {Span[]} */ (whole) });
  }

  /** @param {Span} span */
  removeSpan(span) {
    this.edit(remove(this.spans, span));
    this.context.announce(t("{label} removed from {text}", { label: toText(span.label), text: this.said(span) }));
    if (this.selected === span) this.anchor = null;
    this.deselect();
    this.refresh();
  }

  removeTarget() {
    const span = this.target();
    if (span) this.removeSpan(span);
    return Boolean(span);
  }

  /**
   * @override
   * @param {Span[]} spans
   */
  restore(spans) {
    const returned = spans.find((span) => !this.spans.includes(span)) ?? null;
    this.deselect();
    this.anchor = null;
    this.change(spans);
    // A span that comes back is selected again, wherever the cursor is.
    if (returned) this.select(returned);
    this.refresh();
  }

  /**
   * @override
   * @param {string} label
   */
  take(label) {
    super.take(label);
    this.refresh();
  }

  /** @override */
  relabel() {
    if (this.cursor === null && !this.selected) return false;
    this.name();
    return true;
  }

  /** Give the selection the active label. */
  name() {
    const { label } = active;
    if (!label) return;
    const { row, rules } = this;
    // With the cursor in a span and no selection, that span is meant.
    const meant = this.selected ?? this.under();
    const whole = meant && fit(row, meant);
    if (meant && !whole) {
      this.context.announce(t("This suggestion does not match word boundaries. It can only be removed."));
      return;
    }
    if (meant && whole) {
      const result = replace(this.spans, row, meant, whole, label, rules.overlapping);
      if (!result) {
        this.context.announce(t("Another suggestion overlaps this one. Remove one of them first."));
        return;
      }
      const wasSelected = this.selected !== null;
      this.edit(result.spans);
      this.named(result.span, [], whole.to);
      // With the arrows it stays selected. By mouse the next label key is for the next span.
      if (wasSelected && this.byKeys) this.selected = result.span;
      return;
    }
    const picked = this.range();
    if (!picked) return;
    let spans = this.spans;
    /** @type {Span | null} */
    let made = null;
    /** @type {Span[]} */
    const replaced = [];
    for (const range of rules.single ? singles(row, picked) : [picked]) {
      const result = apply(spans, row, range, label, rules.overlapping);
      if ("blocked" in result) {
        this.context.announce(t("A suggestion there ({label}) does not match word boundaries. Remove it first.", { label: toText(result.blocked.label) }));
        return;
      }
      spans = result.spans;
      made = result.span;
      replaced.push(...result.replaced);
    }
    if (!made) return;
    this.edit(spans);
    this.named(rules.single ? { ...made, start: this.stretch(picked).start } : made, replaced, picked.to, made);
  }

  /**
   * @param {Span} span what was named
   * @param {Span[]} replaced
   * @param {number} to its last unit
   * @param {Span} [made] the span that backspace removes now
   */
  named(span, replaced, to, made = span) {
    const [text, label] = [this.said(span), toText(span.label)];
    this.context.announce(replaced.length
      ? t("{text}: {label}, in place of {others}", { text, label, others: replaced.map((one) => toText(one.label)).join(", ") })
      : t("{text}: {label}", { text, label }));
    this.anchor = null;
    this.selected = null;
    this.last = made;
    // Where every token gets a label, the next one is next.
    if (this.byKeys) this.cursor = (this.rules.single ? next(this.row, to, 1, false) : null) ?? to;
    else this.cursor = null;
  }

  /**
   * Select a span, to be renamed, resized or removed.
   *
   * @param {Span | null} span
   */
  select(span) {
    this.selected = span;
    this.last = span;
    if (!span) return;
    const range = fit(this.row, span);
    this.anchor = range ? range.from : null;
    this.cursor = range ? range.to : Math.max(0, this.row.findIndex((unit) => overlap(unit, span)));
    const order = covering(this.spans, span);
    const which = order.length > 1 ? t(", {n} of {all} here", { n: order.indexOf(span) + 1, all: order.length }) : "";
    this.context.announce(t("{text}: {label}", { text: this.said(span), label: toText(span.label) }) + which);
  }

  /**
   * Let the selected span begin or end with another unit.
   *
   * @param {"from" | "to"} edge
   * @param {number} unit
   */
  resize(edge, unit) {
    const old = this.selected;
    const range = old && fit(this.row, old);
    if (!old || !range || this.rules.single) return;
    const wanted = edge === "from" ? { from: Math.min(unit, range.to), to: range.to } : { from: range.from, to: Math.max(unit, range.from) };
    // As far as a selection may go, from the end that stays.
    const picked = edge === "from" ? select(this.row, wanted.to, wanted.from) : select(this.row, wanted.from, wanted.to);
    if (!picked) return;
    const result = replace(this.spans, this.row, old, picked, toText(old.label), this.rules.overlapping);
    if (!result) {
      this.context.announce(t("Another span is already there."));
      return;
    }
    this.edit(result.spans);
    this.select(result.span);
  }

  /** @param {string} name */
  key(name) {
    const done = editorKey(this, name);
    if (done !== null) return done;
    if (name !== "enter") return arrow(this, name);
    if (this.cursor === null) return false;
    this.name();
    this.refresh();
    return true;
  }

  /** @param {1 | -1} step */
  walk(step) {
    walk(this, step);
  }

  cancel() {
    if (this.cursor === null && !this.selected) return false;
    this.clearSelection();
    return true;
  }

  clearSelection() {
    this.cursor = null;
    this.anchor = null;
    this.selected = null;
    this.refresh();
  }

  /** @returns {View} */
  view() {
    const { context } = this;
    return {
      prepareLayout: () => {
        this.drawn.prepare();
        this.toolbar.show(active.label);
        this.remover.disabled = true;
        this.watch.observe(this.field);
      },
      mounted: () => {
        this.refresh();
        this.drawn.unfold();
        if (this.around?.before && !context.part) this.field.scrollIntoView({ block: this.field.clientHeight < innerHeight / 2 ? "center" : "start" });
        this.watch.observe(this.field);
      },
      destroy: () => {
        this.watch.disconnect();
        this.letPointerGo();
      },
      key: (name) => this.key(name),
    };
  }
}

/**
 * Each unit of a range alone.
 *
 * @param {Unit[]} row
 * @param {Range} range
 */
function singles(row, range) {
  const found = [];
  for (let i = range.from; i <= range.to; i++) if (!row[i]?.blank) found.push({ from: i, to: i });
  return found;
}

/**
 * An interface with these rules.
 *
 * @param {Rules} rules
 * @returns {Interface}
 */
export const spanInterface = (rules) => ({
  canPrerender: true,
  draw: (host, _question, context) => new SpanEditor(host, context, rules).view(),
  answer: (task, values) => ({ spans: /** @type {Span[]} */ (values?.spans ?? ("spans" in task ? task.spans : [])) }),
  fromAnswer: (record) => (Array.isArray(record.spans) ? { spans: record.spans } : null),
  keys: (project) => [
    { keys: ["←", "→", "↑", "↓"], does: t("move the cursor from word to word, and from line to line") },
    ...(rules.single ? [] : [{ keys: ["⇧ ←", "⇧ →"], does: t("select several words; move the end of the chosen span") }]),
    ...(rules.single ? [] : [{ keys: ["ctrl ⇧ ←", "ctrl ⇧ →"], does: t("move the beginning of the chosen span") }]),
    { keys: ["1", "…", "9", "0"], does: t("choose a label and give it to the selection") },
    ...(project.labels.length > 10 ? [{ keys: ["/"], does: t("find a label by its name") }] : []),
    { keys: ["⏎"], does: t("give the selection the active label") },
    { keys: [".", ","], does: t("select the next or previous span") },
    { keys: ["⌫"], does: t("remove the span under the cursor") },
    { keys: ["ctrl z"], does: t("undo the last change to the spans") },
    { keys: ["esc"], does: t("clear the selection") },
  ],
});

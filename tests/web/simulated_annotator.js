/**
 * An annotator without a browser: reads cards, one a line, and says what the page would send of
 * each, by the page's own modules. It is asked by tests/round_trip.
 *
 * A line is `{"view", "project", "seed", "reply", "record"?}`: `reply` is what the server sent, as
 * text, so that it is parsed as the page does. What comes back is `{"untouched", "annotated"}`,
 * both as text, and the ids of the `options` that a choice shows; with a `record` of the history,
 * what the page would send if that were answered again as it is.
 *
 * What needs a pointer or a key is left out; what follows from it (spans.js, shapes.js, arcs.js,
 * regions.js) is the page's.
 */

import { createInterface } from "node:readline";

import { relate, anchors } from "../../src/web/annotate/annotations/arcs.js";
import { settingsOf } from "../../src/web/annotate/state/card_settings.js";
import { optionsOf, press } from "../../src/web/annotate/interfaces/choice.js";
import { blocksOf, pagesOf, projectOf } from "../../src/web/annotate/interfaces/composite.js";
import { sizeOf } from "../../src/web/annotate/media/picture.js";
import { fetchInterfaces, interfaceOf } from "../../src/web/annotate/interfaces/registry.js";
import { fieldId } from "../../src/web/annotate/interfaces/text_input.js";
import { parse, toText } from "../../src/web/annotate/state/lossless_json.js";
import { Offsets } from "../../src/web/annotate/annotations/offsets.js";
import { read } from "../../src/web/annotate/state/reading.js";
import { region, regionsOf } from "../../src/web/annotate/annotations/regions.js";
import { box, outline, shapesOf } from "../../src/web/annotate/annotations/shapes.js";
import { apply, fit, replace, select, start, units } from "../../src/web/annotate/annotations/spans.js";
import { current, initial, reduce } from "../../src/web/annotate/state/state.js";

/**
 * @import {
 *   Interface, Project, Span, Task, Values
 * } from "../../src/web/annotate/state/types.js"
 */

/** @typedef {(name: string) => unknown} Settings */
/** @typedef {(below: number) => number} Dice */
/**
 * @typedef {(task: Task, settings: Settings, project: Project, dice: Dice) => Values | null} Hand
 */

// Stylesheets are fetched with an interface, and always there.
Object.assign(globalThis, {
  document: {
    createElement: () => ({}),
    head: { append: (/** @type {{onload: () => void}} */ link) => queueMicrotask(() => link.onload()) },
  },
});

/** @param {number} seed @returns {Dice} */
function dice(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** @param {{overlapping: boolean, single: boolean}} rules @returns {Hand} */
const marks = ({ overlapping, single }) => (task, settings, project, throwOf) => {
  const offsets = new Offsets(toText(task.text));
  const row = units(task, offsets, {
    characters: !single && settings("ner_manual_highlight_chars") === true,
    newlines: settings("allow_newline_highlight") === true,
  });
  let { spans, rest } = start(task.spans, offsets.length);
  for (let i = 0; i < 3; i++) {
    const label = project.labels[throwOf(project.labels.length)] ?? "";
    const anchor = throwOf(row.length + 1);
    const range = select(row, anchor, single ? anchor : anchor + throwOf(4) - 1);
    const old = spans[throwOf(spans.length + 1)];
    const there = old && fit(row, old);
    if (there && old.label !== label) {
      const renamed = replace(spans, row, old, there, label, overlapping);
      if (renamed) spans = renamed.spans;
    } else if (range) {
      const made = apply(spans, row, range, label, overlapping);
      if ("spans" in made) spans = made.spans;
    }
  }
  return { spans: /** @type {Span[]} */ ([...spans, .../** @type {Span[]} */ (rest)]) };
};

/** @type {Record<string, Hand>} */
const hands = {
  ner_manual: marks({ overlapping: false, single: false }),
  spans_manual: marks({ overlapping: true, single: false }),
  pos_manual: marks({ overlapping: false, single: true }),
  choice(task, settings, project, throwOf) {
    const options = optionsOf(task, project);
    const several = settings("choice_style") === "multiple";
    let accept = interfaceOf("choice")?.answer(task, null, settings).accept ?? [];
    for (let i = 0; i < 1 + throwOf(3); i++) {
      const option = options[throwOf(options.length)];
      if (option) accept = press(accept, option.id, options, several);
    }
    return { accept };
  },
  text_input: (task, settings, _project, throwOf) => ({ [fieldId(task, settings)]: ["so", "é \u{1F600}\n", " "][throwOf(3)] }),
  image_manual(task, _settings, project, throwOf) {
    const size = sizeOf(task) ?? { width: 64, height: 48 };
    const label = project.labels[0] ?? "";
    const at = () => /** @type {[number, number]} */ ([throwOf(100) * size.width / 99, throwOf(100) * size.height / 99]);
    const made = [box(at(), at(), label, size), outline([at(), at(), at(), at()], "polygon", label, size)];
    const shapes = shapesOf(task.spans).map((shape) => (throwOf(2) ? shape : { ...shape, label }));
    return { spans: /** @type {any} */ ([...shapes, ...made.filter(Boolean)]), ...size };
  },
  audio_manual(task, _settings, project, throwOf) {
    const label = project.labels[0] ?? "";
    const made = region(throwOf(600) / 7, throwOf(600) / 7, label, 80);
    const given = regionsOf(task.audio_spans).map((one) => (throwOf(2) ? one : { ...one, label }));
    return { audio_spans: made ? [...given, made] : given };
  },
  relations(task, settings, project, throwOf) {
    const offsets = new Offsets(toText(task.text));
    const row = units(task, offsets, { characters: false, newlines: settings("allow_newline_highlight") === true });
    const { spans = [], relations = [] } = interfaceOf("relations")?.fromAnswer(task, settings) ?? {};
    const anchored = anchors(row, start(spans, offsets.length).spans).filter((stop) => stop.span || !row[stop.from]?.barrier);
    const [head, child] = [anchored[throwOf(anchored.length)], anchored[throwOf(anchored.length)]];
    const label = project.labels[0] ?? "";
    const made = head && child && head !== child ? relate(row, head, child, label) : null;
    const known = /** @type {import("../../src/web/annotate/annotations/arcs.js").Relation[]} */ (relations);
    const twin = made && known.some((one) => one.head === made.head && one.child === made.child && one.label === made.label);
    return { spans, relations: made && !twin ? [...known, made] : relations };
  },
  blocks(task, settings, project, throwOf) {
    const all = blocksOf(task, settings).map((part) => hands[part.view]?.(part.task, part.settings, projectOf(project, part), throwOf));
    return Object.assign({}, ...all);
  },
  pages: (task, settings, project, throwOf) => ({
    pages: pagesOf(task, settings).map((part) => hands[part.view]?.(part.task, part.settings, projectOf(project, part), throwOf) ?? null),
  }),
};

/**
 * @param {{view: string, project: Project, seed: number, reply: string, record?: string}} line
 */
async function answer({ view, project, seed, reply, record }) {
  const { tasks } = /** @type {{tasks: Task[]}} */ (parse(reply));
  let state = reduce(initial, { type: "project", project });
  state = reduce(state, { type: "fetched", tasks, pending: [], reason: null, stats: {} });
  const card = current(state);
  if (!card) throw new Error("no card");
  const settings = settingsOf(project, card.task);
  await fetchInterfaces([view]);
  const kind = /** @type {Interface} */ (interfaceOf(view));
  await fetchInterfaces(kind.views?.(card.task, settings) ?? []);
  if (record !== undefined) {
    const again = kind.fromAnswer(read(parse(record)), settings);
    return { again: JSON.stringify(kind.answer(card.task, again, settings)) };
  }
  const untouched = kind.answer(card.task, card.values, settings);
  const values = hands[view]?.(card.task, settings, project, dice(seed)) ?? null;
  if (values) state = reduce(state, { type: "edit", values });
  const annotated = kind.answer(card.task, current(state)?.values ?? null, settings);
  const options = view === "choice" ? optionsOf(card.task, project).map(({ id }) => id) : undefined;
  return { untouched: JSON.stringify(untouched), annotated: JSON.stringify(annotated), options };
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = await answer(JSON.parse(line));
  } catch (error) {
    said = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

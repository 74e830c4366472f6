/**
 * A part of a card that is made of several: the task, the project and the settings as one block or
 * one page sees them. The server has a twin (src/interface/part.rs). Without a page.
 *
 * What the server computed for a part stands in `_parts` beside the task, in the same order.
 */

import { read } from "../state/reading.js";

/** @import { Interface, Option, Project, Task, Token, Values } from "../state/types.js" */

/** @typedef {(name: string) => unknown} Settings */

/**
 * An interface that has been fetched, by its `view_id`.
 *
 * @typedef {(view: string) => Interface | null} InterfaceLookup
 */

/** @typedef {{view: string, task: Task, settings: Settings, labels: string[] | null}} Part */

/**
 * @typedef {{
 *   _clean?: Record<string, string>,
 *   _tokens?: Token[],
 *   _options?: Option[],
 *   _size?: {width: number, height: number},
 *   _parts?: unknown[],
 * }} Beside
 */

/** @param {unknown} value @returns {Record<string, unknown>} */
const object = (value) => (value && typeof value === "object" && !Array.isArray(value) ? /** @type {Record<string, unknown>} */ (value) : {});

/** @param {unknown} value @returns {string[] | null} */
const labelsOf = (value) => (Array.isArray(value) && value.every((one) => typeof one === "string") ? value : null);

/** Whether a value in a block takes the task's key away. @param {unknown} value */
const hides = (value) => value === null || value === false;

/**
 * @param {Task} task
 * @param {number} i
 * @returns {Beside}
 */
const beside = (task, i) => object(Array.isArray(task._parts) ? task._parts[i] : null);

/** What cannot be a block or a page of itself. */
const never = { blocks: ["blocks", "pages", "review"], pages: ["pages", "review"] };

/**
 * The blocks of a card.
 *
 * @param {Task} task
 * @param {Settings} settings
 * @returns {Part[]}
 */
export function blocksOf(task, settings) {
  const listed = settings("blocks");
  return (Array.isArray(listed) ? listed : []).flatMap((block, i) => {
    const { view_id: view, ...overrides } = object(block);
    if (typeof view !== "string" || never.blocks.includes(view)) return [];
    const own = object(overrides.config);
    const extra = beside(task, i);
    const { config: _config, _parts, ...whole } = task;
    /** @type {Task} */
    const inside = whole;
    for (const [key, value] of Object.entries(overrides)) {
      if (key === "config") continue;
      if (hides(value)) delete inside[key];
      else inside[key] = value;
    }
    // The cleaned HTML of keys that the block has otherwise is not this block's.
    const mine = Object.entries(task._clean ?? {}).filter(([at]) => !Object.hasOwn(overrides, at.split("/")[1] ?? ""));
    inside._clean = { ...Object.fromEntries(mine), ...extra._clean };
    if ("text" in overrides || "tokens" in overrides) delete inside._tokens;
    if (extra._tokens) inside._tokens = extra._tokens;
    if (extra._options) inside._options = extra._options;
    if ("image" in overrides) delete inside._size;
    if (extra._size) inside._size = extra._size;
    /** @type {Settings} */
    const set = (name) => own[name] ?? (name in overrides ? overrides[name] : settings(name));
    return [{ view, task: inside, settings: set, labels: labelsOf(overrides.labels) }];
  });
}

/**
 * The pages of a card.
 *
 * @param {Task} task
 * @param {Settings} settings
 * @returns {Part[]}
 */
export function pagesOf(task, settings) {
  return (Array.isArray(task.pages) ? task.pages : []).flatMap((page, i) => {
    const { view_id: view, ...rest } = read(object(page));
    if (typeof view !== "string" || never.pages.includes(view)) return [];
    const own = object(rest.config);
    const prefix = `/pages/${i}`;
    const clean = Object.entries(task._clean ?? {})
      .filter(([at]) => at.startsWith(`${prefix}/`))
      .map(([at, html]) => [at.slice(prefix.length), html]);
    const extra = beside(task, i);
    /** @type {Task} */
    const inside = { ...rest, _id: task._id };
    for (const key of /** @type {const} */ (["_tokens", "_options", "_size", "_parts"])) {
      delete inside[key];
      if (extra[key]) Object.assign(inside, { [key]: extra[key] });
    }
    inside._clean = { ...Object.fromEntries(clean), ...extra._clean };
    /** @type {Settings} */
    const set = (name) => own[name] ?? (name === "pages" ? undefined : settings(name));
    return [{ view, task: inside, settings: set, labels: labelsOf(own.labels) ?? labelsOf(rest.labels) }];
  });
}

/**
 * The project as a part sees it.
 *
 * @param {Project} project
 * @param {Part} part
 * @returns {Project}
 */
export function projectOf(project, part) {
  /** @type {Record<string, unknown>} */
  const config = {};
  for (const name of new Set([...Object.keys(project.config), "choice_style", "keymap_by_label"])) {
    const value = part.settings(name);
    if (value !== undefined) config[name] = value;
  }
  return { ...project, view_id: part.view, labels: part.labels ?? project.labels, config };
}

/**
 * Of the values of a whole card, those that are this part's; null if it is untouched.
 *
 * @param {Interface} kind
 * @param {Part} part
 * @param {Values | null} values
 * @returns {Values | null}
 */
export function valuesOf(kind, part, values) {
  if (!values) return null;
  const keys = Object.keys(kind.answer(part.task, null, part.settings)).filter((key) => key in values);
  return keys.length ? Object.fromEntries(keys.map((key) => [key, values[key]])) : null;
}

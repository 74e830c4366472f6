/**
 * `compare`: which of two is better? `accept` says A, `reject` says B.
 *
 * A is what the task has under `accept`, B what it has under `reject`; who made which stands in
 * `mapping` and is not shown, for it would be a hint. Side by side where there is room.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { drawContent } from "./content.js";

/** @import { Interface, Project, Task } from "../state/types.js" */

/**
 * What stands under a key of the task (a text, or an object like a task) as a task of its own.
 *
 * @param {Task} task
 * @param {string} key
 * @returns {Task}
 */
export function within(task, key) {
  const value = task[key];
  const inside = value && typeof value === "object" && !Array.isArray(value) ? value : { text: toText(value) };
  const html = task._clean?.[`/${key}/html`];
  return { ...inside, _id: task._id, _clean: html === undefined ? {} : { "/html": html } };
}

/**
 * What both are about, above them.
 *
 * @param {HTMLElement} host
 * @param {Task} task
 * @param {Project} project
 */
export function drawInput(host, task, project) {
  if (task.input === undefined || task.input === null) return;
  const box = h("div", { class: "about" });
  drawContent(box, within(task, "input"), project);
  put(host, box);
}

/** @type {Interface} */
const compare = {
  draw(host, question, { task, project }) {
    drawInput(host, task, project);
    const sides = /** @type {const} */ ([["accept", "A", "✓"], ["reject", "B", "✗"]]).map(([key, letter, sign]) => {
      const box = h("section", { class: "side", "data-side": letter, "aria-label": letter });
      put(box, h("h2", { class: "head" }, letter, h("span", { class: `sign ${key}`, "aria-hidden": "true" }, sign)));
      drawContent(box, within(task, key), project);
      return box;
    });
    put(host, h("div", { class: "sides" }, ...sides));
    put(question, h("p", { class: "hint" }, t("Which is better? Accept for A, reject for B.")));
    return {};
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [],
};

export default compare;

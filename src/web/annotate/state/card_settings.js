/**
 * The settings that hold for one card, and whether a card differs from its answer. Without a page.
 */

/** @import { Card, Interface, Project, Settings, Task, Values } from "./types.js" */

/**
 * Returns a setting of the task itself, or else of the project.
 *
 * @param {Project | null} project
 * @param {Task} task
 * @returns {Settings}
 */
export function settingsOf(project, task) {
  const own = /** @type {Record<string, unknown>} */ (task.config && typeof task.config === "object" ? task.config : {});
  return (name) => own[name] ?? project?.config?.[name];
}

/**
 * Whether an answered card differs from its answer, which the server has.
 *
 * @param {Interface} kind
 * @param {Project | null} project
 * @param {Card} card
 */
export function isChanged(kind, project, card) {
  const { previousAnswer, task } = card;
  if (!previousAnswer) return false;
  if (card.flagged !== previousAnswer.flagged || card.comment.trim() !== previousAnswer.comment.trim()) return true;
  const settings = settingsOf(project, task);
  const as = (/** @type {Values | null} */ values) => JSON.stringify(kind.answer(task, values, settings));
  return card.values !== previousAnswer.values && as(card.values) !== as(previousAnswer.values);
}

/**
 * The reasons that a project gives for skipping.
 *
 * @param {unknown} setting
 * @returns {string[]}
 */
export function skipReasons(setting) {
  return Array.isArray(setting) ? setting.filter((one) => typeof one === "string" && one.trim()) : [];
}

/**
 * A task as the page reads it: a key that is `null` is absent, as on the server
 * (src/task/reading.rs).
 *
 * Whatever else would have to be read (tokens, options, whole numbers written as floats) the server
 * has read already, and sends beside the task where it is written otherwise.
 */

/** @import { Task } from "./types.js" */

/**
 * @template {Record<string, unknown>} T
 * @param {T} task
 * @returns {T} the same object if nothing in it is null
 */
export function read(task) {
  if (!Object.values(task).includes(null)) return task;
  return /** @type {T} */ (Object.fromEntries(Object.entries(task).filter(([, value]) => value !== null)));
}

/**
 * The task's tokens: as the server read them, or as they came.
 *
 * @param {Task} task
 * @returns {unknown[] | undefined}
 */
export function tokensOf(task) {
  if (Array.isArray(task._tokens)) return task._tokens;
  return Array.isArray(task.tokens) ? task.tokens : undefined;
}

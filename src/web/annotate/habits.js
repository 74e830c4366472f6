/**
 * What an annotator has got used to in a project, kept in this browser: keys of their own, whether keys
 * of a single character do anything, whether a finger answers by swiping.
 *
 * Where storage is refused the choice lasts as long as the page.
 */

import { read, write } from "../shared/preferences.js";

/** @import { Command } from "./keys.js" */

/** @typedef {Partial<Record<Command, string[]>>} OwnKeys */

/** @typedef {{keys: OwnKeys, singles: boolean, swipe: boolean}} Habits */

/** @param {string} project */
const place = (project) => `annotd.habits.${project}`;

/**
 * What was kept, as far as it makes sense.
 *
 * @param {string | null} kept
 * @returns {Habits}
 */
export function understand(kept) {
  /** @type {Habits} */
  const habits = { keys: {}, singles: true, swipe: true };
  try {
    const found = JSON.parse(kept ?? "{}");
    if (found.keys && typeof found.keys === "object") {
      for (const [command, keys] of Object.entries(found.keys)) {
        if (Array.isArray(keys) && keys.every((key) => typeof key === "string")) habits.keys[/** @type {Command} */ (command)] = keys;
      }
    }
    habits.singles = found.singles !== false;
    habits.swipe = found.swipe !== false;
  } catch {
    // Somebody else's words under this name.
  }
  return habits;
}

/** @param {string} project */
export const habitsOf = (project) => understand(read(place(project)));

/**
 * @param {string} project
 * @param {Habits} habits
 */
export const keepHabits = (project, habits) => write(place(project), JSON.stringify(habits));

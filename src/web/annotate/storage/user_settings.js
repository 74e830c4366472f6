/**
 * What an annotator has got used to in a project, kept in this browser: keys of their own, whether
 * keys of a single character do anything, whether a finger answers by swiping.
 *
 * Where storage is refused the choice lasts as long as the page.
 */

import { read, write } from "../../shared/preferences.js";

/** @import { Command } from "../state/keys.js" */

/** @typedef {Partial<Record<Command, string[]>>} OwnKeys */

/** @typedef {{keys: OwnKeys, singles: boolean, swipe: boolean}} UserSettings */

/** @param {string} project */
const place = (project) => `annotd.habits.${project}`;

/**
 * What was kept, as far as it makes sense.
 *
 * @param {string | null} kept
 * @returns {UserSettings}
 */
export function parseSettings(kept) {
  /** @type {UserSettings} */
  const settings = { keys: {}, singles: true, swipe: true };
  try {
    const found = JSON.parse(kept ?? "{}");
    if (found.keys && typeof found.keys === "object") {
      for (const [command, keys] of Object.entries(found.keys)) {
        if (Array.isArray(keys) && keys.every((key) => typeof key === "string")) settings.keys[/** @type {Command} */ (command)] = keys;
      }
    }
    settings.singles = found.singles !== false;
    settings.swipe = found.swipe !== false;
  } catch {
    // Another program's data under this name.
  }
  return settings;
}

/** @param {string} project */
export const readSettings = (project) => parseSettings(read(place(project)));

/**
 * @param {string} project
 * @param {UserSettings} settings
 */
export const saveSettings = (project, settings) => write(place(project), JSON.stringify(settings));

/**
 * The keys in force and the annotator's other settings: changed at any time, and kept in this
 * browser.
 */

import { keymap } from "../state/keys.js";
import { readSettings, saveSettings } from "../storage/user_settings.js";
import { canSwipe } from "./swipe.js";

/** @import { Project } from "../state/types.js" */
/** @import { UserSettings } from "../storage/user_settings.js" */

export class KeyBindings {
  /**
   * @param {Project} project
   * @param {() => void} changed
   */
  constructor(project, changed) {
    this.project = project;
    this.changed = changed;
    this.settings = readSettings(project.project);
    this.map = keymap(project.config?.keymap, this.settings.keys);
  }

  /** Whether a swipe may answer: null where the card itself is dragged on. */
  get swipe() {
    return canSwipe(this.project.view_id) ? this.settings.swipe : null;
  }

  /** @param {UserSettings} settings */
  change(settings) {
    this.settings = settings;
    this.map = keymap(this.project.config?.keymap, settings.keys);
    saveSettings(this.project.project, settings);
    this.apply();
  }

  /** Let the page follow the settings. */
  apply() {
    document.body.dataset.singles = this.settings.singles ? "on" : "off";
    document.body.dataset.swipe = this.swipe ? "on" : "off";
    this.changed();
  }
}

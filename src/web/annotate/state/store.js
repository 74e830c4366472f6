/**
 * The state of the page, in one place: a change is an action that is dispatched; the page
 * draws every new state.
 */

import { current, initial, reduce } from "./state.js";

/** @import { Action, State } from "./state.js" */
/** @import { Project } from "./types.js" */

export class Store {
  /**
   * @param {Project} project
   * @param {() => void} changed is called after every action
   */
  constructor(project, changed) {
    /** @type {State} */
    this.state = reduce(initial, { type: "project", project });
    this.changed = changed;
  }

  /** The card on the page. */
  get card() {
    return current(this.state);
  }

  /** @param {Action} action */
  dispatch(action) {
    this.state = reduce(this.state, action);
    this.changed();
  }
}

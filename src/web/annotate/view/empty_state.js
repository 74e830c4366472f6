/**
 * What the page says where there is no card: that it loads, that all is done, or why no task comes.
 */

import { plural, t } from "../../shared/i18n.js";
import { phase } from "../state/state.js";
import { newLink } from "./messages.js";

/** @import { State } from "../state/state.js" */

/**
 * Returns a title and lines of text.
 *
 * @param {State} state
 * @param {{waiting: number, locked: boolean, elsewhere: boolean}} outbox
 * @returns {[string, ...string[]]}
 */
export function emptyStateMessage(state, outbox) {
  const { waiting, locked } = outbox;
  const kept = waiting
    ? [plural(waiting, "One answer is still kept in this browser and will be sent by itself. Please leave this page open until the bar above says “saved”.", "{n} answers are still kept in this browser and will be sent by themselves. Please leave this page open until the bar above says “saved”.")]
    : [];
  const answered = state.stats.answered ?? 0;
  const count = !waiting && answered > 1 ? [plural(answered, "Your answer is saved.", "All your {n} answers are saved.")] : [];
  switch (phase(state)) {
    case "loading":
      return [t("One moment."), t("Your tasks are on their way.")];
    case "done":
      return state.ended
        ? [t("That is all for now."), t("What you had not answered is free for others."), ...kept]
        : [t("You are done. Thank you."), ...count, t("Nothing is left for you here. If more is added, it appears by itself."), ...kept];
    case "waiting":
      if (outbox.elsewhere) return [t("Your tasks are in another tab of this browser."), t("Go on there. When it is closed, they come here by themselves."), ...kept];
      return [t("Nothing for you at this moment."), t("Others hold the tasks that are left. If one of them comes free, it appears here by itself; you need not do anything."), ...kept];
    case "paused":
      return [t("You are taking a break."), t("Whoever leads the project has set you to “not active”. Your answers are kept. When you are back on, this page goes on by itself."), ...kept];
    case "left":
      return [t("You are no longer part of this project."), ...count, t("Nothing more comes here. If you think this is a mistake, ask whoever leads the project."), ...kept];
    case "moved":
      return [t("Your page has another address now."), t("It opens by itself in a moment; if it is another one than before, please bookmark it anew."), ...kept];
    default:
      return state.fatal
        ? [state.fatal.title, state.fatal.words]
        : locked
          ? [t("This page needs your new link."), newLink(), ...kept]
          : [t("The server cannot be reached."), t("No new tasks can come at the moment. This page goes on by itself as soon as the server is back."), ...kept];
  }
}

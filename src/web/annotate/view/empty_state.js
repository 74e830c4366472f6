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
    ? [plural(waiting, "One answer is still in this browser and will be sent automatically. Please leave this page open until the bar above says “saved”.", "{n} answers are still in this browser and will be sent automatically. Please leave this page open until the bar above says “saved”.")]
    : [];
  const answered = state.stats.answered ?? 0;
  const count = !waiting && answered > 1 ? [plural(answered, "Your answer is saved.", "All your {n} answers are saved.")] : [];
  switch (phase(state)) {
    case "loading":
      return [t("One moment."), t("Your tasks are loading.")];
    case "done":
      return state.ended
        ? [t("That is all for now."), t("Your unanswered tasks were returned."), ...kept]
        : [t("You are done. Thank you."), ...count, t("There are no tasks left for you. New tasks will appear here automatically."), ...kept];
    case "waiting":
      if (outbox.elsewhere) return [t("Your tasks are in another tab of this browser."), t("Continue there. When that tab is closed, they move here automatically."), ...kept];
      return [t("There is no task for you right now."), t("Others are working on the remaining tasks. If one becomes free, it appears here automatically."), ...kept];
    case "paused":
      return [t("You are paused."), t("The project lead has paused you. Your answers are kept. This page continues when you are active again."), ...kept];
    case "left":
      return [t("You are no longer part of this project."), ...count, t("You will get no more tasks here. If you think this is a mistake, ask the project lead."), ...kept];
    case "moved":
      return [t("Your page has another address now."), t("Redirecting… If the address has changed, please update your bookmark."), ...kept];
    default:
      return state.fatal
        ? [state.fatal.title, state.fatal.words]
        : locked
          ? [t("This page needs your new link."), newLink(), ...kept]
          : [t("The server cannot be reached."), t("No new tasks can be loaded now. This page continues as soon as the server is back."), ...kept];
  }
}

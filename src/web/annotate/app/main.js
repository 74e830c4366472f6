/**
 * The annotation page's entry: applies the reader's language and look, asks whose page this is,
 * fetches the project's interface, and starts the page (app.js).
 *
 * What the folders hold, each of which imports only from those after it and from `shared`:
 * - `app`: the running page: input, answers, tasks, sending, tabs, reload;
 * - `interfaces`: a module for each `view_id`, and what several of them draw;
 * - `editors`: what annotators make: spans, relations, shapes, regions, and their toolbars;
 * - `media`: pictures, sounds and videos, and why one is missing;
 * - `view`: what is drawn around and inside a card, the dialogs, and the page's messages;
 * - `storage`: what this browser keeps: outbox, drafts, settings;
 * - `state`: the page's state and other functions without a page.
 *
 * Tests hold on to these, which stay as they are:
 * - `document.body.dataset.state`: loading | task | done | waiting | paused | left | moved | error;
 * - `document.body.dataset.ready`: whether enough tasks lie here, so that the page asks for no
 *   more;
 * - `document.body.dataset.again`: whether the card was answered before;
 * - `document.body.dataset.seen`: whether the card was painted, before which no key answers it;
 * - `[data-task-id]` on the card: the task's `_id`;
 * - `#status[data-saved]`: saved | sending | offline | problem, with `data-outbox`, the number of
 *   answers that are safe in this browser and not yet stored by the server; neither is there before
 *   the outbox was read;
 * - `[data-answer=accept|reject|ignore]`, `[data-command=undo|forward]`: the buttons;
 * - `[data-option]` (the id in words) on a choice's inputs, `[data-label]` on a label's button,
 *   `[data-u]` on each token of `relations` with its place in the row,
 *   `mark[data-span="start-end"]` with `data-label` on each span;
 *   `dialog[data-dialog=menu|help|instructions|problems| history|comment|skip|keys]`, `[data-past]`
 *   (a task's `_id`) in the history.
 */

import { chooseLanguage, setLocale, t } from "../../shared/i18n.js";
import { applyPreferences, chosenLanguage } from "../../shared/preferences.js";
import { fetchInterfaces, interfaceOf } from "../interfaces/registry.js";
import { pause } from "../storage/outbox.js";
import { newLink } from "../view/messages.js";
import { StatusBar } from "../view/status_bar.js";
import { getProject, isLocked } from "./api.js";
import { App } from "./app.js";
import { showStartError, showWrongPort } from "./start_screen.js";

applyPreferences();

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function begin() {
  /** @type {App | null} */
  let app = null;
  const chosen = chosenLanguage();
  // If the catalogue cannot be fetched, the page speaks English.
  await setLocale(chooseLanguage(chosen ? [chosen] : navigator.languages)).catch(() => {});
  const statusBar = new StatusBar(() => app?.onStatusPressed());
  for (let failures = 1; ; failures++) {
    let project;
    try {
      project = await getProject(new URLSearchParams(location.search).get("session"));
      if (project.asked) return await showWrongPort(project, project.asked);
      await fetchInterfaces([project.view_id]);
    } catch (error) {
      const kept = t("Your earlier answers are kept in this browser.");
      if (isLocked(error)) showStartError("error", t("This page needs your new link."), `${newLink()} ${kept}`);
      else showStartError("error", t("The server cannot be reached."), `${t("This page continues as soon as it is back.")} ${kept}`);
      await Promise.race([sleep(pause(failures)), new Promise((resolve) => addEventListener("online", resolve, { once: true }))]);
      continue;
    }
    const kind = interfaceOf(project.view_id);
    if (!kind) {
      showStartError("error", t("This cannot be shown."), t("This version of annotd has no interface called “{name}”. Please tell the project lead.", { name: project.view_id }));
      return;
    }
    app = new App(project, kind, statusBar);
    await app.start();
    return;
  }
}

void begin();

/**
 * The annotation page: where its parts meet.
 *
 * `state.js` knows what is on the page, `card_view.js` and `status_bar.js` draw it, `outbox.js` keeps answers
 * until `sender.js` has seen them stored, `tab_sync.js` talks with the other tabs. Here they are wired:
 * `input.js` makes commands of keys and presses, which have their effects in `answer_flow.js` (writing an
 * answer, going back), `task_feed.js` (asking for tasks) and `page_refresh.js` (the project changes). The order of
 * an answer is fixed: on its way to the disk, then the next card is drawn, then, once it is there, it is
 * sent.
 *
 * Tests hold on to these, which stay as they are:
 * - `document.body.dataset.state`: loading | task | done | waiting | paused | left | moved | error;
 * - `document.body.dataset.ready`: whether enough tasks lie here, so that the page asks for no more;
 * - `document.body.dataset.again`: whether the card was answered before;
 * - `document.body.dataset.seen`: whether the card was painted, before which no key answers it;
 * - `[data-task-id]` on the card: the task's `_id`;
 * - `#status[data-saved]`: saved | sending | offline | problem, with `data-outbox`, the number of
 *   answers that are safe in this browser and not yet stored by the server; neither is there before
 *   the outbox was read;
 * - `[data-answer=accept|reject|ignore]`, `[data-command=undo|forward]`: the buttons;
 * - `[data-option]` (the id in words) on a choice's inputs, `[data-label]` on a label's button,
 *   `[data-u]` on each token of `relations` with its place in the row, `mark[data-span="start-end"]` with
 *   `data-label` on each span; `dialog[data-dialog=menu|help|instructions|problems|
 *   history|comment|skip|keys]`, `[data-past]` (a task's `_id`) in the history.
 */

import { byId, h } from "../../shared/dom.js";
import { chosenLanguage, applyPreferences } from "../../shared/preferences.js";
import { chooseLanguage, setLocale, t } from "../../shared/i18n.js";
import { ActiveTime } from "./active_time.js";
import { AnswerFlow, recordOf } from "./answer_flow.js";
import { getProject, submitAnswers, isLocked, setSession } from "./api.js";
import { CardView } from "../view/card_view.js";
import * as dialogs from "../view/dialogs.js";
import { Drafts } from "../storage/drafts.js";
import { afterPaint } from "../view/scheduling.js";
import { readSettings } from "../storage/user_settings.js";
import { InputHandler } from "./input.js";
import { fetchInterfaces, interfaceOf } from "../interfaces/registry.js";
import { keymap } from "../state/keys.js";
import { allowSources } from "../media/sources.js";
import { Outbox, pause } from "../storage/outbox.js";
import { StatusBar } from "../view/status_bar.js";
import { Sender } from "./sender.js";
import { current, holding, needsTasks, initial, phase, reduce } from "../state/state.js";
import { TaskFeed } from "./task_feed.js";
import { TabSync } from "./tab_sync.js";
import { PageRefresh } from "./page_refresh.js";
import { newLink } from "../view/messages.js";

/** @import { Entry } from "../storage/outbox.js" */
/** @import { PreviousAnswer, Interface, Project, SaveReply, Task } from "../state/types.js" */
/** @import { Action, State } from "../state/state.js" */

applyPreferences();

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class App {
  /**
   * @param {Project} project
   * @param {Interface} kind
   * @param {StatusBar} statusBar
   */
  constructor(project, kind, statusBar) {
    setSession(project.session_id);
    allowSources(project);
    this.project = project;
    this.kind = kind;
    this.statusBar = statusBar;
    /** @type {State} */
    this.state = reduce(initial, { type: "project", project });
    this.settings = readSettings(project.project);
    this.map = keymap(project.config?.keymap, this.settings.keys);
    this.activeTime = new ActiveTime();
    this.outbox = new Outbox(project);
    this.drafts = new Drafts(project);
    this.pageRefresh = new PageRefresh(this);
    this.taskFeed = new TaskFeed(this);
    this.answerFlow = new AnswerFlow(this);
    this.input = new InputHandler(this);
    this.sender = new Sender(this.outbox, {
      changed: () => this.render(),
      settled: () => this.tabSync.postSettled(),
      stored: (saveReply, sent) => {
        this.dispatch({ type: "stats", stats: saveReply });
        this.announceResults(saveReply, sent);
        this.pageRefresh.onNotice(saveReply);
      },
    });
    this.tabSync = new TabSync(`annotd.${project.project}.${project.annotator}`, {
      holding: () => [...holding(this.state), ...this.outbox.writing.keys()],
      taken: (ids) => this.dispatch({ type: "elsewhere", ids }),
      answered: () => this.outbox.read().then(() => this.render()),
    });
    this.cardView = new CardView(
      {
        edit: (values) => {
          this.dispatch({ type: "edit", values });
          this.answerFlow.draft();
        },
        submit: (verdict) => void this.answerFlow.answer(verdict),
        command: (command) => void this.input.command(command),
        announce: (words) => statusBar.announce(words),
        resume: () => {
          this.dispatch({ type: "resumed" });
          this.taskFeed.wake();
        },
        drawn: () => {
          statusBar.say(null);
          this.activeTime.begin(performance.now());
          afterPaint(() => this.answerFlow.prepare());
        },
      },
      this.map,
    );
    this.input.apply();
  }

  async start() {
    await Promise.all([this.outbox.open(), this.drafts.open()]);
    const unsent = this.outbox.entries.map(recordOf);
    await this.taskFeed.prepare(unsent.map(({ task }) => task)).catch(() => {});
    this.dispatch({ type: "older", cards: this.withDrafts(unsent), before: null, end: false });
    this.input.listen();
    void this.sender.wake();
    void this.sendForPreviousAnnotators();
    await this.tabSync.announce();
    await this.taskFeed.fetchMore();
  }

  /** Send what others have left here whose port this was: it is theirs, and is sent as theirs. */
  async sendForPreviousAnnotators() {
    const { project } = this.project;
    for (const annotator of await this.outbox.others()) {
      const outbox = new Outbox({ project, annotator });
      await outbox.open();
      const send = (/** @type {string[]} */ answers, /** @type {number} */ at) => submitAnswers(answers, at, `${project}-${annotator}`);
      await new Sender(outbox, { changed: () => {}, stored: () => {}, send }).wake();
    }
  }

  /**
   * Cards that were answered, as they were left since.
   *
   * @param {{task: Task, previousAnswer: PreviousAnswer}[]} cards
   */
  withDrafts(cards) {
    return cards.map((one) => ({ ...one, draft: this.drafts.of(one.task._id) }));
  }

  /**
   * Say what an annotator would not expect of a first answer: that it came late, or that there was one.
   *
   * @param {SaveReply} saveReply
   * @param {Entry[]} sent
   */
  announceResults({ results = [] }, sent) {
    const first = new Set(sent.filter((entry) => entry.first).map((entry) => entry.key[2]));
    const became = new Set(results.filter(({ _id }) => first.has(_id)).map(({ status }) => status));
    if (became.has("late")) this.statusBar.say(t("An answer of yours came late: others had finished its task. It is kept, and marked as late."));
    else if (became.has("revised")) this.statusBar.say(t("One of these tasks had an answer of yours already. Your newer one counts now."));
  }

  /** @param {Action} action */
  dispatch(action) {
    this.state = reduce(this.state, action);
    this.render();
  }

  outboxStatus() {
    const { entries, refusal } = this.outbox;
    const waiting = entries.filter((entry) => !entry.problem);
    return {
      waiting: waiting.length,
      writing: this.outbox.writing.size,
      fresh: waiting.filter((entry) => entry.first).length,
      problems: entries.length - waiting.length,
      trouble: this.sender.trouble,
      locked: this.taskFeed.locked || this.sender.locked,
      refusal,
      elsewhere: this.tabSync.heldByOthers().length > 0,
    };
  }

  render() {
    const outbox = this.outboxStatus();
    document.body.dataset.again = String(Boolean(current(this.state)?.previousAnswer));
    this.statusBar.update(this.state, outbox);
    this.cardView.update(this.state, outbox);
    document.body.dataset.state = phase(this.state);
    document.body.dataset.ready = String(!needsTasks(this.state));
    this.tabSync.post();
    if (this.pageRefresh.stale) void this.pageRefresh.refresh();
  }

  /** What the status in the bar does when it is pressed. */
  status() {
    const problems = this.outbox.entries.filter((entry) => entry.problem);
    if (!problems.length) {
      void this.input.command("save");
      return;
    }
    dialogs.showProblems(problems, {
      reopen: (entry) => {
        if (this.answerFlow.may()) this.dispatch({ type: "reopen", ...recordOf(entry) });
      },
      drop: (entry) => void this.outbox.drop(entry.key[2]).then(() => this.render()),
      again: (entry) => {
        const { at, first, task, answer } = entry;
        void this.outbox.put(entry.key[2], { at, first, task, answer }).then(() => this.sender.wake(true));
      },
    });
  }
}

/**
 * Say in the middle of the page what keeps it from starting.
 *
 * @param {string} state
 * @param {string} title
 * @param {string} line
 * @param {...HTMLElement} more
 */
function showStartError(state, title, line, ...more) {
  document.body.dataset.state = state;
  byId("card-area").replaceChildren(h("section", { class: "empty-state" }, h("h2", {}, title), h("p", {}, line), ...more));
}

/**
 * Say whose page this is to somebody who asked for another's, and where that is.
 *
 * @param {Project} project
 * @param {NonNullable<Project["asked"]>} asked
 */
async function showWrongPort(project, { session, url }) {
  const name = project.display || project.annotator;
  const { redirectUrl } = await import("./redirect_url.js");
  const there = url && redirectUrl(url, location.href);
  const words = there
    ? t("You asked for {asked}'s page. It has another address.", { asked: session })
    : t("You asked for {asked}'s page. Ask whoever leads the project for its address.", { asked: session });
  const here = new URL(location.href);
  here.searchParams.delete("session");
  document.title = `${project.project} · ${name}`;
  byId("who").replaceChildren(h("bdi", {}, project.project), " · ", h("bdi", { class: "name" }, name));
  showStartError(
    "error",
    t("This page is {name}'s.", { name }),
    words,
    h("p", { class: "menu-row" },
      there ? h("a", { class: "button", href: there }, t("To {asked}'s page", { asked: session })) : null,
      h("a", { class: "button", href: here.href, "data-command": "stay" }, t("I am {name}: stay here", { name }))),
  );
}

async function begin() {
  /** @type {App | null} */
  let app = null;
  const chosen = chosenLanguage();
  // Should the words not come, the page says its own.
  await setLocale(chooseLanguage(chosen ? [chosen] : navigator.languages)).catch(() => {});
  const statusBar = new StatusBar(() => app?.status());
  for (let failures = 1; ; failures++) {
    let project;
    try {
      project = await getProject(new URLSearchParams(location.search).get("session"));
      if (project.asked) return await showWrongPort(project, project.asked);
      await fetchInterfaces([project.view_id]);
    } catch (error) {
      const kept = t("Answers that you gave before are kept in this browser.");
      if (isLocked(error)) showStartError("error", t("This page needs your new link."), `${newLink()} ${kept}`);
      else showStartError("error", t("The server cannot be reached."), `${t("This page goes on by itself as soon as it is back.")} ${kept}`);
      await Promise.race([sleep(pause(failures)), new Promise((resolve) => addEventListener("online", resolve, { once: true }))]);
      continue;
    }
    const kind = interfaceOf(project.view_id);
    if (!kind) {
      showStartError("error", t("This cannot be shown."), t("This version of annotd has no interface called “{name}”. Please tell whoever leads the project.", { name: project.view_id }));
      return;
    }
    app = new App(project, kind, statusBar);
    await app.start();
    return;
  }
}

void begin();

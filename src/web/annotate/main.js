/**
 * The annotation page: where its parts meet.
 *
 * `state.js` knows what is on the page, `desk.js` and `page.js` draw it, `outbox.js` keeps answers
 * until `sender.js` has seen them stored, `tabs.js` talks with the other tabs. Here they are wired:
 * `hands.js` makes commands of keys and presses, which have their effects in `answering.js` (writing an
 * answer, going back), `supply.js` (asking for tasks) and `turning.js` (the project changes). The order of
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

import { byId, h } from "../shared/dom.js";
import { chosenLanguage, recall } from "../shared/preferences.js";
import { choose, speak, t } from "../shared/tongue.js";
import { Activity } from "./activity.js";
import { Answering, recordOf } from "./answering.js";
import { getProject, giveAnswers, isLocked, speakAs } from "./api.js";
import { Desk } from "./desk.js";
import * as dialogs from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { painted } from "./frames.js";
import { habitsOf } from "./habits.js";
import { Hands } from "./hands.js";
import { fetchInterfaces, interfaceOf } from "./interfaces/registry.js";
import { keymap } from "./keys.js";
import { allow } from "./media.js";
import { Outbox, pause } from "./outbox.js";
import { Page } from "./page.js";
import { Sender } from "./sender.js";
import { current, holding, hungry, initial, phase, reduce } from "./state.js";
import { Supply } from "./supply.js";
import { Tabs } from "./tabs.js";
import { Turning } from "./turning.js";
import { newLink } from "./words.js";

/** @import { Entry } from "./outbox.js" */
/** @import { Given, Interface, Project, Receipt, Task } from "./types.js" */
/** @import { Action, State } from "./state.js" */

recall();

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class App {
  /**
   * @param {Project} project
   * @param {Interface} kind
   * @param {Page} page
   */
  constructor(project, kind, page) {
    speakAs(project.session_id);
    allow(project);
    this.project = project;
    this.kind = kind;
    this.page = page;
    /** @type {State} */
    this.state = reduce(initial, { type: "project", project });
    this.habits = habitsOf(project.project);
    this.map = keymap(project.config?.keymap, this.habits.keys);
    this.activity = new Activity();
    this.outbox = new Outbox(project);
    this.drafts = new Drafts(project);
    this.turning = new Turning(this);
    this.supply = new Supply(this);
    this.answering = new Answering(this);
    this.hands = new Hands(this);
    this.sender = new Sender(this.outbox, {
      changed: () => this.render(),
      settled: () => this.tabs.tellSettled(),
      stored: (receipt, sent) => {
        this.dispatch({ type: "tally", tally: receipt });
        this.tellOf(receipt, sent);
        this.turning.hear(receipt);
      },
    });
    this.tabs = new Tabs(`annotd.${project.project}.${project.annotator}`, {
      holding: () => [...holding(this.state), ...this.outbox.writing.keys()],
      taken: (ids) => this.dispatch({ type: "elsewhere", ids }),
      answered: () => this.outbox.read().then(() => this.render()),
    });
    this.desk = new Desk(
      {
        edit: (values) => {
          this.dispatch({ type: "edit", values });
          this.answering.draft();
        },
        submit: (verdict) => void this.answering.answer(verdict),
        command: (command) => void this.hands.command(command),
        announce: (words) => page.announce(words),
        resume: () => {
          this.dispatch({ type: "resumed" });
          this.supply.wake();
        },
        drawn: () => {
          page.say(null);
          this.activity.begin(performance.now());
          painted(() => this.answering.prepare());
        },
      },
      this.map,
    );
    this.hands.apply();
  }

  async start() {
    await Promise.all([this.outbox.open(), this.drafts.open()]);
    const unsent = this.outbox.entries.map(recordOf);
    await this.supply.prepare(unsent.map(({ task }) => task)).catch(() => {});
    this.dispatch({ type: "older", cards: this.withDrafts(unsent), before: null, end: false });
    this.hands.listen();
    void this.sender.kick();
    void this.sendForOthers();
    await this.tabs.greet();
    await this.supply.ask();
  }

  /** Send what others have left here whose port this was: it is theirs, and is sent as theirs. */
  async sendForOthers() {
    const { project } = this.project;
    for (const annotator of await this.outbox.others()) {
      const outbox = new Outbox({ project, annotator });
      await outbox.open();
      const send = (/** @type {string[]} */ answers, /** @type {number} */ at) => giveAnswers(answers, at, `${project}-${annotator}`);
      await new Sender(outbox, { changed: () => {}, stored: () => {}, send }).kick();
    }
  }

  /**
   * Cards that were answered, as they were left since.
   *
   * @param {{task: Task, given: Given}[]} cards
   */
  withDrafts(cards) {
    return cards.map((one) => ({ ...one, draft: this.drafts.of(one.task._id) }));
  }

  /**
   * Say what an annotator would not expect of a first answer: that it came late, or that there was one.
   *
   * @param {Receipt} receipt
   * @param {Entry[]} sent
   */
  tellOf({ results = [] }, sent) {
    const first = new Set(sent.filter((entry) => entry.first).map((entry) => entry.key[2]));
    const became = new Set(results.filter(({ _id }) => first.has(_id)).map(({ status }) => status));
    if (became.has("late")) this.page.say(t("An answer of yours came late: others had finished its task. It is kept, and marked as late."));
    else if (became.has("revised")) this.page.say(t("One of these tasks had an answer of yours already. Your newer one counts now."));
  }

  /** @param {Action} action */
  dispatch(action) {
    this.state = reduce(this.state, action);
    this.render();
  }

  look() {
    const { entries, refusal } = this.outbox;
    const waiting = entries.filter((entry) => !entry.problem);
    return {
      waiting: waiting.length,
      writing: this.outbox.writing.size,
      fresh: waiting.filter((entry) => entry.first).length,
      problems: entries.length - waiting.length,
      trouble: this.sender.trouble,
      locked: this.supply.locked || this.sender.locked,
      refusal,
      elsewhere: this.tabs.elsewhere().length > 0,
    };
  }

  render() {
    const outbox = this.look();
    document.body.dataset.again = String(Boolean(current(this.state)?.given));
    this.page.update(this.state, outbox);
    this.desk.update(this.state, outbox);
    document.body.dataset.state = phase(this.state);
    document.body.dataset.ready = String(!hungry(this.state));
    this.tabs.tell();
    if (this.turning.stale) void this.turning.turn();
  }

  /** What the status in the bar does when it is pressed. */
  status() {
    const problems = this.outbox.entries.filter((entry) => entry.problem);
    if (!problems.length) {
      void this.hands.command("save");
      return;
    }
    dialogs.showProblems(problems, {
      reopen: (entry) => {
        if (this.answering.may()) this.dispatch({ type: "reopen", ...recordOf(entry) });
      },
      drop: (entry) => void this.outbox.drop(entry.key[2]).then(() => this.render()),
      again: (entry) => {
        const { at, first, task, answer } = entry;
        void this.outbox.put(entry.key[2], { at, first, task, answer }).then(() => this.sender.kick(true));
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
function waitingRoom(state, title, line, ...more) {
  document.body.dataset.state = state;
  byId("stage").replaceChildren(h("section", { class: "calm" }, h("h2", {}, title), h("p", {}, line), ...more));
}

/**
 * Say whose page this is to somebody who asked for another's, and where that is.
 *
 * @param {Project} project
 * @param {NonNullable<Project["asked"]>} asked
 */
async function wrongDoor(project, { session, url }) {
  const name = project.display || project.annotator;
  const { newAddress } = await import("./address.js");
  const there = url && newAddress(url, location.href);
  const words = there
    ? t("You asked for {asked}'s page. It has another address.", { asked: session })
    : t("You asked for {asked}'s page. Ask whoever leads the project for its address.", { asked: session });
  const here = new URL(location.href);
  here.searchParams.delete("session");
  document.title = `${project.project} · ${name}`;
  byId("who").replaceChildren(h("bdi", {}, project.project), " · ", h("bdi", { class: "name" }, name));
  waitingRoom(
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
  await speak(choose(chosen ? [chosen] : navigator.languages)).catch(() => {});
  const page = new Page(() => app?.status());
  for (let failures = 1; ; failures++) {
    let project;
    try {
      project = await getProject(new URLSearchParams(location.search).get("session"));
      if (project.asked) return await wrongDoor(project, project.asked);
      await fetchInterfaces([project.view_id]);
    } catch (error) {
      const kept = t("Answers that you gave before are kept in this browser.");
      if (isLocked(error)) waitingRoom("error", t("This page needs your new link."), `${newLink()} ${kept}`);
      else waitingRoom("error", t("The server cannot be reached."), `${t("This page goes on by itself as soon as it is back.")} ${kept}`);
      await Promise.race([sleep(pause(failures)), new Promise((resolve) => addEventListener("online", resolve, { once: true }))]);
      continue;
    }
    const kind = interfaceOf(project.view_id);
    if (!kind) {
      waitingRoom("error", t("This cannot be shown."), t("This version of annotd has no interface called “{name}”. Please tell whoever leads the project.", { name: project.view_id }));
      return;
    }
    app = new App(project, kind, page);
    await app.start();
    return;
  }
}

void begin();

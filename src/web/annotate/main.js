/**
 * The annotation page: where its parts meet.
 *
 * `state.js` knows what is on the page, `desk.js` and `page.js` draw it, `outbox.js` keeps answers
 * until `sender.js` has seen them stored, `tabs.js` talks with the other tabs. Here they are wired:
 * keys and presses become actions, and actions have their effects (asking for tasks, writing an
 * answer). The order of an answer is fixed: written to the outbox, then the next card is drawn,
 * then it is sent.
 *
 * While an answer is being written (a few milliseconds) keys do nothing: a key pressed before its
 * card is drawn says nothing about that card.
 *
 * Tests hold on to these, which stay as they are:
 * - `document.body.dataset.state`: loading | task | done | waiting | paused | left | moved | error;
 * - `[data-task-id]` on the card: the task's `_id`;
 * - `#status[data-saved]`: saved | sending | offline | problem, with `data-outbox`, the number of
 *   answers that are not yet stored by the server; neither is there before the outbox was read;
 * - `[data-answer=accept|reject|ignore]`, `[data-command=undo|forward]`: the buttons;
 * - `[data-option]` (the id in words) on a choice's inputs, `[data-label]` on a label's button,
 *   `[data-u]` on each token with its place in the row, `mark[data-span="start-end"]` with
 *   `data-label` on each span; `dialog[data-dialog=menu|help|instructions|problems]`.
 */

import { byId } from "../shared/dom.js";
import { recall } from "../shared/preferences.js";
import { newAddress } from "./address.js";
import { ApiError, endSession, getHistory, getProgress, getProject, getQuestions, giveAnswers, newLink, renew, speakAs } from "./api.js";
import { Desk, settingsOf } from "./desk.js";
import * as dialogs from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { fetchInterfaces, interfaceOf } from "./interfaces/registry.js";
import { parse } from "./json.js";
import { belongsTo, commandOf, keymap, nameOf } from "./keys.js";
import { allow, fetchAhead } from "./media.js";
import { Outbox, pause } from "./outbox.js";
import { Page } from "./page.js";
import { Sender } from "./sender.js";
import { ahead, current, holding, hungry, initial, phase, reduce } from "./state.js";
import { Tabs } from "./tabs.js";

/** @import { Given, Interface, News, Project, Task, Values, Verdict } from "./types.js" */
/** @import { Command } from "./keys.js" */
/** @import { Entry } from "./outbox.js" */
/** @import { Action, State } from "./state.js" */

recall();

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long to wait before asking again where nothing came. */
const seldom = [15_000, 30_000, 60_000];
const quiet = { waiting: [3_000, 5_000, 8_000, 12_000, 15_000], done: seldom, paused: seldom, left: seldom, moved: seldom };

/** How long the page hears nothing of the project before it asks how things are. */
const silence = 30_000;

class App {
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
    this.map = keymap(project.config?.keymap);
    this.outbox = new Outbox(project);
    this.drafts = new Drafts(project);
    this.sender = new Sender(this.outbox, {
      changed: () => this.render(),
      stored: (receipt) => {
        this.dispatch({ type: "tally", tally: receipt });
        this.hear(receipt);
      },
    });
    this.tabs = new Tabs(`annotd.${project.project}.${project.annotator}`, {
      holding: () => holding(this.state),
      taken: (ids) => this.dispatch({ type: "elsewhere", ids }),
      answered: () => this.outbox.read().then(() => this.render()),
    });
    this.desk = new Desk(
      {
        edit: (values) => {
          this.dispatch({ type: "edit", values });
          this.draft();
        },
        submit: (verdict) => void this.answer(verdict),
        command: (command) => void this.command(command),
        announce: (words) => page.announce(words),
        drawn: () => {
          page.say(null);
          this.state = reduce(this.state, { type: "shown", now: Date.now() });
        },
      },
      this.map,
    );
    /** Whether an answer is being written, and keys must wait. */
    this.busy = false;
    this.turning = false;
    /** Whether the browser is on its way to another page, and nothing begins here any more. */
    this.leaving = false;
    this.asking = false;
    this.failures = 0;
    /** Whether tasks do not come because this browser's key has been changed. */
    this.locked = false;
    this.empty = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.renewed = Date.now();
    this.active = false;
    this.heard = Date.now();
    /** Whether the project is another one than this page shows: other labels, another address. */
    this.stale = project.standing !== "here";
  }

  async start() {
    await Promise.all([this.outbox.open(), this.drafts.open()]);
    const unsent = this.outbox.entries.map(recordOf);
    await this.prepare(unsent.map(({ task }) => task)).catch(() => {});
    this.dispatch({ type: "older", cards: unsent, end: false });
    this.listen();
    void this.sender.kick();
    void this.sendForOthers();
    await this.tabs.greet();
    await this.ask();
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
      fresh: waiting.filter((entry) => entry.first).length,
      problems: entries.length - waiting.length,
      trouble: this.sender.trouble,
      locked: this.locked || this.sender.locked,
      refusal,
    };
  }

  render() {
    const outbox = this.look();
    this.page.update(this.state, outbox);
    this.desk.update(this.state, outbox);
    document.body.dataset.state = phase(this.state);
    this.tabs.tell();
    if (this.stale) void this.turn();
  }

  // The project changes under way.

  /** @param {News} news what a reply says beside its own */
  hear(news) {
    this.heard = Date.now();
    const { edition, standing } = this.project;
    if ((news.edition ?? edition) === edition && (news.standing ?? standing) === standing) return;
    this.stale = true;
    this.render();
  }

  /**
   * Take the page anew, or go to its new address, once nothing is lost by it: no card is half done,
   * and every answer is where it will be found again.
   */
  async turn() {
    if (this.turning || this.leaving || this.isAtIt()) return;
    this.turning = true;
    try {
      const project = await getProject();
      const { waiting, refusal } = this.look();
      if (project.session_id !== this.project.session_id) {
        this.stale = false;
        return this.dispatch({ type: "fatal", ...strangers(project) });
      }
      // Somebody may have begun, or answered, while the reply was on its way.
      if (this.isAtIt()) return;
      if (project.standing === "moved" && project.moved_to) {
        // This browser's store of answers belongs to the old address: first everything is sent.
        const there = newAddress(project.moved_to, location.href);
        if (!waiting && there) this.leave(() => location.replace(there));
        return;
      }
      this.stale = false;
      const same = project.edition === this.project.edition && project.standing === this.project.standing;
      if (!same && !(waiting && refusal)) this.leave(() => location.reload());
    } catch {
      // It is tried again with the next card.
    } finally {
      this.turning = false;
    }
  }

  /**
   * Leave this page, once: going twice would take the next page away again while somebody answers
   * there. If nothing has come of it after a while, the page is used as before.
   *
   * @param {() => void} go
   */
  leave(go) {
    this.leaving = true;
    setTimeout(() => (this.leaving = false), 10_000);
    go();
  }

  /** Whether a card is half done, or an answer just being written. */
  isAtIt() {
    const card = current(this.state);
    return this.busy || Boolean(card && (card.values || card.flagged || card.given));
  }

  /** Ask how things are, if nothing was heard for a while. */
  async inquire() {
    if (document.visibilityState !== "visible" || Date.now() - this.heard < silence) return;
    this.heard = Date.now();
    await getProgress().then((news) => this.hear(news), () => {});
    if (this.stale) void this.turn();
  }

  // Tasks.

  /** Ask for more tasks if few lie ready. */
  async ask() {
    if (this.asking || !hungry(this.state)) return;
    clearTimeout(this.timer);
    this.asking = true;
    let again = 0;
    try {
      const unsent = this.outbox.entries.map((entry) => entry.key[2]);
      const excludes = [...new Set([...holding(this.state), ...unsent, ...this.tabs.elsewhere()])];
      const reply = await getQuestions(excludes);
      await this.prepare(reply.tasks);
      fetchAhead(reply.tasks);
      const before = ahead(this.state);
      const pending = [...this.outbox.entries.map((entry) => entry.key[2]), ...this.tabs.elsewhere()];
      this.failures = 0;
      this.locked = false;
      const drafts = new Map(reply.tasks.map(({ _id }) => [_id, this.drafts.of(_id)]));
      this.dispatch({ type: "fetched", tasks: reply.tasks, drafts, pending, reason: reply.reason ?? null, tally: reply });
      const grown = ahead(this.state) > before;
      const pauses = quiet[this.state.reason ?? "waiting"];
      again = grown ? 0 : /** @type {number} */ (pauses[Math.min(this.empty, pauses.length - 1)]);
      this.empty = grown ? 0 : this.empty + 1;
      this.hear(reply);
    } catch (error) {
      this.failures++;
      this.locked = isLocked(error);
      again = pause(this.failures);
      if (error instanceof ApiError && error.code === "foreign_session") this.stale = true;
      this.dispatch({ type: "trouble", words: error instanceof Error ? error.message : String(error) });
    } finally {
      this.asking = false;
    }
    if (again) this.timer = setTimeout(() => this.ask(), again);
    else void this.ask();
  }

  /**
   * Fetch the interfaces that these tasks are made of, before one of them is drawn.
   *
   * @param {Task[]} tasks
   */
  async prepare(tasks) {
    const { views } = this.kind;
    if (views) await fetchInterfaces([...new Set(tasks.flatMap((task) => views(task, settingsOf(this.state, task))))]);
  }

  /** Ask now if the page has run dry, or if no pause is running. */
  feed() {
    if (!this.empty && !this.failures) void this.ask();
  }

  /** Keep what is half done on the card. */
  draft() {
    const card = current(this.state);
    if (card) this.drafts.keep(card.task._id, { values: card.values, flagged: card.flagged });
  }

  // Answers.

  /** @param {Verdict} verdict */
  async answer(verdict) {
    const card = current(this.state);
    if (!card || this.busy || this.leaving) return;
    const objection = this.desk.view.check?.(verdict);
    if (objection) {
      this.page.say(objection);
      return;
    }
    const values = this.kind.answer(card.task, card.values, settingsOf(this.state, card.task));
    const now = Date.now();
    this.busy = true;
    try {
      const durable = await this.outbox.put(card.task._id, {
        at: now,
        first: !card.given,
        task: JSON.stringify(card.task),
        answer: JSON.stringify({
          ...values,
          answer: verdict,
          ...(card.flagged ? { flagged: true } : {}),
          _shown_at: card.shownAt || now,
          _answered_at: now,
        }),
      });
      if (!durable) await this.confirmed(card.task._id);
    } finally {
      this.busy = false;
    }
    this.drafts.drop(card.task._id);
    this.dispatch({ type: "answer", verdict, values });
    this.tabs.tellAnswered(card.task._id);
    void this.sender.kick();
    this.feed();
  }

  /**
   * Wait until the server has an answer that could only be kept in memory.
   *
   * @param {string} id
   */
  async confirmed(id) {
    this.render();
    void this.sender.kick(true);
    while (this.outbox.entries.some((entry) => entry.key[2] === id && !entry.problem)) await sleep(20);
  }

  async undo() {
    if (this.busy) return;
    if (this.state.at === 0 && !this.state.oldest) await this.fetchOlder();
    if (this.state.at === 0) {
      if (!this.page.remark) this.page.say("There is nothing before this.");
      return;
    }
    this.dispatch({ type: "undo" });
    const given = current(this.state)?.given;
    if (given) this.page.announce(`Back to an earlier task. Your answer: ${given.answer === "ignore" ? "skip" : given.answer}.`);
  }

  async fetchOlder() {
    this.busy = true;
    try {
      const n = this.state.cards.length + 20;
      const { answers } = await getHistory(n);
      await this.prepare(answers);
      const cards = answers.map((record) => {
        const { answer, flagged, _shown_at, _answered_at, _timestamp, ...task } = record;
        /** @type {Given} */
        const given = { answer: /** @type {Verdict} */ (answer), values: this.kind.recall(record), flagged: flagged === true };
        return { task: /** @type {Task} */ (task), given };
      });
      this.dispatch({ type: "older", cards: cards.reverse(), end: answers.length < n });
    } catch (error) {
      this.page.say(isLocked(error) ? newLink : "Your earlier answers cannot be fetched at the moment: the server cannot be reached.");
    } finally {
      this.busy = false;
    }
  }

  // Keys and the rest of the world.

  /** @param {Command} command */
  async command(command) {
    switch (command) {
      case "accept":
      case "reject":
      case "ignore":
        return this.answer(command);
      case "undo":
        return this.undo();
      case "forward":
        if (!this.busy && current(this.state)?.given) this.dispatch({ type: "forward" });
        return;
      case "flag":
        if (this.busy || !current(this.state)) return;
        this.dispatch({ type: "flag" });
        this.draft();
        this.page.announce(current(this.state)?.flagged ? "flagged" : "flag taken away");
        return;
      case "save": {
        await this.sender.kick(true);
        const { waiting } = this.look();
        this.page.announce(waiting ? `${waiting} answers wait here` : "Everything is saved.");
        return;
      }
      case "help":
        return dialogs.showKeys(this.map, this.kind, this.project);
      case "instructions":
        return dialogs.showInstructions(this.project);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    this.active = true;
    if (event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    const command = commandOf(this.map, name);
    if (dialogs.isOpen()) {
      if ((command === "help" || command === "instructions") && dialogs.close(command)) event.preventDefault();
      return;
    }
    if (belongsTo(event.target, name)) return;
    if (this.busy || this.leaving) {
      event.preventDefault();
      return;
    }
    if (this.desk.view.key?.(name, event)) {
      event.preventDefault();
      return;
    }
    if (!command) return;
    event.preventDefault();
    // A key held down answers one task, not all that lie ready.
    if (event.repeat) return;
    void this.command(command);
  }

  listen() {
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("pointerdown", () => (this.active = true));
    addEventListener("wheel", () => (this.active = true), { passive: true });
    addEventListener("online", () => this.wake());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
    addEventListener("beforeunload", (event) => {
      if (this.look().waiting) event.preventDefault();
    });
    // Looked at several times a lease, however short it is.
    setInterval(() => this.renew(), Math.min(20_000, (this.project.lease_seconds * 1000) / 8));
    setInterval(() => void this.inquire(), silence / 2);
    byId("menu-button").addEventListener("click", () =>
      dialogs.showMenu(this.project, {
        instructions: () => dialogs.showInstructions(this.project),
        keys: () => dialogs.showKeys(this.map, this.kind, this.project),
        stop: () => void this.stop(),
      }),
    );
  }

  /** The network or the person is back: try everything at once. */
  wake() {
    this.active = true;
    this.empty = 0;
    void this.outbox.read().then(() => this.sender.kick(true));
    void this.ask();
    this.renew();
  }

  /** Keep what lies ready, as long as somebody is there. */
  renew() {
    const due = Date.now() - this.renewed > (this.project.lease_seconds * 1000) / 3;
    if (!due || !this.active || document.visibilityState !== "visible" || !ahead(this.state)) return;
    this.renewed = Date.now();
    this.active = false;
    renew().catch(() => (this.renewed = 0));
  }

  /** Give back what lies ready. */
  async stop() {
    dialogs.close();
    await this.sender.kick(true);
    try {
      await endSession();
      this.dispatch({ type: "ended" });
    } catch (error) {
      this.page.say(isLocked(error) ? newLink : "The server cannot be reached, so nothing was given back. You can just close the page.");
    }
  }

  /** What the status in the bar does when it is pressed. */
  status() {
    const problems = this.outbox.entries.filter((entry) => entry.problem);
    if (!problems.length) {
      void this.command("save");
      return;
    }
    dialogs.showProblems(problems, {
      reopen: (entry) => this.dispatch({ type: "reopen", ...recordOf(entry) }),
      drop: (entry) => void this.outbox.drop(entry.key[2]).then(() => this.render()),
      again: (entry) => {
        const { at, first, task, answer } = entry;
        void this.outbox.put(entry.key[2], { at, first, task, answer }).then(() => this.sender.kick(true));
      },
    });
  }
}

/**
 * An entry of the outbox as a card that was answered.
 *
 * @param {Entry} entry
 * @returns {{task: Task, given: Given}}
 */
function recordOf(entry) {
  const { answer, flagged, _shown_at, _answered_at, ...values } = parse(entry.answer);
  return { task: parse(entry.task), given: { answer, values: /** @type {Values} */ (values), flagged: flagged === true } };
}

/**
 * What to say when the port has become somebody else's.
 *
 * @param {Project} project
 */
const strangers = (project) => ({
  title: `This address is ${project.display || project.annotator}'s now.`,
  words: "Answers of yours that still wait here are being sent. Ask whoever leads the project for your own address.",
});

/** @param {unknown} error */
const isLocked = (error) => error instanceof ApiError && error.locked;

/** Say in the middle of the page what keeps it from starting. */
function waitingRoom(/** @type {string} */ state, /** @type {string} */ title, /** @type {string} */ line) {
  document.body.dataset.state = state;
  const room = document.createElement("section");
  room.className = "calm";
  for (const [name, text] of /** @type {const} */ ([["h2", title], ["p", line]])) {
    const element = document.createElement(name);
    element.textContent = text;
    room.append(element);
  }
  byId("stage").replaceChildren(room);
}

async function begin() {
  /** @type {App | null} */
  let app = null;
  const page = new Page(() => app?.status());
  for (let failures = 1; ; failures++) {
    let project;
    try {
      project = await getProject();
      await fetchInterfaces([project.view_id]);
    } catch (error) {
      const kept = "Answers that you gave before are kept in this browser.";
      if (isLocked(error)) waitingRoom("error", "This page needs your new link.", `${newLink} ${kept}`);
      else waitingRoom("error", "The server cannot be reached.", `This page goes on by itself as soon as it is back. ${kept}`);
      await Promise.race([sleep(pause(failures)), new Promise((resolve) => addEventListener("online", resolve, { once: true }))]);
      continue;
    }
    const kind = interfaceOf(project.view_id);
    if (!kind) {
      waitingRoom("error", "This cannot be shown.", `This version of annotd has no interface called “${project.view_id}”. Please tell whoever leads the project.`);
      return;
    }
    app = new App(project, kind, page);
    await app.start();
    return;
  }
}

void begin();

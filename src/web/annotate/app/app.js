/**
 * The running page: builds its parts and connects them.
 *
 * No part knows the whole: each is given the parts and the callbacks that it uses, and names them
 * in its constructor. `Store` holds the state. `CardView` and `StatusBar` draw it. `InputHandler`
 * turns keys and presses into `Commands`. `AnswerFlow` writes answers, `EarlierAnswers` goes back
 * to them, `TaskFeed` fetches tasks, `Sender` sends the outbox, `TabSync` talks to the other tabs,
 * and `PageRefresh` reloads the page when the project has changed.
 *
 * The order of an answer is fixed: it is handed to the disk, the next card is drawn, and once the
 * answer is on the disk it is sent.
 */

import { t } from "../../shared/i18n.js";
import { whenIdleAfterFrame } from "../../shared/scheduling.js";
import { allowSources } from "../media/sources.js";
import { fromOutbox } from "../state/answered_card.js";
import { current, holding, needsTasks, phase } from "../state/state.js";
import { Store } from "../state/store.js";
import { Drafts } from "../storage/drafts.js";
import { Outbox } from "../storage/outbox.js";
import { CardView } from "../view/card_view.js";
import * as dialogs from "../view/dialogs.js";
import { ActiveTime } from "./active_time.js";
import { AnswerFlow } from "./answer_flow.js";
import { setSession, submitAnswers } from "./api.js";
import { CommandGate } from "./command_gate.js";
import { Commands } from "./commands.js";
import { EarlierAnswers } from "./earlier_answers.js";
import { InputHandler } from "./input.js";
import { KeyBindings } from "./key_bindings.js";
import { PageRefresh } from "./page_refresh.js";
import { Sender } from "./sender.js";
import { TabSync } from "./tab_sync.js";
import { TaskFeed } from "./task_feed.js";

/** @import { Interface, Project, SaveReply } from "../state/types.js" */
/** @import { Entry } from "../storage/outbox.js" */
/** @import { OutboxStatus, StatusBar } from "../view/status_bar.js" */

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
    this.statusBar = statusBar;
    const say = (/** @type {string} */ words) => statusBar.say(words);
    const announce = (/** @type {string} */ words) => statusBar.announce(words);
    const store = new Store(project, () => this.render());
    const outbox = new Outbox(project);
    const drafts = new Drafts(project);
    const activeTime = new ActiveTime();
    /** @type {CommandGate} */
    const gate = new CommandGate({ isLeaving: () => this.pageRefresh.leaving, say });
    const keyBindings = new KeyBindings(project, () => this.cardView.showKeys(keyBindings.map, keyBindings.settings.singles));
    this.store = store;
    this.outbox = outbox;
    this.drafts = drafts;
    this.gate = gate;
    this.sender = new Sender(outbox, {
      changed: () => this.render(),
      settled: () => this.tabSync.postSettled(),
      stored: (saveReply, sent) => {
        store.dispatch({ type: "stats", stats: saveReply });
        this.announceResults(saveReply, sent);
        this.pageRefresh.onNotice(saveReply);
      },
    });
    this.tabSync = new TabSync(`annotd.${project.project}.${project.annotator}`, {
      holding: () => [...holding(store.state), ...outbox.writing.keys()],
      taken: (ids) => store.dispatch({ type: "elsewhere", ids }),
      answered: () => outbox.read().then(() => this.render()),
    });
    /** @type {PageRefresh} */
    this.pageRefresh = new PageRefresh({
      project, store,
      isSaving: () => gate.isBusy,
      lastPress: () => this.input.lastPress,
      outboxStatus: () => this.outboxStatus(),
      onStale: () => this.taskFeed.verifyHeld(),
    });
    /** @type {TaskFeed} */
    this.taskFeed = new TaskFeed({
      project, kind, store, outbox, drafts, say, announce,
      heldByOthers: () => this.tabSync.heldByOthers(),
      send: () => this.sender.wake(true),
      onNotice: (notice) => this.pageRefresh.onNotice(notice),
      onOtherOwner: () => (this.pageRefresh.stale = true),
      onMissingModule: () => void this.pageRefresh.checkForUpdate(true),
    });
    const { taskFeed } = this;
    /** @type {AnswerFlow} */
    this.answerFlow = new AnswerFlow({
      project, kind, store, gate, outbox, drafts, taskFeed, say,
      cardView: () => this.cardView,
      timeWorked: () => activeTime.total(performance.now()),
      onAnswered: (id) => this.tabSync.postAnswered(id),
      send: (now) => void this.sender.wake(now),
    });
    this.earlierAnswers = new EarlierAnswers({ project, kind, store, gate, outbox, drafts, taskFeed, say, announce });
    /** @type {Commands} */
    this.commands = new Commands({
      project, kind, store, keyBindings, say, announce,
      answerFlow: this.answerFlow,
      earlierAnswers: this.earlierAnswers,
      send: async () => {
        await this.sender.wake(true);
        return this.outboxStatus().waiting;
      },
      stop: () => void taskFeed.stop(),
      reload: () => this.pageRefresh.leave(() => location.reload()),
    });
    /** @type {InputHandler} */
    this.input = new InputHandler({
      store, gate, keyBindings, taskFeed, activeTime,
      leaseSeconds: project.lease_seconds,
      commands: this.commands,
      pageRefresh: this.pageRefresh,
      view: () => this.cardView.view,
      clearNotice: () => statusBar.say(null),
      hasUnsent: () => this.outboxStatus().waiting > 0,
    });
    this.cardView = new CardView(kind, {
      edit: (values) => {
        store.dispatch({ type: "edit", values });
        this.answerFlow.saveDraft();
      },
      submit: (verdict) => void this.answerFlow.answer(verdict),
      command: (command) => void this.commands.run(command),
      say,
      announce,
      resume: () => {
        store.dispatch({ type: "resumed" });
        taskFeed.wake();
      },
      drawn: () => {
        statusBar.say(null);
        activeTime.begin(performance.now());
        whenIdleAfterFrame(() => this.answerFlow.prepare());
      },
    });
    keyBindings.apply();
  }

  async start() {
    await Promise.all([this.outbox.open(), this.drafts.open()]);
    const unsent = this.outbox.entries.map(fromOutbox);
    await this.taskFeed.prepare(unsent.map(({ task }) => task)).catch(() => {});
    this.store.dispatch({ type: "older", cards: this.earlierAnswers.withDrafts(unsent), before: null, end: false });
    this.input.listen();
    void this.sender.wake();
    void this.sendForPreviousAnnotators();
    await this.tabSync.announce();
    await this.taskFeed.fetchMore();
  }

  /** Send the answers that earlier annotators of this port left in this browser, as theirs. */
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
   * Say what an annotator would not expect of a first answer: that it came late, or that there was
   * one.
   *
   * @param {SaveReply} saveReply
   * @param {Entry[]} sent
   */
  announceResults({ results = [] }, sent) {
    const first = new Set(sent.filter((entry) => entry.first).map((entry) => entry.key[2]));
    const statuses = new Set(results.filter(({ _id }) => first.has(_id)).map(({ status }) => status));
    if (statuses.has("late")) this.statusBar.say(t("One of your answers came late: others had finished its task. It is kept, and marked as late."));
    else if (statuses.has("revised")) this.statusBar.say(t("You had already answered one of these tasks. Your newer answer counts now."));
  }

  /** @returns {OutboxStatus} */
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
    const { state } = this.store;
    const outbox = this.outboxStatus();
    document.body.dataset.again = String(Boolean(current(state)?.previousAnswer));
    this.statusBar.update(state, outbox);
    this.cardView.update(state, outbox);
    document.body.dataset.state = phase(state);
    document.body.dataset.ready = String(!needsTasks(state));
    this.tabSync.post();
    if (this.pageRefresh.stale) void this.pageRefresh.refresh();
  }

  /** The status in the bar was pressed: show the answers with a problem, or send what waits. */
  onStatusPressed() {
    const problems = this.outbox.entries.filter((entry) => entry.problem);
    if (!problems.length) {
      void this.commands.run("save");
      return;
    }
    dialogs.showProblems(problems, {
      reopen: (entry) => {
        if (this.gate.isOpen()) this.store.dispatch({ type: "reopen", ...fromOutbox(entry) });
      },
      drop: (entry) => void this.outbox.drop(entry.key[2]).then(() => this.render()),
      again: (entry) => {
        const { at, first, task, answer } = entry;
        void this.outbox.put(entry.key[2], { at, first, task, answer }).then(() => this.sender.wake(true));
      },
    });
  }
}

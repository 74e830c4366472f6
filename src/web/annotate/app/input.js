/**
 * What the hands do: keys, the bar's buttons, fingers; and what the page does by the clock.
 */

import { byId } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import * as dialogs from "../view/dialogs.js";
import { saveSettings } from "../storage/user_settings.js";
import { belongsTo, commandOf, composes, keymap, nameOf, withoutSingles } from "../state/keys.js";
import { showMenu } from "../view/menu.js";
import { current } from "../state/state.js";
import { canSwipe, listenForSwipes } from "./swipe.js";
import { noticeTimeout } from "./page_refresh.js";
import { answersWaitHere } from "../view/messages.js";

/** @import { UserSettings } from "../storage/user_settings.js" */
/** @import { Command } from "../state/keys.js" */
/** @import { App } from "./main.js" */

export class InputHandler {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** When a key or a button was pressed last (performance.now), long ago at first. */
    this.pressed = -Infinity;
  }

  /** Somebody is there. */
  moved() {
    this.app.taskFeed.onActivity();
    this.app.activeTime.touch(performance.now());
  }

  /** @param {Command} command */
  async command(command) {
    switch (command) {
      case "accept":
      case "reject":
      case "ignore":
        return this.app.answerFlow.answer(command);
      case "undo":
        return this.app.answerFlow.undo();
      case "forward":
        return this.app.answerFlow.forward();
      case "flag":
        if (!current(this.app.state) || !this.app.answerFlow.may()) return;
        this.app.dispatch({ type: "flag" });
        this.app.answerFlow.draft();
        this.app.statusBar.announce(current(this.app.state)?.flagged ? t("flagged") : t("flag taken away"));
        return;
      case "save": {
        await this.app.sender.wake(true);
        const { waiting } = this.app.outboxStatus();
        this.app.statusBar.announce(waiting ? answersWaitHere(waiting) : t("Everything is saved."));
        return;
      }
      case "help":
        return this.keys();
      case "comment":
        return this.app.answerFlow.comment();
      case "history":
        return this.app.answerFlow.history();
      case "instructions":
        return dialogs.showInstructions(this.app.project);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    this.moved();
    this.pressed = performance.now();
    if (event.defaultPrevented || composes(event)) return;
    const pressed = nameOf(event);
    const name = this.app.settings.singles ? pressed : withoutSingles(pressed);
    const command = name && commandOf(this.app.map, name);
    if (dialogs.isOpen()) {
      if ((command === "help" || command === "instructions") && !belongsTo(event.target, pressed) && dialogs.close(command)) event.preventDefault();
      return;
    }
    if (!name) return;
    if (belongsTo(event.target, pressed)) {
      this.app.statusBar.say(null);
      return;
    }
    if (this.app.answerFlow.hindrance()) {
      // The browser's own keys stay its own.
      if (!command && /^(tab|f\d+|(ctrl|meta)\+[^z].*)$/.test(pressed)) return;
      event.preventDefault();
      // A key held down says it once. What is pressed beside the keys is nothing that was meant.
      if (!event.repeat && !["Shift", "Control", "Alt", "Meta"].includes(event.key)) this.app.answerFlow.may();
      return;
    }
    // What was said of the last key is past.
    if (!event.repeat) this.app.statusBar.say(null);
    if (this.app.cardView.view.key?.(name, event)) {
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
    for (const kind of ["pointerdown", "pointermove", "wheel", "scroll"]) {
      addEventListener(kind, () => this.moved(), { passive: true, capture: true });
    }
    addEventListener("pointerdown", () => {
      this.pressed = performance.now();
    }, { passive: true, capture: true });
    addEventListener("online", () => this.app.taskFeed.wake());
    addEventListener("pageshow", (event) => event.persisted && this.app.taskFeed.wake());
    // A page that was frozen, and a window that was behind another.
    document.addEventListener("resume", () => this.app.taskFeed.wake());
    addEventListener("focus", () => this.app.taskFeed.wake());
    document.addEventListener("visibilitychange", () => {
      this.app.activeTime.show(document.visibilityState === "visible", performance.now());
      if (document.visibilityState === "visible") this.app.taskFeed.wake();
    });
    addEventListener("beforeunload", (event) => {
      if (this.app.outboxStatus().waiting) event.preventDefault();
    });
    // Looked at several times a lease, however short it is.
    setInterval(() => this.app.taskFeed.renew(), Math.min(20_000, (this.app.project.lease_seconds * 1000) / 8));
    setInterval(() => void this.app.pageRefresh.checkForUpdate(), noticeTimeout / 2);
    // Who pressed with the mouse goes on with the keys of the card: space skips, and does not press once more.
    const free = () => /** @type {HTMLElement | null} */ (byId("card-area").querySelector(".card:not(.unseen)"))?.focus({ preventScroll: true });
    byId("menu-button").closest("header")?.addEventListener("click", (event) => event.detail && free(), true);
    byId("card-area").addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest(".pen, .label-pen, .drop-span");
      if (event.detail && button && button === document.activeElement) free();
    });
    byId("menu-button").addEventListener("click", () => this.menu());
    for (const command of /** @type {const} */ (["history", "comment"])) {
      byId(`${command}-button`).addEventListener("click", () => void this.command(command));
    }
    byId("card-area").addEventListener("pointerdown", () => this.app.statusBar.say(null));
    listenForSwipes(byId("card-area"), () => this.swipes(), (verdict) => void this.command(verdict));
  }

  /** The card that a finger may answer now, if it may. */
  swipes() {
    const { app } = this;
    const may = app.settings.swipe && canSwipe(app.project.view_id) && !dialogs.isOpen();
    return may ? (current(app.state)?.key ?? null) : null;
  }

  menu() {
    const { app } = this;
    showMenu(app.project, {
      instructions: () => dialogs.showInstructions(app.project),
      keys: () => this.keys(),
      history: () => app.answerFlow.history(),
      flagged: current(app.state)?.flagged ?? null,
      flag: () => {
        dialogs.close();
        void this.command("flag");
      },
      stop: () => void app.taskFeed.stop(),
      swipe: canSwipe(app.project.view_id) ? app.settings.swipe : null,
      setSwipe: (swipe) => this.changeSettings({ ...app.settings, swipe }),
      renew: () => app.pageRefresh.leave(() => location.reload()),
    });
  }

  keys() {
    const { app } = this;
    dialogs.showKeys(app.map, app.kind, app.project, app.settings, () => void this.openKeySettings());
  }

  /** Changing keys is rare: the module comes when it is asked for. */
  async openKeySettings() {
    const { app } = this;
    try {
      const { showKeySettings } = await import("../view/key_settings.js");
      showKeySettings(app.project, app.kind, () => app.settings, (settings) => this.changeSettings(settings));
    } catch {
      app.statusBar.say(t("The server cannot be reached."));
    }
  }

  /** @param {UserSettings} settings */
  changeSettings(settings) {
    this.app.settings = settings;
    saveSettings(this.app.project.project, settings);
    this.apply();
  }

  /** Have the page go by the annotator's habits. */
  apply() {
    const { app } = this;
    app.map = keymap(app.project.config?.keymap, app.settings.keys);
    app.cardView.label(app.map, app.settings.singles);
    document.body.dataset.singles = app.settings.singles ? "on" : "off";
    document.body.dataset.swipe = app.settings.swipe && canSwipe(app.project.view_id) ? "on" : "off";
  }
}

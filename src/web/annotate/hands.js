/**
 * What the hands do: keys, the bar's buttons, fingers; and what the page does by the clock.
 */

import { byId } from "../shared/dom.js";
import { t } from "../shared/tongue.js";
import * as dialogs from "./dialogs.js";
import { keepHabits } from "./habits.js";
import { belongsTo, commandOf, composes, keymap, nameOf, withoutSingles } from "./keys.js";
import { showMenu } from "./menu.js";
import { current } from "./state.js";
import { canSwipe, listenForSwipes } from "./swipe.js";
import { silence } from "./turning.js";
import { answersWaitHere } from "./words.js";

/** @import { Habits } from "./habits.js" */
/** @import { Command } from "./keys.js" */
/** @import { App } from "./main.js" */

export class Hands {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** When a key or a button was pressed last (performance.now), long ago at first. */
    this.pressed = -Infinity;
  }

  /** Somebody is there. */
  moved() {
    this.app.supply.move();
    this.app.activity.touch(performance.now());
  }

  /** @param {Command} command */
  async command(command) {
    switch (command) {
      case "accept":
      case "reject":
      case "ignore":
        return this.app.answering.answer(command);
      case "undo":
        return this.app.answering.undo();
      case "forward":
        return this.app.answering.forward();
      case "flag":
        if (!current(this.app.state) || !this.app.answering.may()) return;
        this.app.dispatch({ type: "flag" });
        this.app.answering.draft();
        this.app.page.announce(current(this.app.state)?.flagged ? t("flagged") : t("flag taken away"));
        return;
      case "save": {
        await this.app.sender.kick(true);
        const { waiting } = this.app.look();
        this.app.page.announce(waiting ? answersWaitHere(waiting) : t("Everything is saved."));
        return;
      }
      case "help":
        return this.keys();
      case "comment":
        return this.app.answering.comment();
      case "history":
        return this.app.answering.history();
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
    const name = this.app.habits.singles ? pressed : withoutSingles(pressed);
    const command = name && commandOf(this.app.map, name);
    if (dialogs.isOpen()) {
      if ((command === "help" || command === "instructions") && !belongsTo(event.target, pressed) && dialogs.close(command)) event.preventDefault();
      return;
    }
    if (!name) return;
    if (belongsTo(event.target, pressed)) {
      this.app.page.say(null);
      return;
    }
    if (this.app.answering.hindrance()) {
      // The browser's own keys stay its own.
      if (!command && /^(tab|f\d+|(ctrl|meta)\+[^z].*)$/.test(pressed)) return;
      event.preventDefault();
      // A key held down says it once. What is pressed beside the keys is nothing that was meant.
      if (!event.repeat && !["Shift", "Control", "Alt", "Meta"].includes(event.key)) this.app.answering.may();
      return;
    }
    // What was said of the last key is past.
    if (!event.repeat) this.app.page.say(null);
    if (this.app.desk.view.key?.(name, event)) {
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
    addEventListener("online", () => this.app.supply.wake());
    addEventListener("pageshow", (event) => event.persisted && this.app.supply.wake());
    // A page that was frozen, and a window that was behind another.
    document.addEventListener("resume", () => this.app.supply.wake());
    addEventListener("focus", () => this.app.supply.wake());
    document.addEventListener("visibilitychange", () => {
      this.app.activity.show(document.visibilityState === "visible", performance.now());
      if (document.visibilityState === "visible") this.app.supply.wake();
    });
    addEventListener("beforeunload", (event) => {
      if (this.app.look().waiting) event.preventDefault();
    });
    // Looked at several times a lease, however short it is.
    setInterval(() => this.app.supply.renew(), Math.min(20_000, (this.app.project.lease_seconds * 1000) / 8));
    setInterval(() => void this.app.turning.inquire(), silence / 2);
    // Who pressed with the mouse goes on with the keys of the card: space skips, and does not press once more.
    const free = () => /** @type {HTMLElement | null} */ (byId("stage").querySelector(".card:not(.unseen)"))?.focus({ preventScroll: true });
    byId("menu-button").closest("header")?.addEventListener("click", (event) => event.detail && free(), true);
    byId("stage").addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest(".pen, .label-pen, .drop-span");
      if (event.detail && button && button === document.activeElement) free();
    });
    byId("menu-button").addEventListener("click", () => this.menu());
    for (const command of /** @type {const} */ (["history", "comment"])) {
      byId(`${command}-button`).addEventListener("click", () => void this.command(command));
    }
    byId("stage").addEventListener("pointerdown", () => this.app.page.say(null));
    listenForSwipes(byId("stage"), () => this.swipes(), (verdict) => void this.command(verdict));
  }

  /** The card that a finger may answer now, if it may. */
  swipes() {
    const { app } = this;
    const may = app.habits.swipe && canSwipe(app.project.view_id) && !dialogs.isOpen();
    return may ? (current(app.state)?.key ?? null) : null;
  }

  menu() {
    const { app } = this;
    showMenu(app.project, {
      instructions: () => dialogs.showInstructions(app.project),
      keys: () => this.keys(),
      history: () => app.answering.history(),
      flagged: current(app.state)?.flagged ?? null,
      flag: () => {
        dialogs.close();
        void this.command("flag");
      },
      stop: () => void app.supply.stop(),
      swipe: canSwipe(app.project.view_id) ? app.habits.swipe : null,
      setSwipe: (swipe) => this.accustom({ ...app.habits, swipe }),
      renew: () => app.turning.leave(() => location.reload()),
    });
  }

  keys() {
    const { app } = this;
    dialogs.showKeys(app.map, app.kind, app.project, app.habits, () => void this.changeKeys());
  }

  /** Changing keys is rare: the module comes when it is asked for. */
  async changeKeys() {
    const { app } = this;
    try {
      const { showKeyChanges } = await import("./keychanges.js");
      showKeyChanges(app.project, app.kind, () => app.habits, (habits) => this.accustom(habits));
    } catch {
      app.page.say(t("The server cannot be reached."));
    }
  }

  /** @param {Habits} habits */
  accustom(habits) {
    this.app.habits = habits;
    keepHabits(this.app.project.project, habits);
    this.apply();
  }

  /** Have the page go by the annotator's habits. */
  apply() {
    const { app } = this;
    app.map = keymap(app.project.config?.keymap, app.habits.keys);
    app.desk.label(app.map, app.habits.singles);
    document.body.dataset.singles = app.habits.singles ? "on" : "off";
    document.body.dataset.swipe = app.habits.swipe && canSwipe(app.project.view_id) ? "on" : "off";
  }
}

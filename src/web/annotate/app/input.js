/**
 * Listens to keys, buttons, swipes and the timers of the page, and runs the commands that they
 * mean.
 */

import { byId } from "../../shared/dom.js";
import { belongsTo, commandOf, composes, nameOf, withoutSingles } from "../state/keys.js";
import * as dialogs from "../view/dialogs.js";
import { noticeTimeout } from "./page_refresh.js";
import { listenForSwipes } from "./swipe.js";

/** @import { Store } from "../state/store.js" */
/** @import { View } from "../state/types.js" */
/** @import { ActiveTime } from "./active_time.js" */
/** @import { CommandGate } from "./command_gate.js" */
/** @import { Commands } from "./commands.js" */
/** @import { KeyBindings } from "./key_bindings.js" */
/** @import { PageRefresh } from "./page_refresh.js" */
/** @import { TaskFeed } from "./task_feed.js" */

/** Buttons of labels and tools: after a click the card has the focus again. */
const toolButtons = ".label-button, .remove-button";

export class InputHandler {
  /**
   * @param {{
   *   leaseSeconds: number,
   *   store: Store,
   *   gate: CommandGate,
   *   commands: Commands,
   *   keyBindings: KeyBindings,
   *   taskFeed: Pick<TaskFeed, "onActivity" | "wake" | "renew">,
   *   pageRefresh: Pick<PageRefresh, "checkForUpdate">,
   *   activeTime: ActiveTime,
   *   view: () => View,
   *   clearNotice: () => void,
   *   hasUnsent: () => boolean,
   * }} page `view`: of the card in work; `hasUnsent`: whether answers wait in this browser
   */
  constructor(page) {
    this.page = page;
    /** When a key or a button was pressed last, as performance.now() has it; long ago at first. */
    this.lastPress = -Infinity;
  }

  /** The annotator moved, scrolled or pressed. */
  onActivity() {
    this.page.taskFeed.onActivity();
    this.page.activeTime.touch(performance.now());
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { commands, gate, keyBindings, clearNotice, view } = this.page;
    this.onActivity();
    this.lastPress = performance.now();
    if (event.defaultPrevented || composes(event)) return;
    const pressed = nameOf(event);
    const name = keyBindings.settings.singles ? pressed : withoutSingles(pressed);
    const command = name && commandOf(keyBindings.map, name);
    if (dialogs.isOpen()) {
      if ((command === "help" || command === "instructions") && !belongsTo(event.target, pressed) && dialogs.close(command)) event.preventDefault();
      return;
    }
    if (!name) return;
    if (belongsTo(event.target, pressed)) {
      clearNotice();
      return;
    }
    if (gate.obstacle()) {
      // The browser's own keys stay its own.
      if (!command && /^(tab|f\d+|(ctrl|meta)\+[^z].*)$/.test(pressed)) return;
      event.preventDefault();
      // A key held down says it once. A modifier alone was no command.
      if (!event.repeat && !["Shift", "Control", "Alt", "Meta"].includes(event.key)) gate.isOpen();
      return;
    }
    // The notice was about the key before.
    if (!event.repeat) clearNotice();
    if (view().key?.(name, event)) {
      event.preventDefault();
      return;
    }
    if (!command) return;
    event.preventDefault();
    // A key held down answers one task, not all that lie ready.
    if (event.repeat) return;
    void commands.run(command);
  }

  listen() {
    const { activeTime, commands, keyBindings, leaseSeconds, pageRefresh, store, taskFeed, clearNotice, hasUnsent } = this.page;
    addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["pointerdown", "pointermove", "wheel", "scroll"]) {
      addEventListener(kind, () => this.onActivity(), { passive: true, capture: true });
    }
    addEventListener("pointerdown", () => {
      this.lastPress = performance.now();
    }, { passive: true, capture: true });
    addEventListener("online", () => taskFeed.wake());
    addEventListener("pageshow", (event) => event.persisted && taskFeed.wake());
    // A page that was frozen, and a window that was behind another.
    document.addEventListener("resume", () => taskFeed.wake());
    addEventListener("focus", () => taskFeed.wake());
    document.addEventListener("visibilitychange", () => {
      activeTime.show(document.visibilityState === "visible", performance.now());
      if (document.visibilityState === "visible") taskFeed.wake();
    });
    addEventListener("beforeunload", (event) => {
      if (hasUnsent()) event.preventDefault();
    });
    // Several times a lease, however short it is.
    setInterval(() => taskFeed.renew(), Math.min(20_000, (leaseSeconds * 1000) / 8));
    setInterval(() => void pageRefresh.checkForUpdate(), noticeTimeout / 2);

    const cardArea = byId("card-area");
    // After a mouse click, return focus to the card, so that space skips instead of clicking once
    // more.
    const focusCard = () => /** @type {HTMLElement | null} */ (cardArea.querySelector(".card:not(.offscreen)"))?.focus({ preventScroll: true });
    byId("menu-button").closest("header")?.addEventListener("click", (event) => event.detail && focusCard(), true);
    cardArea.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest(toolButtons);
      if (event.detail && button && button === document.activeElement) focusCard();
    });
    byId("menu-button").addEventListener("click", () => commands.showMenu());
    for (const command of /** @type {const} */ (["history", "comment"])) {
      byId(`${command}-button`).addEventListener("click", () => void commands.run(command));
    }
    cardArea.addEventListener("pointerdown", () => clearNotice());
    const swiped = () => (keyBindings.swipe && !dialogs.isOpen() ? (store.card?.key ?? null) : null);
    listenForSwipes(cardArea, swiped, (verdict) => void commands.run(verdict));
  }
}

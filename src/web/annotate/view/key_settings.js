/**
 * The annotator's own keys: press the one that is wanted. A key that does something already is not
 * taken; the dialog says what it does. What is chosen holds at once, in this browser, for this
 * project.
 */

import { h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { show } from "./dialogs.js";
import { composes, keymap, nameOf, namesIn, rival, sign } from "../state/keys.js";
import { commandWords } from "./messages.js";

/** @import { UserSettings } from "../storage/user_settings.js" */
/** @import { Command } from "../state/keys.js" */
/** @import { Interface, Project } from "../state/types.js" */

/**
 * @param {Project} project
 * @param {Interface} kind
 * @param {() => UserSettings} settings
 * @param {(settings: UserSettings) => void} changeSettings
 */
export function showKeySettings(project, kind, settings, changeSettings) {
  const rows = h("div", { class: "keys" });
  const told = h("p", { class: "small key-status", role: "status" });
  const singles = h("input", { type: "checkbox", id: "singles" });
  singles.checked = settings().singles;
  singles.addEventListener("change", () => changeSettings({ ...settings(), singles: singles.checked }));
  const taken = new Map(kind.keys(project).flatMap(({ keys, does }) => namesIn(keys).map((name) => /** @type {const} */ ([name, does]))));
  const meanings = new Map(commandWords());
  /** @type {Command | null} which command waits for its key */
  let waiting = null;

  const draw = () => {
    const map = keymap(project.config?.keymap, settings().keys);
    rows.replaceChildren(...commandWords().map(([command, does]) => {
      const button = h("button", { type: "button", "data-change": command, "aria-label": `${does}: ${map[command].map(sign).join(", ")}` });
      if (command === waiting) put(button, t("press a key…"));
      else put(button, ...map[command].map((key) => h("kbd", {}, sign(key))));
      button.addEventListener("click", () => {
        waiting = command;
        say(told, t("Press the new key for “{what}”. Escape cancels.", { what: does }));
        draw();
        /** @type {HTMLElement} */ (rows.querySelector(`[data-change="${command}"]`)).focus();
      });
      return h("div", {}, button, h("span", {}, does));
    }));
  };
  const dialog = show(
    "keys",
    t("Change the keys"),
    rows,
    told,
    h("p", {}, h("label", {}, singles, " ", t("Single-letter shortcuts (off: hold Alt)"))),
    h("div", { class: "menu-row" }, h("button", {
      type: "button",
      "data-command": "usual-keys",
      onclick: () => {
        changeSettings({ ...settings(), keys: {}, singles: true });
        singles.checked = true;
        waiting = null;
        say(told, t("All keys are reset."));
        draw();
      },
    }, t("Reset all keys"))),
  );
  dialog.addEventListener("keydown", (event) => {
    if (!waiting || event.defaultPrevented || composes(event) || ["Shift", "Control", "Alt", "Meta", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const command = waiting;
    const name = nameOf(event);
    waiting = null;
    const other = rival(keymap(project.config?.keymap, settings().keys), command, name);
    const does = other ? meanings.get(other) : taken.get(name);
    const kept = event.key === "Escape" && command !== "forward";
    if (kept) say(told, "");
    else if (does) say(told, t("{key} is already used: {what}. Nothing was changed.", { key: sign(name), what: does }));
    else {
      changeSettings({ ...settings(), keys: { ...settings().keys, [command]: [name] } });
      say(told, t("The key is now {key}.", { key: sign(name) }));
    }
    draw();
    /** @type {HTMLElement} */ (rows.querySelector(`[data-change="${command}"]`)).focus();
  }, true);
  draw();
}

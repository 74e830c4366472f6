/**
 * What floats above the page: the keys, the instructions, a remark, the reason for a skip, the
 * answers that the server would not take. The menu, the history and the change of keys have files
 * of their own. All are native <dialog> elements, which keep the focus inside, close on Escape, and
 * give the focus back.
 */

import { cleaned, h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { composes, digits, isSingle, sign } from "../state/keys.js";
import { commandWords } from "./messages.js";

/** @import { UserSettings } from "../storage/user_settings.js" */
/** @import { Interface, Project } from "../state/types.js" */
/** @import { Keymap } from "../state/keys.js" */
/** @import { Entry } from "../storage/outbox.js" */

/** @type {HTMLDialogElement | null} */
let open = null;

/** Whether a dialog is open, and keys belong to it. */
export const isOpen = () => open?.open === true;

/** @param {string} [name] only if it is this one */
export function close(name) {
  if (!open || (name && open.dataset.dialog !== name)) return false;
  open.close();
  return true;
}

/**
 * @param {string} name
 * @param {string} title
 * @param {...(Node | string | null)} content
 */
export function show(name, title, ...content) {
  close();
  const button = h("button", { type: "button", class: "plain", "aria-label": t("Close") }, "×");
  const dialog = h(
    "dialog",
    { "data-dialog": name, "aria-label": title },
    h("header", {}, h("h2", {}, title), button),
    h("div", { class: "inside" }, ...content),
  );
  button.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  // A search field takes Escape for itself in some browsers, to empty it.
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || composes(event)) return;
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    if (open === dialog) open = null;
    dialog.remove();
  });
  document.body.append(dialog);
  open = dialog;
  dialog.showModal();
  return dialog;
}

/**
 * @param {Keymap} map
 * @param {Interface} kind
 * @param {Project} project
 * @param {UserSettings} settings
 * @param {() => void} change
 */
export function showKeys(map, kind, project, settings, change) {
  const name = (/** @type {string} */ key) => sign(settings.singles || !isSingle(key) ? key : `alt+${key}`);
  show(
    "help",
    t("Keys"),
    settings.singles ? null : h("p", {}, t("Single-letter shortcuts are off: hold Alt with them.")),
    h(
      "dl",
      { class: "keys" },
      ...kind.keys(project).map(({ keys, does }) => line(keys, does)),
      ...commandWords().map(([command, does]) => line(map[command].map(name), does)),
    ),
    h("div", { class: "menu-row" }, h("button", { type: "button", "data-command": "keys", onclick: change }, t("Change the keys"))),
  );
}

/**
 * Why a task is skipped: by a digit, or Enter without a reason.
 *
 * @param {string[]} reasons
 * @param {(reason: string | null) => void} chosen
 */
export function askReason(reasons, chosen) {
  const choose = (/** @type {string | null} */ reason) => {
    dialog.close();
    chosen(reason);
  };
  const none = h("button", { type: "button", "data-reason": "", autofocus: true, onclick: () => choose(null) }, t("Without a reason"), h("kbd", { "aria-hidden": "true" }, sign("enter")));
  const dialog = show(
    "skip",
    t("Why skip this task?"),
    h(
      "div",
      { class: "reasons" },
      ...reasons.map((reason, i) =>
        h("button", { type: "button", "data-reason": reason, onclick: () => choose(reason) }, h("bdi", {}, reason), i < 9 ? h("kbd", { "aria-hidden": "true" }, digits[i]) : null),
      ),
      none,
    ),
  );
  dialog.addEventListener("keydown", (event) => {
    const reason = reasons[digits.slice(0, 9).indexOf(event.key)];
    if (reason === undefined || composes(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(reason);
  });
}

/**
 * A remark on a task; kept with every letter.
 *
 * @param {string} now
 * @param {(comment: string) => void} keep
 */
export function askComment(now, keep) {
  const field = h("textarea", { rows: "4", dir: "auto", "aria-label": t("Your remark"), autofocus: true });
  field.value = now;
  field.addEventListener("input", () => keep(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || composes(event)) return;
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
  });
  const dialog = show(
    "comment",
    t("A remark on this task"),
    field,
    h("p", { class: "small" }, t("It is sent with your answer. Enter or Escape closes; Shift+Enter begins a new line.")),
    h("div", { class: "menu-row" }, h("button", { type: "button", onclick: () => dialog.close() }, t("Done"))),
  );
}

/**
 * @param {string[]} keys
 * @param {string} does
 */
function line(keys, does) {
  return h("div", {}, h("dt", {}, ...keys.flatMap((key) => (key === "…" ? [" … "] : [h("kbd", {}, key), " "]))), h("dd", {}, does));
}

/** @param {Project} project */
export function showInstructions(project) {
  const text = project.instructions
    ? h("div", { class: "html", dir: "auto" }, cleaned(project.instructions))
    : h("p", {}, t("This project has no written instructions."));
  show("instructions", t("Instructions"), text).classList.add("wide");
}

/**
 * The answers that the server would not take, each with its reason.
 *
 * @param {Entry[]} entries
 * @param {{
 *   reopen: (entry: Entry) => void,
 *   drop: (entry: Entry) => void,
 *   again: (entry: Entry) => void,
 * }} callbacks
 */
export function showProblems(entries, callbacks) {
  const list = h("ul", { class: "problems" });
  const dialog = show(
    "problems",
    t("Answers with a problem"),
    h("p", {}, t("The server rejected these. They are kept in this browser; everything else continues.")),
    list,
  );
  for (const entry of entries) {
    const reason = entry.problem?.error || (entry.problem?.status === "unknown" ? t("The server does not list this task as yours. It may have been given to another annotator.") : t("No reason was given."));
    const item = h("li", {}, h("p", {}, reason), h("p", { class: "small" }, t("Task {id}", { id: `${entry.key[2].slice(0, 12)}…` })));
    const done = (/** @type {(entry: Entry) => void} */ act) => () => {
      act(entry);
      item.remove();
      if (!list.children.length) dialog.close();
    };
    put(item, h("div", { class: "menu-row" },
      h("button", { type: "button", onclick: () => { dialog.close(); callbacks.reopen(entry); } }, t("Show the task again")),
      h("button", { type: "button", onclick: done(callbacks.again) }, t("Send again")),
      h("button", { type: "button", onclick: done(callbacks.drop) }, t("Discard this answer")),
    ));
    put(list, item);
  }
}

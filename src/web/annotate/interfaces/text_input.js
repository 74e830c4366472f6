/**
 * `text_input`: free text under the key that `field_id` names.
 *
 * While somebody writes, single keys are letters. Out of the field leads Escape (in a field of one line
 * Enter as well), and then every key means what it says on its button; Ctrl+Enter accepts from inside.
 *
 * On its own it shows the task above the field. In a block it is the field alone: what it is about has a
 * block of its own.
 */

import { h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/tongue.js";
import { words } from "../json.js";
import { drawContent } from "./content.js";

/** @import { Interface, Task } from "../types.js" */

/** @typedef {(name: string) => unknown} Settings */

/** Fields on one page need names of their own. */
let fields = 0;

/**
 * What is said about the field: by the task, or by the settings.
 *
 * @param {Task} task
 * @param {Settings} settings
 * @param {string} name
 */
const said = (task, settings, name) => task[name] ?? settings(name);

/**
 * The key that the text goes to.
 *
 * @param {Task} task
 * @param {Settings} settings
 */
export function fieldId(task, settings) {
  const own = task.field_id;
  if (typeof own === "string" && own) return own;
  const set = settings("field_id");
  return typeof set === "string" && set ? set : "user_input";
}

/** @type {Interface} */
const textInput = {
  draw(host, _question, desk) {
    const { task, settings } = desk;
    const focus = desk.part === "block" ? null : drawContent(host, task, desk.project);
    const id = fieldId(task, settings);
    const name = `field-${fields++}`;
    const rows = Number(said(task, settings, "field_rows") ?? 1);
    const label = words(said(task, settings, "field_label"));
    const placeholder = words(said(task, settings, "field_placeholder"));
    const given = said(task, settings, "field_suggestions");
    const suggestions = Array.isArray(given) ? given.map(words).filter(Boolean) : [];
    const several = rows > 1;
    const begun = words(desk.values ? desk.values[id] : task[id]);

    const shared = {
      class: "field",
      id: name,
      "data-field": id,
      dir: "auto",
      placeholder: placeholder || null,
      "aria-label": label ? null : placeholder || t("Your text"),
      "aria-describedby": `${name}-help`,
      autocomplete: "off",
    };
    const field = several
      ? h("textarea", { ...shared, rows: Math.min(rows, 40) })
      : h("input", { ...shared, type: "text", list: suggestions.length ? `${name}-list` : null });
    field.value = begun;

    const leave = () => {
      field.blur();
      /** @type {HTMLElement | null} */ (host.closest("[data-task-id]"))?.focus({ preventScroll: true });
      desk.announce(t("Out of the field. Keys answer again."));
    };
    field.addEventListener("input", () => desk.edit({ [id]: field.value }));
    // Registered as a listener of any element's, to have one type for both.
    /** @type {HTMLElement} */ (field).addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const command = event.ctrlKey || event.metaKey;
      if (event.key === "Enter" && command) desk.submit("accept");
      else if (event.key === "Escape" || (event.key === "Enter" && !several && !event.shiftKey)) leave();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });

    /** @param {string} suggestion */
    const take = (suggestion) => {
      field.value = field.value.trim() && several ? `${field.value.trimEnd()}\n${suggestion}` : suggestion;
      desk.edit({ [id]: field.value });
      say(taken, t("Taken over: {words}", { words: suggestion }));
    };
    const taken = h("p", { class: "quiet-words", role: "status" });
    const choices = several
      ? h(
          "div",
          { class: "suggestions", role: "group", "aria-label": t("Suggestions") },
          ...suggestions.map((one) => h("button", { type: "button", dir: "auto", onclick: () => take(one) }, one)),
        )
      : h("datalist", { id: `${name}-list` }, ...suggestions.map((one) => h("option", { value: one })));

    put(
      host,
      h(
        "div",
        { class: "written" },
        label && h("label", { for: name, dir: "auto" }, label),
        field,
        suggestions.length > 0 && choices,
        h(
          "p",
          { class: "how", id: `${name}-help` },
          several ? t("Esc leaves the field, Ctrl+Enter accepts.") : t("Enter or Esc leaves the field, Ctrl+Enter accepts."),
        ),
        several && suggestions.length > 0 && taken,
      ),
    );
    return {
      shown() {
        focus?.scrollIntoView({ block: "center" });
        if (said(task, settings, "field_autofocus") === true) field.focus({ preventScroll: Boolean(focus) });
      },
    };
  },
  answer(task, values, settings) {
    const id = fieldId(task, settings);
    if (values && id in values) return { [id]: values[id] };
    return { [id]: id in task ? task[id] : "" };
  },
  recall: (record, settings) => {
    const id = fieldId(record, settings);
    return id in record ? { [id]: record[id] } : null;
  },
  keys: () => [
    { keys: ["escape"], does: t("leave the field") },
    { keys: ["ctrl+enter"], does: t("accept from inside the field") },
  ],
};

export default textInput;

/**
 * `text_input`: free text under the key that `field_id` names.
 *
 * Where it is the whole card, the field has the focus when the card comes, for to write is what the
 * card is for. Enter (in a field of several lines Ctrl+Enter) accepts, and Escape leaves the field:
 * from then on a key means what it says on its button. Until then a letter writes, also where the
 * focus was lost to a click beside the field: it takes the focus back. The buttons say meanwhile
 * what works (text_input.css). On a card that was answered before, the field waits for the first
 * letter, so that backspace goes further back and deletes no letters.
 *
 * In a block or on a page the keys are the whole card's: the field takes the focus only if
 * `field_autofocus` is true, and Enter leaves it. In a block it is the field alone: what it is
 * about has a block of its own.
 *
 * Rejected: Alt with a letter as a command from inside the field; on a Mac that is how letters are
 * written, and none may become a verdict.
 */

import { h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { belongsTo, composes, nameOf, sign } from "../state/keys.js";
import { isBlank, onEmpty, isTyping } from "../editors/typing.js";
import { drawContent } from "./content.js";

/** @import { Interface, Task } from "../state/types.js" */

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
  draw(host, _question, context) {
    const { task, settings } = context;
    const id = fieldId(task, settings);
    const name = `field-${fields++}`;
    const whole = !context.part;
    const about = h("div", { id: `${name}-about` });
    const focus = context.part === "block" ? null : drawContent(about, task, context.project);
    if (context.part !== "block") put(host, about);
    const rows = Number(said(task, settings, "field_rows") ?? 1);
    const label = toText(said(task, settings, "field_label"));
    const placeholder = toText(said(task, settings, "field_placeholder"));
    const given = said(task, settings, "field_suggestions");
    const suggestions = Array.isArray(given) ? given.map(toText).filter(Boolean) : [];
    const several = rows > 1;
    const begun = toText(context.values ? context.values[id] : task[id]);
    const required = said(task, settings, "field_required");
    const autofocus = said(task, settings, "field_autofocus") ?? whole;
    /** Whether letters are for the field, wherever the focus is. */
    let writing = false;
    let asked = false;
    let choosing = false;

    const shared = {
      class: "field",
      id: name,
      "data-field": id,
      dir: "auto",
      placeholder: placeholder || null,
      "aria-label": label ? null : placeholder || t("Your text"),
      "aria-describedby": whole ? `${name}-about ${name}-help` : `${name}-help`,
      "aria-required": required === true ? "true" : null,
      autocomplete: "off",
    };
    const field = several
      ? h("textarea", { ...shared, rows: Math.min(rows, 40) })
      : h("input", { ...shared, type: "text", list: suggestions.length ? `${name}-list` : null, enterkeyhint: whole ? "send" : null });
    field.value = begun;
    const written = h("div", { class: "written", "data-enter": whole && !several ? "accepts" : null });

    /** @param {boolean} on */
    const write = (on) => {
      writing = on;
      written.classList.toggle("writing", on);
    };

    const leave = () => {
      field.blur();
      write(false);
      const card = host.closest("[data-task-id]");
      if (card instanceof HTMLElement) card.focus({ preventScroll: true });
      context.announce(t("Left the field. Shortcut keys are active again."));
    };
    const changed = () => {
      asked = false;
      field.removeAttribute("aria-invalid");
      context.edit({ [id]: field.value });
    };
    // Registered as a listener of any element's, to have one type for both.
    const element = /** @type {HTMLElement} */ (field);
    element.addEventListener("input", () => {
      choosing = false;
      changed();
    });
    element.addEventListener("focus", () => write(true));
    // The whole card is for writing, and stays so when a click goes beside the field.
    element.addEventListener("blur", () => whole || write(false));
    element.addEventListener("keydown", (event) => {
      // Safari says that it composes no more when Enter has just ended a word; the code says
      // otherwise.
      if (composes(event)) return;
      const command = event.ctrlKey || event.metaKey;
      if (event.key === "Enter" && (command || (whole && !several && !event.shiftKey))) {
        // Enter takes the suggestion that the arrows went to; the next one accepts.
        const takes = choosing && !command;
        choosing = false;
        if (takes) return;
        // A key held down answers one card, not all that lie ready.
        if (!event.repeat) context.submit("accept");
      } else if (event.key === "Escape" || (event.key === "Enter" && !several && !event.shiftKey)) {
        leave();
      } else {
        if (event.key === "Tab") write(false);
        choosing = suggestions.length > 0 && !several && (event.key === "ArrowDown" || event.key === "ArrowUp");
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });

    /**
     * A key beside the field, before the page hears of it: a letter finds its way back.
     *
     * @param {KeyboardEvent} event
     */
    const beside = (event) => {
      const { target } = event;
      if (!writing || target === field || event.defaultPrevented || belongsTo(target, nameOf(event))) return;
      if (target instanceof Element && target.closest("dialog")) return;
      if (event.key === "Escape") {
        leave();
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      // On answered cards, backspace goes further back.
      if (!isTyping(event) || (again() && event.key.length > 1)) return;
      // The letter itself goes where the focus is by the time it is typed.
      field.focus({ preventScroll: true });
      event.stopImmediatePropagation();
    };

    /** @param {string} suggestion */
    const take = (suggestion) => {
      field.value = field.value.trim() && several ? `${field.value.trimEnd()}\n${suggestion}` : suggestion;
      changed();
      say(taken, t("Inserted: {words}", { words: suggestion }));
    };
    const taken = h("p", { class: "visually-hidden", role: "status" });
    const choices = several
      ? h(
          "div",
          { class: "suggestions", role: "group", "aria-label": t("Suggestions") },
          ...suggestions.map((one) => h("button", { type: "button", dir: "auto", onclick: () => take(one) }, one)),
        )
      : h("datalist", { id: `${name}-list` }, ...suggestions.map((one) => h("option", { value: one })));

    put(
      written,
      label && h("label", { for: name, dir: "auto" }, label),
      field,
      suggestions.length > 0 && choices,
      h("p", { class: "how", id: `${name}-help` }, how(several, whole)),
      several && suggestions.length > 0 && taken,
    );
    put(host, written);
    return {
      check(verdict) {
        if (verdict !== "accept" || !isBlank(field.value)) return null;
        const policy = onEmpty(required, context.part);
        if (policy === "pass" || (policy === "ask" && asked)) return null;
        asked = true;
        if (policy === "ask") return t("The field is empty. Accept again to leave it empty.");
        field.setAttribute("aria-invalid", "true");
        return t("“{field}” must not be empty.", { field: label || placeholder || t("Your text") });
      },
      mounted() {
        focus?.scrollIntoView({ block: "center" });
        if (whole) addEventListener("keydown", beside, true);
        if (autofocus !== true) return;
        write(whole);
        // On a phone the keyboard would cover what there is to read; it comes with the first tap.
        const covers = matchMedia("(pointer: coarse)").matches && said(task, settings, "field_autofocus") !== true;
        if (!again() && !covers) field.focus({ preventScroll: true });
      },
      destroy: () => removeEventListener("keydown", beside, true),
    };
  },
  answer(task, values, settings) {
    const id = fieldId(task, settings);
    if (values && id in values) return { [id]: values[id] };
    return { [id]: id in task ? task[id] : "" };
  },
  fromAnswer: (record, settings) => {
    const id = fieldId(record, settings);
    return id in record ? { [id]: record[id] } : null;
  },
  keys: (project, part) => [
    { keys: [sign("escape")], does: t("leave the field") },
    { keys: [part || Number(project.config.field_rows) > 1 ? "" : "enter", "ctrl+enter"].filter(Boolean).map(sign), does: t("accept from inside the field") },
  ],
};

export default textInput;

/** Whether the card was answered before (main.js). */
const again = () => document.body.dataset.again === "true";

/**
 * Which keys work in the field, beside those that write.
 *
 * @param {boolean} several lines
 * @param {boolean} whole
 */
function how(several, whole) {
  if (several) return t("Esc leaves the field, Ctrl+Enter accepts.");
  return whole ? t("Enter accepts, Esc leaves the field.") : t("Enter or Esc leaves the field, Ctrl+Enter accepts.");
}

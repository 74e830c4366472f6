/**
 * The panel at the side with what the annotator has answered: newest first, with a search. Opening
 * one shows its card; answering it again is a revision, after which the page is where it was.
 *
 * Answers are fetched a hundred at a time, as the annotator scrolls further back, to the first; a
 * search goes through all of them. Drawn are only those that were looked at. What still waits in
 * this browser stands above. Rejected: a search by the server, which does not know what the page
 * says of an answer, in the reader's language.
 */

import { h, put, say } from "../../shared/dom.js";
import { language, plural, t } from "../../shared/i18n.js";
import { show } from "./dialogs.js";
import { toText } from "../state/lossless_json.js";
import { composes } from "../state/keys.js";
import { formatTime, localeFor } from "./format_time.js";
import { verdictWord } from "./messages.js";

/** @import { PreviousAnswer, Task } from "../state/types.js" */

/** @typedef {{task: Task, previousAnswer: PreviousAnswer, at: number | null}} Past */

/** How many are fetched, and drawn, at a time. */
const few = 100;

/**
 * What stands for a task in one line.
 *
 * @param {Task} task
 */
export function short(task) {
  const page = /** @type {Record<string, unknown>} */ (Array.isArray(task.pages) ? (task.pages[0] ?? {}) : {});
  const said = (/** @type {unknown} */ part) => (part && typeof part === "object" ? Object.values(part).find((one) => typeof one === "string") : part);
  const first = [
    task.text, task.title, task.prompt, said(task.llm), task.question, said(task.input), said(task.accept), task.image, task.audio, task.video,
    page.text, page.title, page.image, page.audio, said(page.input), task.html, page.html,
  ].find((one) => typeof one === "string" && one.trim());
  const text = String(first ?? toText(task.meta ?? "")).replace(/\s+/g, " ").trim();
  const points = [...text];
  return points.length > 140 ? `${points.slice(0, 139).join("")}…` : text;
}

/**
 * Those that have every word of the search in their text, facts, answer or remark.
 *
 * @param {Past[]} all
 * @param {string} search
 * @returns {Past[]}
 */
export function found(all, search) {
  const wanted = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return all;
  return all.filter(({ task, previousAnswer }) => {
    const { _id, _clean, _tokens, tokens, ...told } = task;
    const text = `${JSON.stringify(told)} ${previousAnswer.answer} ${verdictWord(previousAnswer.answer)} ${previousAnswer.comment} ${previousAnswer.reason ?? ""} ${previousAnswer.flagged ? `⚑ ${t("flagged")}` : ""}`.toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/**
 * @param {{
 *   unsent: Past[],
 *   fetch: (n: number, before: string | null) => Promise<{past: Past[], next: string | null}>,
 *   trouble: (error: unknown) => string,
 *   open: (past: Past) => void,
 * }} callbacks
 */
export function showHistory(callbacks) {
  const all = [...callbacks.unsent];
  const here = new Set(all.map(({ task }) => task._id));
  /** @type {string | null} where the next ones are found; null at the newest, and at the end */
  let next = null;
  let ended = false;
  let fetching = false;
  /** @type {Past[]} what the search leaves */
  let chosen = all;
  const search = h("input", { type: "search", class: "search", placeholder: t("Search"), "aria-label": t("Search your answers"), dir: "auto", autofocus: true });
  const count = h("p", { class: "small", role: "status" });
  const list = h("ol", { class: "past" });
  const more = h("button", { type: "button", hidden: true }, t("Show earlier answers"));
  const dialog = show("history", t("Your answers"), search, count, list, more);
  dialog.classList.add("side");
  const place = localeFor(language(), navigator.languages);
  const full = new Intl.DateTimeFormat(place, { dateStyle: "full", timeStyle: "medium", numberingSystem: "latn" });

  /** @param {Past} past */
  const line = (past) => {
    const { task, previousAnswer, at } = past;
    const facts = h("span", { class: "facts" },
      h("span", { class: previousAnswer.answer }, verdictWord(previousAnswer.answer)),
      previousAnswer.reason ? h("bdi", {}, previousAnswer.reason) : null,
      previousAnswer.flagged ? h("span", {}, `⚑ ${t("flagged")}`) : null,
      at === null
        ? h("span", {}, t("not sent yet"))
        : h("time", { datetime: new Date(at).toISOString(), title: full.format(at) }, formatTime(at, Date.now(), place)),
    );
    const button = h("button", { type: "button", class: "plain", "data-past": task._id },
      h("span", { class: "short", dir: "auto" }, short(task) || "…"),
      previousAnswer.comment ? h("span", { class: "comment", dir: "auto" }, `“${previousAnswer.comment}”`) : null,
      facts,
    );
    button.addEventListener("click", () => {
      dialog.close();
      callbacks.open(past);
    });
    return h("li", {}, button);
  };

  /** Draw what is found, as far as the list was scrolled. @param {number} upto */
  const draw = (upto) => {
    for (const past of chosen.slice(list.children.length, upto)) put(list, line(past));
    more.hidden = ended && list.children.length >= chosen.length;
    // Observed again, the observer reports the present state, also where it was in sight before and
    // is still.
    watch.unobserve(more);
    watch.observe(more);
    // While all is searched, the figure is not spoken at every step.
    count.setAttribute("aria-busy", String(isSearching() && !ended));
    say(count, isSearching() ? plural(chosen.length, "{n} of {all} answers", "{n} of {all} answers", { all: all.length }) : plural(all.length, "{n} answer", "{n} answers"));
  };
  const isSearching = () => search.value.trim() !== "";

  /** Fetch the next ones; during a search, all of them. */
  const fetch = async () => {
    if (fetching || ended) return;
    fetching = true;
    try {
      do {
        const answer = await callbacks.fetch(few, next);
        if (!dialog.open) return;
        next = answer.next;
        ended = next === null;
        const fresh = answer.past.filter(({ task }) => !here.has(task._id));
        for (const past of fresh) here.add(past.task._id);
        all.push(...fresh);
        const drawn = list.children.length;
        if (chosen !== all) chosen = [...chosen, ...found(fresh, search.value)];
        draw(Math.max(few, isSearching() ? 0 : drawn + few));
      } while (!ended && isSearching());
    } catch (error) {
      count.setAttribute("aria-busy", "false");
      say(count, callbacks.trouble(error));
      more.hidden = false;
    } finally {
      fetching = false;
    }
  };
  /** Show more: what is found already, or else what lies further back. */
  const further = () => {
    if (list.children.length < chosen.length) draw(list.children.length + few);
    else void fetch();
  };
  const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && further());
  search.addEventListener("input", () => {
    chosen = isSearching() ? found(all, search.value) : all;
    list.replaceChildren();
    draw(few);
    if (isSearching()) void fetch();
  });
  dialog.addEventListener("keydown", (event) => {
    if (composes(event) || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    const places = [search, ...list.querySelectorAll("button")];
    const now = places.indexOf(/** @type {HTMLInputElement} */ (document.activeElement));
    const next = places[now + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return further();
    event.preventDefault();
    next.focus();
  });
  more.addEventListener("click", further);
  put(count, t("One moment."));
  void fetch();
}

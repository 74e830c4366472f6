/**
 * The panel at the side with what the annotator has answered: newest first, with a search. Opening one
 * shows its card; answering it again is a revision, after which the page is where it was.
 *
 * What is searched is what has been fetched: the last hundred at first, and everything that the server
 * gives (a thousand) once somebody searches. What still waits in this browser stands above.
 */

import { h, put, say } from "../shared/dom.js";
import { language, plural, t } from "../shared/tongue.js";
import { show } from "./dialogs.js";
import { words } from "./json.js";
import { moment, placeOf } from "./moments.js";
import { verdictWord } from "./words.js";

/** @import { Given, Task } from "./types.js" */

/** @typedef {{task: Task, given: Given, at: number | null}} Past */

const few = 100;
const most = 1000;

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
  const text = String(first ?? words(task.meta ?? "")).replace(/\s+/g, " ").trim();
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
  return all.filter(({ task, given }) => {
    const { _id, _clean, _tokens, tokens, ...told } = task;
    const text = `${JSON.stringify(told)} ${given.answer} ${verdictWord(given.answer)} ${given.comment} ${given.reason ?? ""} ${given.flagged ? `⚑ ${t("flagged")}` : ""}`.toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/**
 * @param {{
 *   fetch: (n: number) => Promise<Past[]>,
 *   trouble: (error: unknown) => string,
 *   open: (past: Past) => void,
 * }} hands
 */
export function showHistory(hands) {
  /** @type {Past[]} */
  let all = [];
  let asked = 0;
  const search = h("input", { type: "search", class: "search", placeholder: t("Search"), "aria-label": t("Search your answers"), dir: "auto", autofocus: true });
  const count = h("p", { class: "small", role: "status" });
  const list = h("ol", { class: "past" });
  const more = h("button", { type: "button", hidden: true }, t("Earlier ones"));
  const dialog = show("history", t("Your answers"), search, count, list, more);
  dialog.classList.add("side");
  const place = placeOf(language(), navigator.languages);
  const full = new Intl.DateTimeFormat(place, { dateStyle: "full", timeStyle: "medium", numberingSystem: "latn" });

  const draw = () => {
    const chosen = found(all, search.value);
    more.hidden = all.length < asked || asked >= most;
    say(count, search.value.trim() ? plural(chosen.length, "{n} of {all} answers", "{n} of {all} answers", { all: all.length }) : plural(all.length, "{n} answer", "{n} answers"));
    list.replaceChildren(...chosen.map((past) => {
      const { task, given, at } = past;
      const facts = h("span", { class: "facts" },
        h("span", { class: given.answer }, verdictWord(given.answer)),
        given.reason ? h("bdi", {}, given.reason) : null,
        given.flagged ? h("span", {}, `⚑ ${t("flagged")}`) : null,
        at === null
          ? h("span", {}, t("waits here"))
          : h("time", { datetime: new Date(at).toISOString(), title: full.format(at) }, moment(at, Date.now(), place)),
      );
      const button = h("button", { type: "button", class: "plain", "data-past": task._id },
        h("span", { class: "short", dir: "auto" }, short(task) || "…"),
        given.comment ? h("span", { class: "comment", dir: "auto" }, `“${given.comment}”`) : null,
        facts,
      );
      button.addEventListener("click", () => {
        dialog.close();
        hands.open(past);
      });
      return h("li", {}, button);
    }));
  };
  const fetch = async (/** @type {number} */ n) => {
    if (asked >= n) return;
    asked = n;
    try {
      all = await hands.fetch(n);
      draw();
    } catch (error) {
      asked = 0;
      say(count, hands.trouble(error));
    }
  };
  search.addEventListener("input", () => {
    draw();
    void fetch(most);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const places = [search, ...list.querySelectorAll("button")];
    const now = places.indexOf(/** @type {HTMLInputElement} */ (document.activeElement));
    const next = places[now + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  more.addEventListener("click", () => void fetch(most));
  put(count, t("One moment."));
  void fetch(few);
}

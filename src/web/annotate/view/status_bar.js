/**
 * The quiet bar above the card: who, how far, and whether everything is saved; the strip beneath it
 * for what the annotator should know; and the voice for screen readers.
 *
 * The state of saving is in `data-saved` at once, but its words change only when sending lasts: an
 * answer that takes 20 ms to store need not make anything flicker. Spoken are only the changes that
 * matter, to "offline" and back.
 */

import { byId, h, say } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { afterFrame } from "../../shared/scheduling.js";
import { current } from "../state/state.js";
import { answersWaitHere, newLink } from "./messages.js";

/** @import { State } from "../state/state.js" */

/** @typedef {"saved" | "sending" | "offline" | "problem"} Saved */

/**
 * @typedef {{
 *   waiting: number,
 *   writing: number,
 *   fresh: number,
 *   problems: number,
 *   trouble: string | null,
 *   locked: boolean,
 *   refusal: string | null,
 *   elsewhere: boolean,
 * }} OutboxStatus
 */

/** How long sending may last before the bar shows it, in milliseconds. */
const patience = 700;

/**
 * The goal that is shown: what is due, and at least one more than is done while a card waits for its
 * first answer. The server may have counted before that card came.
 *
 * @param {State} state
 * @param {number} done answers, those that wait in this browser included
 */
export function goalOf(state, done) {
  const card = current(state);
  return state.due && card && !card.previousAnswer ? Math.max(state.due, done + 1) : state.due;
}

export class StatusBar {
  /** @param {(saved: Saved) => void} onStatus */
  constructor(onStatus) {
    this.status = byId("status");
    this.notice = byId("notice");
    this.spoken = byId("spoken");
    /** @type {Saved} */
    this.saved = "saved";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.since = 0;
    this.dot = h("span", { class: "dot", "aria-hidden": "true" });
    this.words = h("span", {}, t("saved"));
    this.status.append(this.dot, this.words);
    this.status.addEventListener("click", () => onStatus(this.saved));
    /** @type {string | null} what is to be spoken after the next frame */
    this.toSpeak = null;
    /** @type {string | null} a passing word from the page, shown in the strip */
    this.remark = null;
    this.standing = "";
    byId("progress").setAttribute("aria-label", t("Progress"));
    byId("answers").setAttribute("aria-label", t("Answer"));
    for (const [id, words] of [["menu", t("Menu")], ["history", t("Your answers")], ["comment", t("Remark")]]) {
      const button = byId(`${id}-button`);
      button.setAttribute("aria-label", String(words));
      button.title = String(words);
    }
  }

  /** @param {string} words */
  announce(words) {
    const waits = this.toSpeak !== null;
    this.toSpeak = words;
    if (waits) return;
    // After the frame, which need not wait for text that is only spoken.
    afterFrame(() => {
      const said = this.toSpeak ?? "";
      this.toSpeak = null;
      // The same words twice are still two events.
      this.spoken.textContent = this.spoken.textContent === said ? `${said}\u00a0` : said;
    });
  }

  /**
   * Show and speak something that passes with the next card.
   *
   * @param {string | null} words
   */
  say(words) {
    this.remark = words;
    if (words) this.announce(words);
    this.strip();
  }

  /**
   * @param {State} state
   * @param {OutboxStatus} outbox
   */
  update(state, outbox) {
    const { project, stats } = state;
    if (project) {
      const who = project.display || project.annotator;
      document.title = `${project.project} · ${who}`;
      const place = byId("page-owner");
      if (place.dataset.title !== document.title) {
        place.dataset.title = document.title;
        place.replaceChildren(h("span", { class: "project" }, h("bdi", {}, project.project), " · "), h("bdi", { class: "name" }, who));
      }
    }
    const done = (stats.answered ?? 0) + outbox.fresh;
    const progress = byId("progress");
    progress.hidden = stats.answered === null && stats.progress === null;
    const goal = goalOf(state, done);
    const share = goal ? done / goal : (stats.progress ?? 0);
    const percent = Math.max(0, Math.min(100, 100 * share));
    byId("progress-fill").style.width = `${percent}%`;
    progress.setAttribute("aria-valuenow", String(Math.round(percent)));
    const words = goal
      ? t("{n} of {all} done", { n: done, all: goal })
      : stats.answered === null ? `${Math.round(percent)} %` : plural(done, "{n} answered", "{n} answered");
    progress.setAttribute("aria-valuetext", words);
    say(byId("progress-words"), words);
    this.save(outbox);
  }

  /** @param {OutboxStatus} outbox */
  save(outbox) {
    const { waiting, writing, problems, trouble, locked, refusal } = outbox;
    /** @type {Saved} */
    const saved = waiting && trouble ? "offline" : problems ? "problem" : waiting ? "sending" : "saved";
    const before = this.saved;
    this.saved = saved;
    this.status.dataset.saved = saved;
    this.status.dataset.outbox = String(waiting + problems - writing);
    const spoken = {
      saved: t("saved"),
      sending: t("sending {n}", { n: waiting }),
      offline: `${locked ? t("a new link is needed") : t("offline")}, ${answersWaitHere(waiting)}`,
      problem: plural(problems, "{n} answer has a problem", "{n} answers have a problem"),
    }[saved];
    clearTimeout(this.timer);
    if (saved !== "sending") this.since = 0;
    else this.since ||= performance.now();
    const left = saved === "sending" ? patience - (performance.now() - this.since) : 0;
    const show = () => {
      say(this.words, spoken);
      this.dot.dataset.saved = saved;
    };
    if (left > 0) this.timer = setTimeout(show, left);
    else show();
    if (saved !== before && (saved === "offline" || saved === "problem" || (saved === "saved" && before === "offline"))) {
      this.announce(spoken);
    }
    const away = locked
      ? [newLink(), plural(waiting, "Your answer is kept in this browser and will be sent then.", "Your {n} answers are kept in this browser and will be sent then."), t("Until then, please leave this page open.")]
      : [t("The server cannot be reached."), plural(waiting, "Your answer is kept in this browser and will be sent automatically.", "Your {n} answers are kept in this browser and will be sent automatically."), t("Please leave this page open.")];
    const [why, then, stay] = away;
    const cannotKeep = t("This browser cannot store answers ({reason}). Each answer is therefore sent to the server before the next task is shown.", { reason: refusal ?? "" });
    if (refusal) this.standing = waiting && trouble ? `${cannotKeep} ${why} ${stay}` : cannotKeep;
    else this.standing = saved === "offline" ? `${why} ${then}` : "";
    this.strip();
  }

  strip() {
    const words = this.remark ?? this.standing;
    this.notice.hidden = !words;
    say(this.notice, words);
  }
}

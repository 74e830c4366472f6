/**
 * The project changes under way: other labels, a pause, another address, somebody else at this port.
 *
 * Every reply says which edition of the project it comes from. Where it is another one than the page
 * shows, the page is taken anew, or goes to its new address, as soon as nothing is lost by it.
 */

import { t } from "../shared/tongue.js";
import { getProgress, getProject } from "./api.js";
import { current, isBegun } from "./state.js";

/** @import { App } from "./main.js" */
/** @import { News, Project } from "./types.js" */

/** How long the hands rest before the page is taken anew, in milliseconds: keys would be lost on the way. */
const rest = 1500;

/** How long the page hears nothing of the project before it asks how things are. */
export const silence = 30_000;

export class Turning {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.turning = false;
    /** Whether the browser is on its way to another page, and nothing begins here any more. */
    this.leaving = false;
    this.heard = Date.now();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
    /** Whether the project is another one than this page shows. */
    this.stale = app.project.standing !== "here";
  }

  /** @param {News} news what a reply says beside its own */
  hear(news) {
    this.heard = Date.now();
    const { edition, standing } = this.app.project;
    if ((news.edition ?? edition) === edition && (news.standing ?? standing) === standing) return;
    if (!this.stale) this.app.supply.question();
    this.stale = true;
    this.app.render();
  }

  /**
   * Take the page anew, or go to its new address, once nothing is lost by it: no card is half done,
   * and every answer is where it will be found again.
   */
  async turn() {
    if (this.turning || this.leaving || this.isAtIt()) return;
    const wait = this.app.hands.pressed + rest - performance.now();
    clearTimeout(this.later);
    if (wait > 0) {
      this.later = setTimeout(() => this.stale && void this.turn(), wait);
      return;
    }
    this.turning = true;
    try {
      const project = await getProject();
      // A page seldom moves.
      const address = project.moved_to ? await import("./address.js") : null;
      const { waiting, refusal } = this.app.look();
      if (project.session_id !== this.app.project.session_id) {
        this.stale = false;
        return this.app.dispatch({ type: "fatal", ...strangers(project) });
      }
      // Somebody may have begun, or answered, while the reply was on its way.
      if (this.isAtIt() || this.app.hands.pressed + rest > performance.now()) return;
      if (project.standing === "moved" && project.moved_to && address) {
        // This browser's store of answers belongs to the old address: first everything is sent.
        const there = address.newAddress(project.moved_to, location.href);
        if (!waiting && there) this.leave(() => location.replace(there));
        return;
      }
      this.stale = false;
      const same = project.edition === this.app.project.edition && project.standing === this.app.project.standing;
      if (!same && !(waiting && refusal)) this.leave(() => location.reload());
    } catch {
      // It is tried again with the next card.
    } finally {
      this.turning = false;
    }
  }

  /**
   * Leave this page, once: going twice would take the next page away again while somebody answers
   * there. A browser that asks whether to stay, and is told to, says so to nobody: after a while the page
   * is used as before.
   *
   * @param {() => void} go
   */
  leave(go) {
    this.leaving = true;
    setTimeout(() => (this.leaving = false), 10_000);
    go();
  }

  /** Whether a card is half done, or an answer just being written. */
  isAtIt() {
    const card = current(this.app.state);
    const { busy, writing } = this.app.answering;
    return busy || writing > 0 || Boolean(card && (isBegun(card) || card.given));
  }

  /** Ask how things are, if nothing was heard for a while. */
  async inquire() {
    if (document.visibilityState !== "visible" || Date.now() - this.heard < silence) return;
    this.heard = Date.now();
    await getProgress().then((news) => this.hear(news), () => {});
    if (this.stale) void this.turn();
  }
}

/**
 * What to say when the port has become somebody else's.
 *
 * @param {Project} project
 */
const strangers = (project) => ({
  title: t("This address is {name}'s now.", { name: project.display || project.annotator }),
  words: t("Answers of yours that still wait here are being sent. Ask whoever leads the project for your own address."),
});

/**
 * The project changes under way: other labels, a pause, another address, somebody else at this port.
 *
 * Every reply says which edition of the project it comes from. Where it is another one than the page
 * shows, the page is taken anew, or goes to its new address, as soon as nothing is lost by it.
 */

import { t } from "../../shared/i18n.js";
import { getProgress, getProject } from "./api.js";
import { current, isBegun } from "../state/state.js";

/** @import { App } from "./main.js" */
/** @import { ServerNotice, Project } from "../state/types.js" */

/** How long the hands rest before the page is taken anew, in milliseconds: keys would be lost on the way. */
const idleBeforeReload = 1500;

/** How long the page hears nothing of the project before it asks how things are. */
export const noticeTimeout = 30_000;

export class PageRefresh {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.refreshing = false;
    /** Whether the browser is on its way to another page, and nothing begins here any more. */
    this.leaving = false;
    this.lastNotice = Date.now();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Whether the project is another one than this page shows. */
    this.stale = app.project.standing !== "here";
  }

  /** @param {ServerNotice} news what a reply says beside its own */
  onNotice(news) {
    this.lastNotice = Date.now();
    const { edition, standing } = this.app.project;
    if ((news.edition ?? edition) === edition && (news.standing ?? standing) === standing) return;
    if (!this.stale) this.app.taskFeed.verifyHeld();
    this.stale = true;
    this.app.render();
  }

  /**
   * Take the page anew, or go to its new address, once nothing is lost by it: no card is half done,
   * and every answer is where it will be found again.
   */
  async refresh() {
    if (this.refreshing || this.leaving || this.isWorking()) return;
    const wait = this.app.input.pressed + idleBeforeReload - performance.now();
    clearTimeout(this.timer);
    if (wait > 0) {
      this.timer = setTimeout(() => this.stale && void this.refresh(), wait);
      return;
    }
    this.refreshing = true;
    try {
      const project = await getProject();
      // A page seldom moves.
      const address = project.moved_to ? await import("./redirect_url.js") : null;
      const { waiting, refusal } = this.app.outboxStatus();
      if (project.session_id !== this.app.project.session_id) {
        this.stale = false;
        return this.app.dispatch({ type: "fatal", ...ownerChanged(project) });
      }
      // Somebody may have begun, or answered, while the reply was on its way.
      if (this.isWorking() || this.app.input.pressed + idleBeforeReload > performance.now()) return;
      if (project.standing === "moved" && project.moved_to && address) {
        // This browser's store of answers belongs to the old address: first everything is sent.
        const there = address.redirectUrl(project.moved_to, location.href);
        if (!waiting && there) this.leave(() => location.replace(there));
        return;
      }
      this.stale = false;
      const same = project.edition === this.app.project.edition && project.standing === this.app.project.standing;
      if (!same && !(waiting && refusal)) this.leave(() => location.reload());
    } catch {
      // It is tried again with the next card.
    } finally {
      this.refreshing = false;
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
  isWorking() {
    const card = current(this.app.state);
    const { busy, writing } = this.app.answerFlow;
    return busy || writing > 0 || Boolean(card && (isBegun(card) || card.previousAnswer));
  }

  /** Ask how things are, if nothing was heard for a while. */
  async checkForUpdate() {
    if (document.visibilityState !== "visible" || Date.now() - this.lastNotice < noticeTimeout) return;
    this.lastNotice = Date.now();
    await getProgress().then((news) => this.onNotice(news), () => {});
    if (this.stale) void this.refresh();
  }
}

/**
 * What to say when the port has become somebody else's.
 *
 * @param {Project} project
 */
const ownerChanged = (project) => ({
  title: t("This address is {name}'s now.", { name: project.display || project.annotator }),
  words: t("Answers of yours that still wait here are being sent. Ask whoever leads the project for your own address."),
});

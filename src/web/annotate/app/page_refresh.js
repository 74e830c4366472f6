/**
 * Reloads the page when the project has changed: other labels, a pause, another address or
 * annotator.
 *
 * Every reply says which edition of the project it comes from. Where it is another one than the
 * page shows, the page is reloaded, or goes to its new address, as soon as nothing is lost by it.
 */

import { t } from "../../shared/i18n.js";
import { getProgress, getProject } from "./api.js";
import { isBegun } from "../state/state.js";

/** @import { Store } from "../state/store.js" */
/** @import { ServerNotice, Project } from "../state/types.js" */

/**
 * How long no key is pressed before the page is reloaded, in milliseconds: keys would be lost on
 * the way.
 */
const idleBeforeReload = 1500;

/** How long the page hears nothing of the project before it asks how things are. */
export const noticeTimeout = 30_000;

export class PageRefresh {
  /**
   * @param {{
   *   project: Project,
   *   store: Store,
   *   isSaving: () => boolean,
   *   lastPress: () => number,
   *   outboxStatus: () => {waiting: number, refusal: string | null},
   *   onStale: () => void, }} page `isSaving`: an answer or an earlier card is on its way;
   *   `lastPress`: of a key or a button, as
   *   performance.now() has it; `onStale` is called when the project is another one
   */
  constructor(page) {
    this.page = page;
    this.project = page.project;
    this.store = page.store;
    this.refreshing = false;
    /** Whether the browser is on its way to another page, and nothing begins here any more. */
    this.leaving = false;
    this.lastNotice = Date.now();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Whether the project is another one than this page shows. */
    this.stale = page.project.standing !== "here";
  }

  /** @param {ServerNotice} news what a reply says beside its own */
  onNotice(news) {
    this.lastNotice = Date.now();
    const { edition, standing } = this.project;
    if ((news.edition ?? edition) === edition && (news.standing ?? standing) === standing) return;
    const before = this.stale;
    this.stale = true;
    if (!before) this.page.onStale();
    this.store.changed();
  }

  /**
   * Reload the page, or go to its new address, once nothing is lost by it: no card is half done,
   * and every answer is where it will be found again.
   */
  async refresh() {
    if (this.refreshing || this.leaving || this.isWorking()) return;
    const wait = this.page.lastPress() + idleBeforeReload - performance.now();
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
      const { waiting, refusal } = this.page.outboxStatus();
      if (project.session_id !== this.project.session_id) {
        this.stale = false;
        return this.store.dispatch({ type: "fatal", ...ownerChanged(project) });
      }
      // The annotator may have begun, or answered, while the reply was on its way.
      if (this.isWorking() || this.page.lastPress() + idleBeforeReload > performance.now()) return;
      if (project.standing === "moved" && project.moved_to && address) {
        // This browser's store of answers belongs to the old address: first everything is sent.
        const there = address.redirectUrl(project.moved_to, location.href);
        if (!waiting && there) this.leave(() => location.replace(there));
        return;
      }
      this.stale = false;
      const same = project.edition === this.project.edition && project.standing === this.project.standing;
      if (!same && !(waiting && refusal)) this.leave(() => location.reload());
    } catch {
      // It is tried again with the next card.
    } finally {
      this.refreshing = false;
    }
  }

  /**
   * Leave this page, once: a second call would leave the next page while its annotator answers
   * there. There is no event when the user cancels the unload prompt, so the page is used as before
   * after a timeout.
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
    const { card } = this.store;
    return this.page.isSaving() || Boolean(card && (isBegun(card) || card.previousAnswer));
  }

  /**
   * Ask for the project's edition if no reply has named it for a while.
   *
   * @param {boolean} [now] ask in any case
   */
  async checkForUpdate(now = false) {
    if (!now && (document.visibilityState !== "visible" || Date.now() - this.lastNotice < noticeTimeout)) return;
    this.lastNotice = Date.now();
    await getProgress().then((news) => this.onNotice(news), () => {});
    if (this.stale) void this.refresh();
  }
}

/**
 * The message once the port belongs to another annotator.
 *
 * @param {Project} project
 */
const ownerChanged = (project) => ({
  title: t("This address is {name}'s now.", { name: project.display || project.annotator }),
  words: t("Your unsent answers are being sent. Ask the project lead for your own address."),
});

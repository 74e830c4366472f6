/**
 * What the page shows where it cannot start: no server, no access, or another annotator's page.
 */

import { byId, h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";

/** @import { Project } from "../state/types.js" */

/**
 * Say in the middle of the page what keeps it from starting.
 *
 * @param {string} state
 * @param {string} title
 * @param {string} line
 * @param {...HTMLElement} more
 */
export function showStartError(state, title, line, ...more) {
  document.body.dataset.state = state;
  byId("card-area").replaceChildren(h("section", { class: "empty-state" }, h("h2", {}, title), h("p", {}, line), ...more));
}

/**
 * Tell an annotator who asked for another's page whose page this is, and where theirs is.
 *
 * @param {Project} project
 * @param {NonNullable<Project["asked"]>} asked
 */
export async function showWrongPort(project, { session, url }) {
  const name = project.display || project.annotator;
  const { redirectUrl } = await import("./redirect_url.js");
  const there = url && redirectUrl(url, location.href);
  const words = there
    ? t("You asked for {asked}'s page. It has another address.", { asked: session })
    : t("You asked for {asked}'s page. Ask the project lead for its address.", { asked: session });
  const here = new URL(location.href);
  here.searchParams.delete("session");
  document.title = `${project.project} · ${name}`;
  byId("page-owner").replaceChildren(h("bdi", {}, project.project), " · ", h("bdi", { class: "name" }, name));
  showStartError(
    "error",
    t("This page is {name}'s.", { name }),
    words,
    h("p", { class: "menu-row" },
      there ? h("a", { class: "button", href: there }, t("To {asked}'s page", { asked: session })) : null,
      h("a", { class: "button", href: here.href, "data-command": "stay" }, t("I am {name}: stay here", { name }))),
  );
}

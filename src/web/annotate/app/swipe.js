/**
 * Answers by a finger: to the right accepts, to the left rejects. A hint follows the finger and
 * says what letting go would do; short of the threshold it does nothing.
 *
 * Only for fingers, only where the card is not itself dragged on (spans, boxes, waves), and never
 * from a field or a button. Going up or down is scrolling, as before.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";

/** @import { Verdict } from "../state/types.js" */

/** Interfaces on whose cards fingers draw or choose sideways. */
const drags = /_manual$|^(relations|dep|blocks|pages|audio)$/;

/** @param {string} view */
export const canSwipe = (view) => !drags.test(view);

/**
 * What letting go here means.
 *
 * @param {number} dx from where the finger came down
 * @param {number} dy
 * @param {number} width of the window
 * @returns {"accept" | "reject" | null}
 */
export function meaning(dx, dy, width) {
  const enough = Math.min(140, Math.max(80, width * 0.28));
  if (Math.abs(dx) < enough || Math.abs(dy) > Math.abs(dx) * 0.6) return null;
  return dx > 0 ? "accept" : "reject";
}

/**
 * @param {HTMLElement} cardArea
 * @param {() => number | null} card which card may be swiped now, if one may
 * @param {(verdict: Verdict) => void} answer
 */
export function listenForSwipes(cardArea, card, answer) {
  const hint = h("p", { class: "swipe", "aria-hidden": "true", hidden: true });
  document.body.append(hint);
  /** @type {{id: number, x: number, y: number, card: number} | null} */
  let from = null;
  const end = () => {
    from = null;
    hint.hidden = true;
  };
  cardArea.addEventListener("pointerdown", (event) => {
    if (from) return end();
    const target = /** @type {Element} */ (event.target);
    const here = card();
    if (event.pointerType !== "touch" || here === null || target.closest("button, input, textarea, select, a, label, audio, video, canvas, table, pre, [data-drags]")) return;
    from = { id: event.pointerId, x: event.clientX, y: event.clientY, card: here };
  });
  addEventListener("pointermove", (event) => {
    if (!from || event.pointerId !== from.id) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    const verdict = meaning(dx, dy, innerWidth);
    hint.hidden = Math.abs(dx) < 24 || Math.abs(dy) > Math.abs(dx);
    hint.textContent = dx > 0 ? `✓ ${t("accept")}` : `✗ ${t("reject")}`;
    hint.dataset.verdict = dx > 0 ? "accept" : "reject";
    hint.classList.toggle("enough", verdict !== null);
    hint.style.setProperty("--x", `${event.clientX}px`);
    hint.style.setProperty("--y", `${event.clientY}px`);
  });
  addEventListener("pointerup", (event) => {
    if (!from || event.pointerId !== from.id) return;
    const verdict = meaning(event.clientX - from.x, event.clientY - from.y, innerWidth);
    const meant = from.card;
    end();
    // The finger's card, not one that a key has brought meanwhile.
    if (verdict && card() === meant && !String(getSelection())) answer(verdict);
  });
  addEventListener("pointercancel", end);
}

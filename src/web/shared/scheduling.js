/**
 * When things are done: with the frame that a key press makes, after it, or when there is nothing
 * else to do.
 */

/**
 * Call back when the browser has nothing else to do, or else after a while.
 *
 * @param {() => void} then
 */
export const whenIdle = (then) => ("requestIdleCallback" in globalThis ? requestIdleCallback(then, { timeout: 500 }) : setTimeout(then, 60));

/**
 * Call back when the next frame has been painted, and nothing else is to be done.
 *
 * @param {() => void} then
 */
export const whenIdleAfterFrame = (then) => requestAnimationFrame(() => whenIdle(then));

/**
 * Call back as soon as the next frame has been painted; at once in a hidden tab, where no frame
 * comes. In one that is hidden before its frame it waits until the tab is seen again: what must not
 * wait is written then (drafts.js).
 *
 * @param {() => void} then
 */
export function afterFrame(then) {
  if (document.visibilityState === "hidden") then();
  else requestAnimationFrame(() => setTimeout(then));
}

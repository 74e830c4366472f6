/**
 * A card that was answered, from what the server or this browser keeps of the answer. Without a
 * page.
 */

import { parse } from "./lossless_json.js";
import { read } from "./reading.js";

/** @import { Entry } from "../storage/outbox.js" */
/** @import { Interface, PreviousAnswer, Settings, Task, Values, Verdict } from "./types.js" */

/** @typedef {{task: Task, previousAnswer: PreviousAnswer}} AnsweredCard */

/**
 * A record of the server's history.
 *
 * @param {Task} record
 * @param {Interface} kind
 * @param {Settings} settings
 * @returns {AnsweredCard}
 */
export function fromHistory(record, kind, settings) {
  const { answer, flagged, comment, skip_reason, _shown_at, _answered_at, _edition, _timestamp, ...task } = record;
  /** @type {PreviousAnswer} */
  const previousAnswer = {
    answer: /** @type {Verdict} */ (answer),
    values: kind.fromAnswer(read(record), settings),
    flagged: flagged === true,
    comment: typeof comment === "string" ? comment : "",
    reason: typeof skip_reason === "string" ? skip_reason : null,
  };
  return { task: /** @type {Task} */ (task), previousAnswer };
}

/**
 * An entry of the outbox.
 *
 * @param {Entry} entry
 * @returns {AnsweredCard}
 */
export function fromOutbox(entry) {
  const { answer, flagged, comment = "", skip_reason = null, _shown_at, _answered_at, _edition, ...values } = parse(entry.answer);
  return {
    task: parse(entry.task),
    previousAnswer: { answer, values: /** @type {Values} */ (values), flagged: flagged === true, comment, reason: skip_reason },
  };
}

/**
 * The calls that the page makes to its annotator's port (contract, section 3), and what can go
 * wrong with them, in words.
 *
 * Addresses are relative, so that the page also works behind a proxy that gives it a path. Every
 * call has a deadline: a connection that hangs is a server that is away.
 */

import { t } from "../shared/tongue.js";
import { parse } from "./json.js";

/** @import { History, News, Project, Questions, Receipt } from "./types.js" */

const deadline = 20_000;

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status the HTTP status; 0 when there was no reply at all
   * @param {string} code
   */
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the port wants a key that this browser does not have, or not any more. */
  get locked() {
    return this.status === 401;
  }

  /** Whether the same request may succeed later, without anybody changing it. */
  get passing() {
    return this.status === 0 || this.status >= 500 || [401, 403, 404, 408, 425, 429].includes(this.status);
  }
}

/**
 * @param {string} path
 * @param {unknown} [body] makes it a POST; a string is sent as it is
 * @returns {Promise<any>}
 */
async function call(path, body) {
  /** @type {RequestInit} */
  const request = { signal: AbortSignal.timeout(deadline), cache: "no-store" };
  if (body !== undefined) {
    request.method = "POST";
    request.headers = { "content-type": "application/json" };
    request.body = typeof body === "string" ? body : JSON.stringify(body);
  }
  let reply;
  let text;
  try {
    reply = await fetch(path, request);
    text = await reply.text();
  } catch (error) {
    throw new ApiError(error instanceof Error ? error.message : String(error), 0, "unreachable");
  }
  if (reply.ok) {
    try {
      return parse(text);
    } catch {
      throw new ApiError(t("The reply was not JSON."), 502, "not_json");
    }
  }
  /** @type {{message?: string, code?: string}} */
  let told = {};
  try {
    told = parse(text).error ?? {};
  } catch {
    // A proxy's error page; the status says enough.
  }
  throw new ApiError(told.message ?? t("The server answered {status}.", { status: reply.status }), reply.status, told.code ?? "");
}

/** Whose page this is: said with every request, so that a port which changes hands meanwhile is noticed. */
let session = "";

/** @param {string} id a session_id */
export function speakAs(id) {
  session = id;
}

/**
 * @param {string | null} [asked] whom the page's address asks for
 * @returns {Promise<Project>}
 */
export const getProject = (asked = null) => call(asked ? `project?session=${encodeURIComponent(asked)}` : "project");

/**
 * A batch; the server decides how large, so that little is left lying here when others run short.
 *
 * @param {string[]} excludes
 * @returns {Promise<Questions>}
 */
export const getQuestions = (excludes) => call("get_session_questions", { session_id: session, excludes });

/**
 * @param {string[]} answers each already JSON
 * @param {number} sentAt this browser's clock, by which the server sets the times right
 * @param {string} [whose] the session whose answers they are, if it is not this page's
 * @returns {Promise<Receipt>}
 */
export const giveAnswers = (answers, sentAt, whose = session) =>
  call("give_answers", `{"session_id":${JSON.stringify(whose)},"sent_at":${sentAt},"answers":[${answers.join(",")}]}`);

/**
 * @param {number} n
 * @param {string | null} before what an earlier reply gave as `next`; null for the newest
 * @returns {Promise<History>}
 */
export const getHistory = (n, before) => call(`history?n=${n}${before === null ? "" : `&before=${encodeURIComponent(before)}`}`);

/** @returns {Promise<News>} */
export const getProgress = () => call("progress");

export const renew = () => call("renew", { session_id: session });

export const endSession = () => call("end_session", { session_id: session });

/** @param {unknown} error */
export const isLocked = (error) => error instanceof ApiError && error.locked;

//! Stores answers, and lists an annotator's last ones.

use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query};
use axum::response::Response;
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::{AnnotatorPort, picture_sizes, tasks, validate};
use crate::allocation::SequenceNumber;
use crate::allocator::Answerable;
use crate::http::{self, ApiError, AuthenticatedNames};
use crate::store::{HistoryCursor, PastAnswer, Submission};
use crate::task::{Millis, TaskId, Version};

/// The most answers in one request; the page sends a few.
const MAX_ANSWERS: usize = 1000;
/// The most answers in one reply of the history.
const MAX_HISTORY: usize = 1000;

/// The longest time that an answer may have waited in a browser.
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The result of checking an answer before it goes to the store.
enum Validated {
    /// To be stored.
    Store(Submission),
    /// Not stored, and why.
    Refused { status: &'static str, error: String },
}

pub(super) async fn give_answers(
    Extension(port): Extension<AnnotatorPort>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let names = request.extensions().get::<AuthenticatedNames>().cloned();
    let body = http::json_body(request).await?;
    let author = port.author(body.get("session_id"), names.as_ref())?;
    let Some(Value::Array(sent)) = body.get("answers") else {
        return Err(ApiError::bad_request("no_answers", "Expected a list under \"answers\"."));
    };
    if sent.len() > MAX_ANSWERS {
        return Err(ApiError::with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many",
            format!("{} answers in one request; send at most {MAX_ANSWERS}.", sent.len()),
        ));
    }
    let skew = ClockSkew::new(port.allocator.now(), body.get("sent_at").and_then(Value::as_i64));
    let mut validated = Vec::with_capacity(sent.len());
    for answer in sent {
        validated.push(validate(&port, &author, &skew, answer).await?);
    }
    let submissions = validated
        .iter()
        .filter_map(|(_, validated)| match validated {
            Validated::Store(submission) => Some(submission.clone()),
            Validated::Refused { .. } => None,
        })
        .collect();
    let recorded =
        port.allocator.answers(submissions).await.map_err(|error| ApiError::from(&*error))?;
    let mut recorded = recorded.into_iter();
    let mut saved = 0;
    let results: Vec<Value> = validated
        .into_iter()
        .map(|(id, validated)| match validated {
            Validated::Store(submission) => {
                let status = recorded.next().map_or("unknown", |recorded| recorded.as_str());
                saved += usize::from(status != "unknown");
                json!({"_id": submission.task, "status": status})
            }
            Validated::Refused { status, error } => {
                tracing::warn!(
                    annotator = &*author,
                    task = id.as_deref().map(short),
                    status,
                    error,
                    "answer not stored"
                );
                json!({"_id": id, "status": status, "error": error})
            }
        })
        .collect();
    let mut reply = Map::new();
    reply.insert("saved".into(), saved.into());
    // The answers are stored; unreadable stats must not turn the reply into an error.
    reply.extend(port.stats_of(&author).await.unwrap_or_default());
    reply.insert("results".into(), results.into());
    Ok(http::to_json(&reply))
}

/// An identity for the log, cut to 64 characters: a client may send one of any length.
fn short(id: &str) -> &str {
    let end = id.char_indices().nth(64).map_or(id.len(), |(at, _)| at);
    &id[..end]
}

/// Finds the task that an answer is about and checks the answer against it.
async fn validate(
    port: &AnnotatorPort,
    author: &str,
    skew: &ClockSkew,
    sent: &Value,
) -> Result<(Option<String>, Validated), ApiError> {
    let invalid = |error: &str| Validated::Refused { status: "invalid", error: error.to_owned() };
    let unknown = || Validated::Refused {
        status: "unknown",
        error: "no such task for this annotator".into(),
    };
    let Some(answer) = sent.as_object() else {
        return Ok((None, invalid("expected an object: the task with its answer")));
    };
    let id = match (answer.get("_id"), answer.get("_task_hash")) {
        (Some(Value::String(id)), _) => TaskId::from_text(id),
        (None | Some(Value::Null), Some(hash)) => {
            let Some(hash) = hash.as_i64() else {
                return Ok((None, invalid("_task_hash: expected a signed 64-bit integer")));
            };
            match port.allocator.identity_of(hash).await {
                Ok(Some(id)) => id,
                Ok(None) => return Ok((None, unknown())),
                Err(error) => return Err(ApiError::from(&error)),
            }
        }
        (None | Some(Value::Null), None) => {
            return Ok((None, invalid("_id: missing; it says which task this answers")));
        }
        (Some(_), _) => return Ok((None, invalid("_id: expected a text"))),
    };
    let found = port.allocator.task_of(author, &id).await;
    let named = Some(id.to_string());
    let Answerable { task, since, basis } = match found {
        Ok(Some(found)) => found,
        Ok(None) => return Ok((named, unknown())),
        Err(error) => return Err(ApiError::from(&error)),
    };
    let received = validate::receive(port, &task.body, basis, answer).await;
    let (verdict, data, basis) = match received.map_err(|error| ApiError::from(&error))? {
        Ok(received) => received,
        Err(misfit) => return Ok((named, invalid(&misfit.to_string()))),
    };
    let at = |key: &str| answer.get(key).and_then(Value::as_i64);
    let time_returned = skew.here(at("_answered_at")).unwrap_or(skew.now);
    let time_loaded = skew.here(at("_shown_at")).or(since).unwrap_or(time_returned);
    let version = Version {
        verdict,
        data,
        time_loaded: time_loaded.min(time_returned),
        time_returned,
        basis,
    };
    let annotator = author.to_owned();
    Ok((named, Validated::Store(Submission { task: id, annotator, version })))
}

/// Corrects a browser's times: its clock may be off by a day.
struct ClockSkew {
    now: Millis,
    ahead_ms: i64,
}

impl ClockSkew {
    /// `sent_at` is what the browser's clock showed when it sent the request.
    fn new(now: Millis, sent_at: Option<i64>) -> Self {
        Self { now, ahead_ms: sent_at.map_or(0, |sent| sent.saturating_sub(now.0)) }
    }

    /// A moment of the browser's clock, never in the future and never a year ago.
    fn here(&self, there: Option<i64>) -> Option<Millis> {
        there.map(|there| {
            Millis(there.saturating_sub(self.ahead_ms)).clamp(self.now - MAX_AGE, self.now)
        })
    }
}

#[derive(Deserialize)]
pub(super) struct HistoryQuery {
    n: Option<usize>,
    before: Option<String>,
}

/// A cursor of the history as the page sends it back: the time of the answer and the number of the
/// task. It is opaque to the page.
fn cursor_to_text(cursor: HistoryCursor) -> String {
    format!("{}.{}", cursor.time_returned.0, cursor.number.0)
}

fn cursor_from_text(text: &str) -> Option<HistoryCursor> {
    let (time, number) = text.split_once('.')?;
    Some(HistoryCursor {
        time_returned: Millis(time.parse().ok()?),
        number: SequenceNumber(number.parse().ok()?),
    })
}

pub(super) async fn history(
    Extension(port): Extension<AnnotatorPort>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|_| {
        ApiError::bad_request("bad_n", "n should be a whole number, as in /history?n=10.")
    })?;
    let limit = query.n.unwrap_or(10).clamp(1, MAX_HISTORY);
    let before = match query.before.as_deref() {
        None => None,
        Some(text) => Some(cursor_from_text(text).ok_or_else(|| {
            ApiError::bad_request(
                "bad_before",
                "before should be what an earlier reply of /history gave as \"next\".",
            )
        })?),
    };
    // One more than is returned shows whether there are older ones.
    let mut answers = port
        .allocator
        .history(&port.annotator, before, limit + 1)
        .await
        .map_err(|error| ApiError::from(&error))?;
    let more = answers.len() > limit;
    answers.truncate(limit);
    let next = answers.last().filter(|_| more).map(PastAnswer::cursor);
    let mut cards: Vec<_> = answers
        .iter()
        .map(|PastAnswer { task, version, .. }| {
            let mut fields = tasks::to_page_json(&port, task, version.basis);
            let mut put = |key: &str, value: &Value| {
                let raw: Box<RawValue> = to_raw_value(value).expect("a value is JSON");
                fields.insert(key.to_owned(), raw);
            };
            for (key, value) in &version.data {
                put(key, value);
            }
            put("answer", &version.verdict.as_str().into());
            put("_timestamp", &version.time_returned.seconds().into());
            fields
        })
        .collect();
    let project = &port.project;
    let bodies = answers.iter().map(|past| &past.task.body);
    picture_sizes::add(project.media.as_deref(), &project.interface, bodies, &mut cards).await;
    Ok(http::to_json(&json!({"answers": cards, "next": next.map(cursor_to_text)})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_day_ahead_gives_right_times() {
        let day = 86_400_000;
        let skew = ClockSkew::new(Millis(1_000_000), Some(1_000_000 + day));
        assert_eq!(skew.here(Some(990_000 + day)), Some(Millis(990_000)));
        assert_eq!(skew.here(Some(2_000_000 + day)), Some(Millis(1_000_000)));
        assert_eq!(ClockSkew::new(Millis(5), None).here(Some(3)), Some(Millis(3)));
    }

    #[test]
    fn a_cursor_of_the_history_survives_its_text_form() {
        for (time, number) in [(0, 0), (1_764_522_000_123, 41), (-5, -1), (i64::MAX, i64::MIN)] {
            let cursor =
                HistoryCursor { time_returned: Millis(time), number: SequenceNumber(number) };
            assert_eq!(cursor_from_text(&cursor_to_text(cursor)), Some(cursor));
        }
        for odd in ["", ".", "1", "1.", ".1", "1.2.3", "1,2", "a.b", "99999999999999999999.1"] {
            assert_eq!(cursor_from_text(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_nonsensical_clock_gives_possible_times() {
        let now = Millis(1_800_000_000_000);
        for sent_at in [i64::MIN, 0, i64::MAX] {
            let skew = ClockSkew::new(now, Some(sent_at));
            for there in [i64::MIN, 0, i64::MAX] {
                let here = skew.here(Some(there)).expect("a time");
                assert!(here <= now && here >= now - MAX_AGE, "{sent_at} {there}: {here}");
            }
        }
    }
}

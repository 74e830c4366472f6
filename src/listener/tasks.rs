//! Hands tasks to a page.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::Extension;
use axum::response::Response;
use hyper::Request;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::shown_tasks::ShownTasks;
use super::{AnnotatorPort, Membership, picture_sizes};
use crate::allocation;
use crate::allocator::Reason;
use crate::http::{self, ApiError};
use crate::task::{Basis, Fields, Task, hashes};

/// Tasks handed out in one reply at most.
const MAX_BATCH_TASKS: u64 = 1000;

pub(super) async fn get_questions(port: Extension<AnnotatorPort>) -> Result<Response, ApiError> {
    tasks(&port, &Map::new()).await
}

pub(super) async fn get_session_questions(
    port: Extension<AnnotatorPort>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    port.check_caller(request.extensions().get())?;
    let body = http::json_body(request).await?;
    tasks(&port, &body).await
}

async fn tasks(port: &AnnotatorPort, body: &Map<String, Value>) -> Result<Response, ApiError> {
    port.check_session(body.get("session_id"))?;
    let excludes = excludes(body.get("excludes"))?;
    let shown = ShownTasks::of(body)?;
    let owner = &port.owner;
    if owner.membership != Membership::Active {
        return no_tasks_reply(port, &owner.membership, shown).await;
    }
    let most = match body.get("n") {
        Some(n) => asked_for(n)?,
        None => fair_batch_size(port).await?,
    };
    let batch = port
        .allocator
        .tasks(&port.annotator, most, excludes)
        .await
        .map_err(|error| ApiError::from(&*error))?;
    let project = &port.project;
    for given in &batch.given {
        project.log_blocked_media(&given.task);
    }
    let mut tasks: Vec<Fields> =
        batch.given.iter().map(|given| to_page_json(port, &given.task, given.basis)).collect();
    let bodies = batch.given.iter().map(|given| &given.task.body);
    picture_sizes::add(project.media.as_deref(), &project.interface, bodies, &mut tasks).await;
    let mut reply = Fields::new();
    put(&mut reply, "tasks", &tasks);
    for (key, value) in port.stats().await? {
        put(&mut reply, &key, &value);
    }
    put(&mut reply, "session_id", &port.session_id());
    put(&mut reply, "reason", &batch.reason.map(Reason::as_str));
    for (key, value) in shown.lease_status(port, false).await? {
        put(&mut reply, &key, &value);
    }
    Ok(http::to_json(&reply))
}

/// The reply to an annotator who is paused, removed or moved.
async fn no_tasks_reply(
    port: &AnnotatorPort,
    membership: &Membership,
    shown: ShownTasks,
) -> Result<Response, ApiError> {
    let mut reply = port.stats().await?;
    reply.extend(shown.lease_status(port, true).await?);
    reply.insert("tasks".into(), Value::Array(Vec::new()));
    reply.insert("session_id".into(), port.session_id().into());
    reply.insert("reason".into(), membership.as_str().into());
    Ok(http::to_json(&reply))
}

fn asked_for(n: &Value) -> Result<usize, ApiError> {
    match n.as_u64() {
        Some(n @ 1..=MAX_BATCH_TASKS) => Ok(usize::try_from(n).unwrap_or(1)),
        _ => Err(ApiError::bad_request(
            "bad_n",
            format!("n should be a whole number from 1 to {MAX_BATCH_TASKS}, found {n}."),
        )),
    }
}

/// A batch that leaves something for the others when little is left.
async fn fair_batch_size(port: &AnnotatorPort) -> Result<usize, ApiError> {
    let progress = port.allocator.progress().await.map_err(|error| ApiError::from(&error))?;
    let left = progress.open_to_anyone.saturating_sub(progress.held);
    let named = progress.annotators.get(&*port.annotator).map_or(0, |share| share.named);
    let project = &port.project;
    let fair = allocation::batch_size(project.batch_size, left, project.people);
    Ok(fair.max(project.batch_size.min(usize::try_from(named).unwrap_or(usize::MAX))))
}

/// Identities of tasks, or their hashes, as text or number.
fn excludes(value: Option<&Value>) -> Result<HashSet<String>, ApiError> {
    let bad = || {
        ApiError::bad_request(
            "bad_excludes",
            "excludes should be a list of identities or hashes of tasks.",
        )
    };
    match value {
        None | Some(Value::Null) => Ok(HashSet::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Ok(text.clone()),
                Value::Number(number) => Ok(number.to_string()),
                _ => Err(bad()),
            })
            .collect(),
        Some(_) => Err(bad()),
    }
}

/// The task as it was loaded, with the server's page extras and without the annotator's own keys.
/// Its tokens are those of the version under which it was handed out.
pub(super) fn to_page_json(port: &AnnotatorPort, task: &Task, basis: Basis) -> Fields {
    let interface = port.project.interface.with_tokenizer(basis.tokenizer);
    let mut fields = interface.page_fields(&task.body);
    put(&mut fields, "_id", &task.id);
    for (key, hash) in [("_input_hash", task.input_hash), ("_task_hash", task.task_hash)] {
        if !hashes::came_with(&fields, key) {
            put(&mut fields, key, &hash);
        }
    }
    put(&mut fields, "_session_id", &port.session_id());
    put(&mut fields, "_annotator_id", &port.session_id());
    put(&mut fields, "_view_id", &interface.name());
    if basis.edition > 0 {
        put(&mut fields, "_edition", &basis.edition);
    }
    fields
}

fn put(fields: &mut Fields, key: &str, value: &impl serde::Serialize) {
    let raw: Box<RawValue> = to_raw_value(value).expect("plain values are JSON");
    fields.insert(key.to_owned(), raw);
}

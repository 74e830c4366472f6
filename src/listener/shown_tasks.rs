//! The tasks that a page shows, and their lease status.
//!
//! A request may carry `untouched` and `touched`: the identities of unanswered tasks on the page,
//! without and with a change by the annotator. The reply has the same keys, and under each the
//! lists `held`, `moved` and `answered`.

use serde_json::{Map, Value, json};

use super::AnnotatorPort;
use crate::allocator::LeaseStatus;
use crate::http::ApiError;
use crate::task::TaskId;

/// Tasks that a page may ask about in one request.
const MAX_SHOWN_TASKS: usize = 1000;
/// The fields of a request that list them.
const SHOWN_TASKS_FIELDS: [&str; 2] = ["untouched", "touched"];

/// The tasks that a page shows, by the key under which it names them.
pub(super) struct ShownTasks(Vec<(&'static str, Vec<TaskId>)>);

impl ShownTasks {
    /// Reads it from a request; empty if the request has neither field.
    pub(super) fn of(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let mut shown = Vec::new();
        for key in SHOWN_TASKS_FIELDS {
            let ids = match body.get(key) {
                None | Some(Value::Null) => continue,
                Some(Value::Array(ids)) => ids.iter().map(identity).collect::<Option<Vec<_>>>(),
                Some(_) => None,
            };
            let ids = ids.ok_or_else(|| {
                let message = format!("{key} should be a list of identities of tasks (`_id`).");
                ApiError::bad_request("bad_view", message)
            })?;
            shown.push((key, ids));
        }
        let count: usize = shown.iter().map(|(_, ids)| ids.len()).sum();
        if count > MAX_SHOWN_TASKS {
            let message =
                format!("{count} tasks in view; ask about at most {MAX_SHOWN_TASKS} at a time.");
            return Err(ApiError::bad_request("bad_view", message));
        }
        Ok(Self(shown))
    }

    /// Returns the lease status of the tasks under each field. With `doubted`, leases are read from
    /// the store.
    pub(super) async fn lease_status(
        self,
        port: &AnnotatorPort,
        doubted: bool,
    ) -> Result<Map<String, Value>, ApiError> {
        let mut told = Map::new();
        for (key, ids) in self.0 {
            let LeaseStatus { held, moved, answered } = port
                .allocator
                .lease_status(&port.annotator, &ids, doubted)
                .await
                .map_err(|error| ApiError::from(&error))?;
            told.insert(key.into(), json!({"held": held, "moved": moved, "answered": answered}));
        }
        Ok(told)
    }
}

fn identity(value: &Value) -> Option<TaskId> {
    value.as_str().map(TaskId::from_text)
}

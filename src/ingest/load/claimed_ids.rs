//! Lines that say which task of the store they are, or that would be refused if they were new: they
//! are held against what the store has.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::validate::{Line, LoadPolicy, Validated, edited};
use super::{Load, LoadError};
use crate::store::{Record, Store, StoreError};
use crate::task::{TaskId, TaskJson};

/// Tasks looked up in one call of the store.
const LOOKED_UP: usize = 500;

impl Load<'_> {
    /// Finds among the lines that are doubtful, or claim to be another task, those that the store
    /// has as they are: loading a line again adds nothing, whatever the roster says of such tasks
    /// now.
    pub(super) async fn recognise(&mut self, lines: &mut [Validated]) -> Result<(), LoadError> {
        let asked = |one: &Validated| match one {
            Validated::Fits(line) => line.made.claims.is_some().then(|| line.made.task.id.clone()),
            Validated::Doubtful(line, _) => Some(line.made.task.id.clone()),
            Validated::Wrong(_) => None,
        };
        let ids: Vec<TaskId> = lines.iter().filter_map(asked).collect();
        let Some(store) = self.into.store().filter(|_| !ids.is_empty()) else { return Ok(()) };
        let known = store.existing_ids(&ids).await.map_err(|source| self.stopped(source))?;
        for one in lines {
            let Some(id) = asked(one).filter(|id| known.contains(id)) else { continue };
            let (Validated::Fits(line) | Validated::Doubtful(line, _)) = one else { continue };
            let (at, made, remarks) = (line.at, line.made.clone(), line.remarks);
            let line = Line { at, made, known_as: Some(id), written: None, remarks };
            *one = Validated::Fits(line);
        }
        Ok(())
    }

    /// Looks up the tasks that lines claim to be: whether they are these. A line that differs from
    /// such a task is refused, unless the task came with this file: then the line was exported from
    /// another store, and is a task of its own.
    pub(super) async fn hold_against_claims(
        &mut self,
        lines: &mut [Validated],
    ) -> Result<(), LoadError> {
        fn claim(one: &Validated) -> Option<&TaskId> {
            match one {
                Validated::Fits(line) | Validated::Doubtful(line, _) if line.known_as.is_none() => {
                    line.made.claims.as_ref()
                }
                _ => None,
            }
        }
        let claims: HashSet<&TaskId> = lines.iter().filter_map(claim).collect();
        let Some(store) = self.into.store().filter(|_| !claims.is_empty()) else {
            return Ok(());
        };
        let claims: Vec<TaskId> = claims.into_iter().cloned().collect();
        let records = look_up(store, &claims).await.map_err(|source| self.stopped(source))?;
        for one in lines {
            let Some(record) = claim(one).and_then(|id| records.get(id)) else {
                continue;
            };
            let (Validated::Fits(line) | Validated::Doubtful(line, _)) = one else { continue };
            let body = &line.made.task.body;
            let id = &record.task.id;
            *one = match self.difference(body, record) {
                None => Validated::Fits(Line {
                    at: line.at,
                    made: line.made.clone(),
                    known_as: Some(id.clone()),
                    written: None,
                    remarks: line.remarks,
                }),
                Some(_) if self.seen.has(id) => continue,
                Some(key) => {
                    let wrong = edited(&self.file, line.at, body, id, &key);
                    Validated::Wrong(Box::new(wrong.at_written(line.written.as_ref())))
                }
            };
        }
        Ok(())
    }

    /// The first key in which a line differs from a task and what annotators have added to it, with
    /// the names of labels as they are stored, or with their present names.
    fn difference(&self, line: &TaskJson, record: &Record) -> Option<String> {
        let LoadPolicy { identity, renamed, .. } = &*self.policy;
        let said = said(record);
        let differs = identity.difference(line, &record.task.body, &said)?;
        if renamed.is_empty() {
            return Some(differs);
        }
        let present: Vec<_> =
            said.iter().map(|data| renamed.data(&record.task.body, data)).collect();
        let both: Vec<_> = said.into_iter().chain(present.iter().map(|data| &**data)).collect();
        let as_stored = identity.difference(line, &record.task.body, &both);
        as_stored.and_then(|_| identity.difference(line, &renamed.task(&record.task.body), &both))
    }
}

/// Those of these tasks that are there.
pub(super) async fn look_up(
    store: &dyn Store,
    tasks: &[TaskId],
) -> Result<HashMap<TaskId, Record>, StoreError> {
    let mut found = HashMap::with_capacity(tasks.len());
    for some in tasks.chunks(LOOKED_UP) {
        let records = store.look_up(some).await?.into_iter().flatten();
        found.extend(records.map(|record| (record.task.id.clone(), record)));
    }
    Ok(found)
}

/// What annotators have added to a task, in any version of any answer.
fn said(record: &Record) -> Vec<&Map<String, Value>> {
    let state = &record.state;
    let answers = state.answers.iter().chain(&state.skipped).chain(&state.late);
    answers
        .flat_map(|answer| answer.history.iter().chain(std::iter::once(&answer.current)))
        .map(|version| &version.data)
        .collect()
}

//! Tasks of a batch into the store, less those that are there already.

use std::collections::HashSet;

use super::claimed_ids::look_up;
use super::counts::{Loaded, Repeat};
use super::validate::{Line, unplanned};
use super::{Load, LoadError, Target};
use crate::planning::{self, AdmitError};
use crate::task::TaskId;

impl Load<'_> {
    /// Counts duplicates and admits the rest.
    pub(super) async fn admit(&mut self, lines: Vec<Line>) -> Result<(), LoadError> {
        let mut fresh = Vec::with_capacity(lines.len());
        for line in lines {
            let Line { at, made, known_as, .. } = &line;
            if let Some(id) = known_as {
                self.loaded.known += 1;
                self.list(*at, None, id, false)?;
                continue;
            }
            match self.seen.see(&made.task.id, *at, made.suggestions_hash) {
                None => fresh.push(line),
                Some(first) => {
                    let differs = made.suggestions_hash.is_some()
                        && made.suggestions_hash != first.suggestions_hash;
                    let repeat = Repeat { line: *at, first: first.line };
                    self.loaded.add(Loaded {
                        repeated: 1,
                        first_repeat: Some(repeat),
                        differing: differs.into(),
                        ..Loaded::default()
                    });
                    self.list(*at, Some(first.line), &made.task.id, differs)?;
                }
            }
        }
        self.loaded.forgetful |= self.seen.is_forgetful();
        let known = self.known(&fresh).await?;
        fresh.retain(|line| !known.contains(&line.made.task.id));
        let new = match self.into {
            Target::Nowhere(_) => fresh.len() as u64,
            Target::Store(_) if fresh.is_empty() => 0,
            Target::Store(store) => {
                let tasks = fresh.iter().map(|line| line.made.task.clone()).collect();
                let policy = &self.policy;
                match planning::admit(store, &policy.planning, &policy.overrides, tasks).await {
                    Ok(admitted) => {
                        self.loaded.known += admitted.same;
                        admitted.new
                    }
                    Err(AdmitError::Store(source)) => return Err(self.stopped(source)),
                    Err(AdmitError::Plan { nth, error }) => {
                        let line = fresh.get(nth).expect("the batch has it");
                        let body = &line.made.task.body;
                        let wrong = unplanned(&self.file, line.at, body, &error, None);
                        return Err(LoadError::Wrong { wrong: wrong.into(), loaded: self.loaded });
                    }
                }
            }
        };
        self.loaded.new += new;
        // Another load may have inserted some of them meanwhile, and has reported them.
        if new == fresh.len() as u64 {
            for line in &fresh {
                self.loaded.remark(line.at, line.remarks);
            }
        }
        Ok(())
    }

    /// Those of these tasks that were loaded before, counted and listed, where something is to be
    /// said of single ones; otherwise none, and the store says how many there were.
    async fn known(&mut self, fresh: &[Line]) -> Result<HashSet<TaskId>, LoadError> {
        let Some(store) = self.into.store() else { return Ok(HashSet::new()) };
        let each = matches!(self.into, Target::Nowhere(_))
            || self.aside.duplicates.is_some()
            || fresh.iter().any(|line| line.made.suggestions_hash.is_some() || line.remarks.any());
        if !each || fresh.is_empty() {
            return Ok(HashSet::new());
        }
        let ids: Vec<TaskId> = fresh.iter().map(|line| line.made.task.id.clone()).collect();
        let known = store.existing_ids(&ids).await.map_err(|source| self.stopped(source))?;
        let there = |line: &&Line| known.contains(&line.made.task.id);
        let telling =
            fresh.iter().filter(there).filter(|line| line.made.suggestions_hash.is_some());
        let telling: Vec<TaskId> = telling.map(|line| line.made.task.id.clone()).collect();
        let records = look_up(store, &telling).await.map_err(|source| self.stopped(source))?;
        for line in fresh.iter().filter(there) {
            let id = &line.made.task.id;
            let differs = records.get(id).is_some_and(|record| {
                let stored = self.policy.identity.make(record.task.body.clone());
                stored.ok().and_then(|stored| stored.suggestions_hash) != line.made.suggestions_hash
            });
            self.loaded.known += 1;
            self.loaded.differing += u64::from(differs);
            self.list(line.at, None, id, differs)?;
        }
        Ok(known)
    }
}

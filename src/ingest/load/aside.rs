//! What a load writes aside: lines that are wrong, and duplicates.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Load, LoadError};
use crate::ingest::read::LineError;
use crate::task::TaskId;

/// Where a load puts what it does not put into the store.
#[derive(Default)]
pub struct Aside<'a> {
    /// Wrong lines, each as a line of JSON with its reason; without it the first one ends the load.
    pub rejects: Option<&'a mut (dyn Write + Send)>,
    /// Duplicates, each as a line of JSON with what it repeats.
    pub duplicates: Option<&'a mut (dyn Write + Send)>,
}

impl Load<'_> {
    /// Puts a duplicate on the list, if there is one.
    #[expect(clippy::result_large_err, reason = "it ends the load, and is made once")]
    pub(super) fn list(
        &mut self,
        line: u64,
        first: Option<u64>,
        id: &TaskId,
        differs: bool,
    ) -> Result<(), LoadError> {
        let Some(list) = self.aside.duplicates.as_deref_mut() else { return Ok(()) };
        let mut told = Map::new();
        told.insert("file".into(), Value::from(&*self.file));
        told.insert("line".into(), line.into());
        match first {
            Some(first) => {
                told.insert("kind".into(), "within_file".into());
                told.insert("repeats_line".into(), first.into());
            }
            None => {
                told.insert("kind".into(), "loaded_before".into());
            }
        }
        told.insert("_id".into(), json!(id));
        if differs {
            let by_content = self.policy.identity.rule().is_content();
            let what = if by_content { "suggestions" } else { "content" };
            told.insert("other".into(), what.into());
        }
        writeln!(list, "{}", Value::Object(told))
            .map_err(|source| LoadError::Duplicates { source, loaded: self.loaded })
    }

    /// Puts a wrong line aside, or ends the load with it.
    #[expect(clippy::result_large_err, reason = "it ends the load, and is made once")]
    pub(super) fn reject(&mut self, wrong: LineError) -> Result<(), LoadError> {
        let loaded = &mut self.loaded;
        let Some(rejects) = self.aside.rejects.as_deref_mut() else {
            return Err(LoadError::Wrong { wrong: Box::new(wrong), loaded: *loaded });
        };
        writeln!(rejects, "{}", wrong.reject())
            .map_err(|source| LoadError::Rejects { source, loaded: *loaded })?;
        loaded.rejected += 1;
        if wrong.fatal {
            return Err(LoadError::Wrong { wrong: Box::new(wrong), loaded: *loaded });
        }
        Ok(())
    }
}

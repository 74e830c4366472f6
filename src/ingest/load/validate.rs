//! What a line has to be so that it is a task of the project: told from others, shown, answered and
//! given to an annotator.
//!
//! All of it follows from the line and the roster, so it is done on the thread that reads
//! ([`batches`](super::batches)); what only the store can tell is asked later
//! ([`claimed_ids`](super::claimed_ids)).

use std::sync::Arc;

use super::line_remarks::LineRemarks;
use crate::allocation::{self, AllocationCounters, Overrides, PlanError, Planner};
use crate::identity::{IdentifiedTask, Identity, Rule, Unidentified};
use crate::ingest::read::{Entry, LineError, Notes, Written};
use crate::interface::Interface;
use crate::task::{Renamed, TaskId, TaskJson};

/// What happens to each line.
#[derive(Clone, Debug)]
pub struct LoadPolicy {
    /// How the tasks will be shown.
    pub interface: Interface,
    /// How the project tells tasks apart.
    pub identity: Identity,
    /// The project's rules.
    pub planning: allocation::PlanPolicy,
    /// What this load says instead.
    pub overrides: Overrides,
    /// Labels that were renamed: an exported answer has their present names.
    pub renamed: Renamed,
}

impl LoadPolicy {
    /// The policy of a project that goes by this rule of identity.
    pub fn new(
        rule: Rule,
        interface: &Interface,
        planning: &allocation::PlanPolicy,
        overrides: Overrides,
    ) -> Self {
        let identity = identity(rule, interface, planning);
        Self {
            interface: interface.clone(),
            identity,
            planning: planning.clone(),
            overrides,
            renamed: Renamed::default(),
        }
    }
}

/// How a project with this interface and these rules tells tasks apart.
pub fn identity(rule: Rule, interface: &Interface, planning: &allocation::PlanPolicy) -> Identity {
    Identity::new(rule, interface.clone(), planning.assign_field.as_deref())
}

/// A line that is a task.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: u64,
    pub(super) made: IdentifiedTask,
    /// The task of the store that it claims to be, and is.
    pub(super) known_as: Option<TaskId>,
    /// How it is written in the file, if it claims to be a task of the store.
    pub(super) written: Option<Written>,
    pub(super) remarks: LineRemarks,
}

/// What a line turns out to be.
#[derive(Debug)]
pub(super) enum Validated {
    Fits(Line),
    /// It would be refused as a new task, and may be one that the store has.
    Doubtful(Line, Box<LineError>),
    Wrong(Box<LineError>),
}

/// Holds lines against a policy.
#[derive(Debug)]
pub struct Validator {
    file: Arc<str>,
    policy: Arc<LoadPolicy>,
    /// Asked what it would refuse; it counts nothing.
    planner: Planner,
    /// Which columns the file has, if it is a table.
    notes: Notes,
}

impl Validator {
    /// Validates lines of a file; its name is for messages.
    pub fn new(file: Arc<str>, policy: Arc<LoadPolicy>) -> Self {
        let planner = Planner::new(policy.planning.clone(), &AllocationCounters::default());
        Self { file, policy, planner, notes: Notes::default() }
    }

    /// With what is noted of the file while it is read.
    #[must_use]
    pub fn with_notes(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// The task of a line that can be given to annotators.
    ///
    /// # Errors
    /// The line, and what is wrong with it.
    pub fn task(&self, entry: Entry) -> Result<IdentifiedTask, LineError> {
        match self.validate(entry) {
            Validated::Fits(line) => Ok(line.made),
            Validated::Doubtful(_, wrong) | Validated::Wrong(wrong) => Err(*wrong),
        }
    }

    /// Says what a line is, as far as the store need not be asked.
    pub(super) fn validate(&self, entry: Entry) -> Validated {
        let Self { file, policy, planner, notes } = self;
        let Entry { line: at, body, written } = entry;
        let in_file = |wrong: LineError, written: &Option<Written>| {
            Box::new(wrong.at_written(written.as_ref()))
        };
        // All of this reads the line as a whole: it is parsed once. What waits for the store is
        // text.
        let body = body.with_value();
        let objection = object_to(file, at, &body, notes.columns(), policy, planner);
        let remarks = LineRemarks::of(&body, &policy.interface);
        let text = body.clone().without_value();
        match policy.identity.make(body) {
            Err(error) => {
                Validated::Wrong(in_file(unidentified(file, at, &text, &error), &written))
            }
            Ok(made) => {
                let objection = objection.map(|wrong| in_file(wrong, &written));
                let written = written.filter(|_| made.claims.is_some());
                let line = Line { at, made, known_as: None, written, remarks };
                match objection {
                    None => Validated::Fits(line),
                    Some(wrong) => Validated::Doubtful(line, wrong),
                }
            }
        }
    }
}

/// Why a task cannot be shown or given to an annotator, if so. `columns` are those of the table
/// that it is from.
fn object_to(
    file: &Arc<str>,
    line: u64,
    body: &TaskJson,
    columns: Option<&[String]>,
    policy: &LoadPolicy,
    planner: &Planner,
) -> Option<LineError> {
    if let Err(unfit) = policy.interface.can_show(body) {
        let usual = help_for(&unfit.found);
        let unfit = match columns {
            Some(columns) => unfit.in_table(columns, &policy.interface.content()),
            None => unfit,
        };
        let mut wrong = LineError::of_task(file, line, body, unfit);
        wrong.help = usual.or(wrong.help);
        return Some(wrong);
    }
    if let Err(unfit) = policy.interface.gold_fits(body) {
        return Some(LineError::of_task(file, line, body, unfit));
    }
    let error = planner.check(&policy.overrides, body).err()?;
    let field = policy.planning.assign_field.as_deref().filter(|_| policy.overrides.to.is_empty());
    Some(unplanned(file, line, body, &error, field))
}

fn unidentified(file: &Arc<str>, line: u64, body: &TaskJson, error: &Unidentified) -> LineError {
    let expected = "a task that can be told from others";
    let pointer = match error {
        Unidentified::Hash { key, .. } => format!("/{key}"),
        Unidentified::Nothing { path } | Unidentified::NotAnId { path, .. } => pointer(path),
    };
    let mut wrong = LineError::of_value(file, line, body, pointer, [expected, "one that cannot"]);
    wrong.help = Some(error.to_string().into());
    wrong
}

pub(super) fn edited(
    file: &Arc<str>,
    line: u64,
    body: &TaskJson,
    id: &TaskId,
    key: &str,
) -> LineError {
    let expected = format!("the task that has the _id {id}");
    let found = format!("another `{key}`");
    let mut wrong = LineError::of_value(file, line, body, format!("/{key}"), [&expected, &found]);
    let help = "to load it as a new task, take _id, _input_hash and _task_hash out of the line; \
                else put the key back as it was";
    wrong.help = Some(help.into());
    wrong
}

/// A path of keys with points between them as a JSON pointer.
fn pointer(path: &str) -> String {
    path.split('.').flat_map(|key| ["/", key]).collect()
}

/// `field` is the path of the key that names annotators, if it is the task that names them.
pub(super) fn unplanned(
    file: &Arc<str>,
    line: u64,
    body: &TaskJson,
    error: &PlanError,
    field: Option<&str>,
) -> LineError {
    const WORDS: [&str; 2] = ["a task that can be given to an annotator", "one that cannot"];
    let mut pointer = String::new();
    if let Some((path, entry)) = error.key(field) {
        pointer = self::pointer(path);
        let mut keys = path.split('.');
        let first = keys.next().and_then(|key| body.get(key));
        let listed = keys.try_fold(first, |inner, key| Some(inner?.get(key).cloned())).flatten();
        let is_it = |one: &serde_json::Value| {
            let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            text == entry
        };
        let listed = listed.as_ref().and_then(serde_json::Value::as_array);
        if let Some(nth) = listed.and_then(|listed| listed.iter().position(is_it)) {
            pointer = format!("{pointer}/{nth}");
        }
    }
    let mut unplanned = LineError::of_value(file, line, body, pointer, WORDS);
    unplanned.help = Some(error.to_string().into());
    unplanned
}

pub(super) fn unsuitable(
    file: &Arc<str>,
    line: u64,
    body: &TaskJson,
    expected: &str,
    found: &str,
) -> LineError {
    let mut wrong = LineError::of_value(file, line, body, String::new(), [expected, found]);
    wrong.help = help_for(found);
    wrong
}

/// The customary mistake with tables from a spreadsheet.
fn help_for(found: &str) -> Option<Box<str>> {
    found.contains(';').then(|| "separate the cells by commas, or by tabs in a .tsv file".into())
}

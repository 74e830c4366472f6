//! Tasks from a file into the store: read, identify, plan, admit.
//!
//! The file is read on a thread of its own and admitted in batches, so memory does not grow with
//! it. What stands before a wrong line is admitted before the line is reported, and a task that is
//! there already changes nothing, so running the same load again after the mend goes on where it
//! stopped.
//!
//! A line that repeats one further up is told by its identity, as far as it is remembered (`seen`); one
//! that was loaded before, by the store. So the store is asked only for what has to be said of single
//! lines: that a load of new tasks is one round trip for each batch is what makes it fast. A line that
//! claims under `_id` to be a task of this store is held against that task.

mod counts;
pub mod rule;
mod seen;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

pub use self::counts::{Loaded, Repeat};
use self::rule::RuleError;
use self::seen::Seen;
use crate::allocation::profile::{meta, requires};
use crate::allocation::{self, AllocationCounters, Overrides, Planner};
use crate::exchange::read::{self, Entry, ReadError, Tasks, WrongLine};
use crate::planning::{self, AdmitError};
use crate::store::{Record, Store, StoreError};
use crate::task::identity::{Identity, Made, Rule, Unidentified};
use crate::task::interface::Interface;
use crate::task::{Body, TaskId, gold};

/// Tasks admitted in one call of the store.
const BATCH: usize = 5000;
/// Bytes of tasks admitted in one call of the store.
const BATCH_BYTES: usize = 4 << 20;
/// Tasks looked up in one call of the store.
const LOOKED_UP: usize = 500;

/// Why a load ended early.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Open(#[from] ReadError),
    /// There is something in the file, and no task.
    #[error(
        "{file} has no task in it: nothing but blank lines, an empty list, or the names of columns. \
         Look whether it was written whole; a file that is empty is passed over."
    )]
    Nothing {
        /// The file.
        file: Arc<str>,
    },
    /// The store tells tasks apart by another rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A line is no task, or one that cannot be given to anyone.
    #[error("{wrong}\n{}", wrong.excerpt())]
    Wrong {
        /// The line.
        wrong: Box<WrongLine>,
        /// What had been done.
        loaded: Loaded,
    },
    /// The store did not take the tasks.
    #[error("{source}")]
    Store {
        /// Why.
        source: StoreError,
        /// What had been done.
        loaded: Loaded,
    },
    /// The rejects cannot be written.
    #[error("cannot write the rejects: {source}")]
    Rejects {
        /// Why.
        source: std::io::Error,
        /// What had been done.
        loaded: Loaded,
    },
    /// The list of duplicates cannot be written.
    #[error("cannot write the list of duplicates: {source}")]
    Duplicates {
        /// Why.
        source: std::io::Error,
        /// What had been done.
        loaded: Loaded,
    },
}

impl LoadError {
    /// What had been admitted before, in words.
    pub fn admitted(&self) -> String {
        let loaded = match self {
            Self::Open(_) | Self::Nothing { .. } | Self::Rule(_) => Loaded::default(),
            Self::Wrong { loaded, .. }
            | Self::Store { loaded, .. }
            | Self::Rejects { loaded, .. }
            | Self::Duplicates { loaded, .. } => *loaded,
        };
        format!("Admitted before it, and staying: {}.", loaded.counts())
    }
}

/// What happens to each batch.
pub struct Rules<'a> {
    /// How the tasks will be shown.
    pub interface: &'a Interface,
    /// How the project tells tasks apart.
    pub identity: &'a Identity,
    /// The project's rules.
    pub planning: &'a allocation::PlanPolicy,
    /// What this load says instead.
    pub overrides: &'a Overrides,
}

/// Where a load puts what it does not put into the store.
#[derive(Default)]
pub struct Aside<'a> {
    /// Wrong lines, each as a line of JSON with its reason; without it the first one ends the load.
    pub rejects: Option<&'a mut (dyn Write + Send)>,
    /// Duplicates, each as a line of JSON with what it repeats.
    pub duplicates: Option<&'a mut (dyn Write + Send)>,
}

/// What becomes of the tasks that are new.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// They are admitted to this store.
    Store(&'a dyn Store),
    /// Nothing: they are counted, against the store if there is one.
    Nowhere(Option<&'a dyn Store>),
}

impl<'a> Target<'a> {
    fn store(self) -> Option<&'a dyn Store> {
        match self {
            Self::Store(store) => Some(store),
            Self::Nowhere(store) => store,
        }
    }
}

/// A part of a file that has been read.
enum Part {
    Batch(Vec<Entry>),
    Wrong(Box<WrongLine>),
}

/// Loads tasks into a store, or only looks what a load would do.
///
/// # Errors
/// As [`LoadError`] says; what was admitted before stays.
pub async fn load<'a>(
    tasks: Tasks,
    rules: &'a Rules<'a>,
    into: Target<'a>,
    aside: Aside<'a>,
) -> Result<Loaded, LoadError> {
    let file = tasks.file();
    let meter = tasks.meter();
    let mut nothing = true;
    let (sender, mut parts) = mpsc::channel(4);
    let reader = tokio::task::spawn_blocking(move || read_parts(tasks, &sender));
    let planner = Planner::new(rules.planning.clone(), &AllocationCounters::default());
    let loaded = Loaded::default();
    let mut load = Load { file, rules, into, aside, planner, seen: Seen::default(), loaded };
    while let Some(part) = parts.recv().await {
        nothing &= matches!(&part, Part::Batch(entries) if entries.is_empty());
        let wrong = match part {
            Part::Wrong(wrong) => vec![*wrong],
            Part::Batch(entries) => {
                let (lines, wrong) = load.sort(entries).await?;
                load.admit(lines).await?;
                wrong
            }
        };
        for wrong in wrong {
            load.reject(wrong)?;
        }
    }
    // A reader that panicked has broken an invariant: that must not pass for the end of the file.
    reader.await.expect("reading a file does not panic");
    if nothing && meter.bytes_read() > 0 {
        return Err(LoadError::Nothing { file: load.file });
    }
    Ok(load.loaded)
}

fn read_parts(tasks: Tasks, sender: &mpsc::Sender<Part>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut bytes = 0;
    for part in tasks {
        let sent = match part {
            Ok(entry) => {
                bytes += entry.body.as_str().len();
                batch.push(entry);
                if batch.len() < BATCH && bytes < BATCH_BYTES {
                    continue;
                }
                bytes = 0;
                sender.blocking_send(Part::Batch(std::mem::take(&mut batch)))
            }
            Err(wrong) => {
                bytes = 0;
                // What stands before the wrong line goes first.
                sender
                    .blocking_send(Part::Batch(std::mem::take(&mut batch)))
                    .and_then(|()| sender.blocking_send(Part::Wrong(Box::new(wrong))))
            }
        };
        if sent.is_err() {
            return;
        }
    }
    // If nobody listens any more, the load has ended early.
    let _ = sender.blocking_send(Part::Batch(batch));
}

/// A line that is a task.
struct Line {
    at: u64,
    made: Made,
    /// The task of the store that it claims to be, and is.
    known_as: Option<TaskId>,
}

/// What a line turns out to be.
enum Sorted {
    Fits(Line),
    /// It would be refused as a new task, and may be one that the store has.
    Doubtful(Line, WrongLine),
    Wrong(WrongLine),
}

/// A load under way.
struct Load<'a> {
    file: Arc<str>,
    rules: &'a Rules<'a>,
    into: Target<'a>,
    aside: Aside<'a>,
    planner: Planner,
    seen: Seen,
    loaded: Loaded,
}

impl Load<'_> {
    /// Sorts a batch into tasks and wrong lines. If the first of those ends the load, nothing behind it is
    /// looked at.
    async fn sort(
        &mut self,
        entries: Vec<Entry>,
    ) -> Result<(Vec<Line>, Vec<WrongLine>), LoadError> {
        let stop = self.aside.rejects.is_none();
        let mut sorted = Vec::with_capacity(entries.len());
        for entry in entries {
            let line = match make(&self.file, &entry, self.rules) {
                Ok(made) => Line { at: entry.line, made, known_as: None },
                Err(wrong) => {
                    sorted.push(Sorted::Wrong(wrong));
                    if stop {
                        break;
                    }
                    continue;
                }
            };
            let body = &line.made.task.body;
            let objection = object_to(&self.file, line.at, body, self.rules, &self.planner);
            sorted.push(match objection.or_else(|| self.not_held(&line)) {
                None => Sorted::Fits(line),
                Some(wrong) => Sorted::Doubtful(line, wrong),
            });
        }
        self.recognise(&mut sorted).await?;
        self.hold_against_claims(&mut sorted).await?;
        let mut lines = Vec::with_capacity(sorted.len());
        let mut all_wrong = Vec::new();
        for one in sorted {
            match one {
                Sorted::Fits(line) => lines.push(line),
                Sorted::Doubtful(_, wrong) | Sorted::Wrong(wrong) => {
                    all_wrong.push(wrong);
                    if stop {
                        break;
                    }
                }
            }
        }
        Ok((lines, all_wrong))
    }

    /// Why the store could not hold a task, if so.
    fn not_held(&self, line: &Line) -> Option<WrongLine> {
        let task = &line.made.task;
        let why = self.into.store()?.can_hold(task).err()?;
        let expected = "a task that the store can hold";
        let mut wrong = unsuitable(&self.file, line.at, &task.body, expected, "one that it cannot");
        wrong.help = Some(why.into());
        Some(wrong)
    }

    /// Finds among the lines that are doubtful, or claim to be another task, those that the store has as
    /// they are: loading a line again adds nothing, whatever the roster says of such tasks now.
    async fn recognise(&mut self, sorted: &mut [Sorted]) -> Result<(), LoadError> {
        let asked = |one: &Sorted| match one {
            Sorted::Fits(line) => line.made.claims.is_some().then(|| line.made.task.id.clone()),
            Sorted::Doubtful(line, _) => Some(line.made.task.id.clone()),
            Sorted::Wrong(_) => None,
        };
        let ids: Vec<TaskId> = sorted.iter().filter_map(asked).collect();
        let Some(store) = self.into.store().filter(|_| !ids.is_empty()) else { return Ok(()) };
        let known = store.known(&ids).await.map_err(|source| self.stopped(source))?;
        for one in sorted {
            let Some(id) = asked(one).filter(|id| known.contains(id)) else { continue };
            let (Sorted::Fits(line) | Sorted::Doubtful(line, _)) = one else { continue };
            let line = Line { at: line.at, made: line.made.clone(), known_as: Some(id) };
            *one = Sorted::Fits(line);
        }
        Ok(())
    }

    /// Looks up the tasks that lines claim to be: whether they are these. A claim to be a task that came
    /// with this file is none of an old one.
    async fn hold_against_claims(&mut self, sorted: &mut [Sorted]) -> Result<(), LoadError> {
        fn claim<'a>(one: &'a Sorted, seen: &Seen) -> Option<&'a TaskId> {
            match one {
                Sorted::Fits(line) | Sorted::Doubtful(line, _) if line.known_as.is_none() => {
                    line.made.claims.as_ref().filter(|id| !seen.has(id))
                }
                _ => None,
            }
        }
        let claims: HashSet<&TaskId> =
            sorted.iter().filter_map(|one| claim(one, &self.seen)).collect();
        let Some(store) = self.into.store().filter(|_| !claims.is_empty()) else {
            return Ok(());
        };
        let claims: Vec<TaskId> = claims.into_iter().cloned().collect();
        let records = look_up(store, &claims).await.map_err(|source| self.stopped(source))?;
        for one in sorted {
            let Some(record) = claim(one, &self.seen).and_then(|id| records.get(id)) else {
                continue;
            };
            let (Sorted::Fits(line) | Sorted::Doubtful(line, _)) = one else { continue };
            let body = &line.made.task.body;
            let id = &record.task.id;
            *one = match self.rules.identity.difference(body, &record.task.body, &said(record)) {
                None => Sorted::Fits(Line {
                    at: line.at,
                    made: line.made.clone(),
                    known_as: Some(id.clone()),
                }),
                Some(key) => Sorted::Wrong(edited(&self.file, line.at, body, id, &key)),
            };
        }
        Ok(())
    }

    fn stopped(&self, source: StoreError) -> LoadError {
        LoadError::Store { source, loaded: self.loaded }
    }

    /// Counts duplicates and admits the rest.
    async fn admit(&mut self, lines: Vec<Line>) -> Result<(), LoadError> {
        let mut fresh = Vec::with_capacity(lines.len());
        for line in lines {
            let Line { at, made, known_as } = &line;
            if let Some(id) = known_as {
                self.loaded.known += 1;
                self.list(*at, None, id, false)?;
                continue;
            }
            match self.seen.see(&made.task.id, *at, made.beside) {
                None => fresh.push(line),
                Some(first) => {
                    let differs = made.beside.is_some() && made.beside != first.beside;
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
                let rules = self.rules;
                match planning::admit(store, rules.planning, rules.overrides, tasks).await {
                    Ok(admitted) => {
                        self.loaded.known += admitted.same;
                        admitted.new
                    }
                    Err(AdmitError::Store(source)) => return Err(self.stopped(source)),
                    Err(AdmitError::Plan { nth, error }) => {
                        let line = fresh.get(nth).expect("the batch has it");
                        let body = &line.made.task.body;
                        let wrong = unplanned(&self.file, line.at, body, error.to_string());
                        return Err(LoadError::Wrong { wrong: wrong.into(), loaded: self.loaded });
                    }
                }
            }
        };
        self.loaded.new += new;
        // Whoever has loaded some of them meanwhile has been told.
        if new == fresh.len() as u64 {
            for line in &fresh {
                let steers = Steers::of(&line.made.task.body);
                self.loaded.gold += u64::from(steers.gold);
                self.loaded.prioritised += u64::from(steers.priority);
                self.loaded.requiring += u64::from(steers.requires);
            }
        }
        Ok(())
    }

    /// Those of these tasks that were loaded before, counted and listed, where something is to be said of
    /// single ones; otherwise none, and the store says how many there were.
    async fn known(&mut self, fresh: &[Line]) -> Result<HashSet<TaskId>, LoadError> {
        let Some(store) = self.into.store() else { return Ok(HashSet::new()) };
        let each = matches!(self.into, Target::Nowhere(_))
            || self.aside.duplicates.is_some()
            || fresh
                .iter()
                .any(|line| line.made.beside.is_some() || Steers::may(&line.made.task.body));
        if !each || fresh.is_empty() {
            return Ok(HashSet::new());
        }
        let ids: Vec<TaskId> = fresh.iter().map(|line| line.made.task.id.clone()).collect();
        let known = store.known(&ids).await.map_err(|source| self.stopped(source))?;
        let there = |line: &&Line| known.contains(&line.made.task.id);
        let telling = fresh.iter().filter(there).filter(|line| line.made.beside.is_some());
        let telling: Vec<TaskId> = telling.map(|line| line.made.task.id.clone()).collect();
        let records = look_up(store, &telling).await.map_err(|source| self.stopped(source))?;
        for line in fresh.iter().filter(there) {
            let id = &line.made.task.id;
            let differs = records.get(id).is_some_and(|record| {
                let stored = self.rules.identity.make(record.task.body.clone());
                stored.ok().and_then(|stored| stored.beside) != line.made.beside
            });
            self.loaded.known += 1;
            self.loaded.differing += u64::from(differs);
            self.list(line.at, None, id, differs)?;
        }
        Ok(known)
    }

    /// Puts a duplicate on the list, if there is one.
    #[expect(clippy::result_large_err, reason = "it ends the load, and is made once")]
    fn list(
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
            let what = match self.rules.identity.rule() {
                Rule::Content => "suggestions",
                _ => "content",
            };
            told.insert("other".into(), what.into());
        }
        writeln!(list, "{}", Value::Object(told))
            .map_err(|source| LoadError::Duplicates { source, loaded: self.loaded })
    }

    /// Puts a wrong line aside, or ends the load with it.
    #[expect(clippy::result_large_err, reason = "it ends the load, and is made once")]
    fn reject(&mut self, wrong: WrongLine) -> Result<(), LoadError> {
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

/// Those of these tasks that are there.
async fn look_up(
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

/// Keys of `meta` that steer annotd.
#[derive(Clone, Copy, Default)]
struct Steers {
    gold: bool,
    priority: bool,
    requires: bool,
}

impl Steers {
    /// Whether a look at the keys can find any; most tasks have none.
    fn may(task: &Body) -> bool {
        let text = task.as_str();
        text.contains("\"meta\"")
            && ["\"gold\"", "\"priority\"", "\"requires\""].iter().any(|key| text.contains(key))
    }

    fn of(task: &Body) -> Self {
        if !Self::may(task) {
            return Self::default();
        }
        let gold = matches!(gold::gold(task), Ok(Some(_)));
        let priority = meta(task, "priority").is_some_and(|priority| !priority.is_null());
        Self { gold, priority, requires: !requires(task).is_empty() }
    }
}

/// A task that was read, as the project knows it, or why it cannot be given to anybody. `planner` counts
/// nothing.
///
/// # Errors
/// The line, and what is wrong with it.
pub fn identified(
    file: &Arc<str>,
    entry: &Entry,
    rules: &Rules<'_>,
    planner: &Planner,
) -> Result<Made, WrongLine> {
    let made = make(file, entry, rules)?;
    match object_to(file, entry.line, &made.task.body, rules, planner) {
        None => Ok(made),
        Some(wrong) => Err(wrong),
    }
}

/// Makes a task of a line.
fn make(file: &Arc<str>, entry: &Entry, rules: &Rules<'_>) -> Result<Made, WrongLine> {
    let (line, body) = (entry.line, &entry.body);
    rules.identity.make(body.clone()).map_err(|error| unidentified(file, line, body, &error))
}

/// Why a task cannot be shown or given to an annotator, if so.
fn object_to(
    file: &Arc<str>,
    line: u64,
    body: &Body,
    rules: &Rules<'_>,
    planner: &Planner,
) -> Option<WrongLine> {
    if let Err(unfit) = rules.interface.can_show(body) {
        let usual = unsuitable(file, line, body, &unfit.expected, &unfit.found).help;
        let mut wrong = WrongLine::of_task(file, line, body, unfit);
        wrong.help = usual.or(wrong.help);
        return Some(wrong);
    }
    if let Err(unfit) = rules.interface.gold_fits(body) {
        return Some(WrongLine::of_task(file, line, body, unfit));
    }
    let error = planner.check(rules.overrides, body).err()?;
    Some(unplanned(file, line, body, error.to_string()))
}

fn unidentified(file: &Arc<str>, line: u64, body: &Body, error: &Unidentified) -> WrongLine {
    let expected = "a task that can be told from others";
    let mut wrong = unsuitable(file, line, body, expected, "one that cannot");
    wrong.help = Some(error.to_string().into());
    wrong
}

fn edited(file: &Arc<str>, line: u64, body: &Body, id: &TaskId, key: &str) -> WrongLine {
    let expected = format!("the task that has the _id {id}");
    let found = format!("another `{key}`");
    let mut wrong = unsuitable(file, line, body, &expected, &found);
    let help = "to load it as a new task, take _id, _input_hash and _task_hash out of the line; \
                else put the key back as it was";
    wrong.help = Some(help.into());
    wrong
}

fn unplanned(file: &Arc<str>, line: u64, body: &Body, help: String) -> WrongLine {
    let expected = "a task that can be given to somebody";
    let mut unplanned = unsuitable(file, line, body, expected, "one that cannot");
    unplanned.help = Some(help.into());
    unplanned
}

fn unsuitable(file: &Arc<str>, line: u64, body: &Body, expected: &str, found: &str) -> WrongLine {
    // The customary mistake with tables from a spreadsheet.
    let help = found
        .contains(';')
        .then(|| "separate the cells by commas, or by tabs in a .tsv file".into());
    WrongLine {
        file: Arc::clone(file),
        line,
        column: 1,
        expected: expected.into(),
        found: found.into(),
        help,
        text: body.as_str().into(),
        at: 0,
        fatal: false,
    }
}

/// A file of tasks that the roster names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it looked like: if it looks the same at the next start, it is not read again.
    pub fingerprint: String,
}

/// Finds the files that a pattern such as `tasks/*.jsonl` names, relative to `beside`, in order. A name that
/// begins with a point is found only by a pattern that has the point: systems and editors put files of
/// their own beside others (`._tasks.jsonl`, `.#tasks.jsonl`).
///
/// # Errors
/// If the pattern makes no sense, or names nothing that can be read: in words.
pub fn find_files(pattern: &str, beside: &Path) -> Result<Vec<TaskFile>, String> {
    let whole = beside.join(pattern);
    let visible =
        glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(&whole.to_string_lossy(), visible)
        .map_err(|error| format!("{pattern:?} is not a pattern of files: {}", error.msg))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| format!("cannot look for {pattern:?}: {error}"))?;
        if path.is_dir() {
            continue;
        }
        let metadata = std::fs::metadata(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if !metadata.is_file() {
            return Err(format!("{} is no ordinary file", path.display()));
        }
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        let path = path.canonicalize().unwrap_or(path);
        files.push(TaskFile { path, fingerprint: format!("{}:{modified}", metadata.len()) });
    }
    if files.is_empty() {
        return Err(format!("there is no file {}", whole.display()));
    }
    Ok(files)
}

/// Loads a file that the roster names, unless it looks as it did when it was last loaded whole.
/// Gives nothing if so. `named` is the rule of identity that the roster names.
///
/// # Errors
/// As [`load`] does.
pub async fn load_file(
    file: &TaskFile,
    planning: &allocation::PlanPolicy,
    interface: &Interface,
    named: Option<&Rule>,
    store: &dyn Store,
) -> Result<Option<Loaded>, LoadError> {
    let of_store = |source| LoadError::Store { source, loaded: Loaded::default() };
    let name = file.path.to_string_lossy();
    if store.loaded_file(&name).await.map_err(of_store)?.as_ref() == Some(&file.fingerprint) {
        return Ok(None);
    }
    let tasks = read::open(&file.path)?;
    let notes = tasks.notes();
    let rule = rule::settle(store, named).await?;
    let identity = identity(rule, interface, planning);
    let overrides = Overrides::default();
    let rules = Rules { interface, identity: &identity, planning, overrides: &overrides };
    let loaded = load(tasks, &rules, Target::Store(store), Aside::default()).await?;
    for note in notes.all() {
        tracing::info!(file = %file.path.display(), note, "a file was read otherwise than it is written");
    }
    store.note_loaded_file(&name, &file.fingerprint).await.map_err(of_store)?;
    Ok(Some(loaded))
}

/// How a project with this interface and these rules tells tasks apart.
pub fn identity(rule: Rule, interface: &Interface, planning: &allocation::PlanPolicy) -> Identity {
    Identity::new(rule, interface.clone(), planning.assign_field.as_deref())
}

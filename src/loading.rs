//! Tasks from a file into the store: read, plan, admit.
//!
//! The file is read on a thread of its own and admitted in batches, so memory does not grow with
//! it. What stands before a wrong line is admitted before the line is reported, and a task that is
//! there already changes nothing, so running the same load again after the mend goes on where it
//! stopped.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use tokio::sync::mpsc;

use crate::allocation::{self, Dealt, Overrides, Planner};
use crate::dealing::{self, AdmitError};
use crate::exchange::read::{self, Entry, ReadError, Tasks, WrongLine};
use crate::store::{Store, StoreError};
use crate::task::interface::Interface;
use crate::task::{Task, gold};

/// Tasks admitted in one call of the store.
const BATCH: usize = 5000;
/// Bytes of tasks admitted in one call of the store.
const BATCH_BYTES: usize = 4 << 20;

/// What a load did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Tasks that are new.
    pub new: u64,
    /// Tasks that were there already.
    pub same: u64,
    /// Lines that were put among the rejects.
    pub rejected: u64,
}

impl Loaded {
    fn add(&mut self, other: Self) {
        self.new += other.new;
        self.same += other.same;
        self.rejected += other.rejected;
    }
}

/// Why a load ended early.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Open(#[from] ReadError),
    /// A line is no task, or one that cannot be given to anyone.
    #[error("{wrong}\n{}", wrong.excerpt())]
    Wrong {
        /// The line.
        wrong: Box<WrongLine>,
        /// What had been done.
        loaded: Loaded,
    },
    /// There is something in the file, and no task.
    #[error(
        "{file} has no task in it: nothing but blank lines, an empty list, or the names of columns. \
         Look whether it was written whole; a file that is empty is passed over."
    )]
    Nothing {
        /// The file.
        file: Arc<str>,
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
}

impl LoadError {
    /// What had been admitted before, in words.
    pub fn admitted(&self) -> String {
        let loaded = match self {
            Self::Open(_) | Self::Nothing { .. } => Loaded::default(),
            Self::Wrong { loaded, .. }
            | Self::Store { loaded, .. }
            | Self::Rejects { loaded, .. } => *loaded,
        };
        let Loaded { new, same, .. } = loaded;
        format!("Admitted before it, and staying: {new} new, {same} the same as before.")
    }
}

/// What happens to each batch.
pub struct Rules<'a> {
    /// How the tasks will be shown.
    pub interface: &'a Interface,
    /// The project's rules.
    pub planning: &'a allocation::Rules,
    /// What this load says instead.
    pub overrides: &'a Overrides,
}

/// A part of a file that has been read.
enum Part {
    Batch(Vec<Entry>),
    Wrong(Box<WrongLine>),
}

/// Loads tasks into a store, or, without one, only looks whether they could be loaded.
///
/// Wrong lines go to `rejects` if there is such a thing, each as a line of JSON with its reason;
/// otherwise the first one ends the load.
///
/// # Errors
/// As [`LoadError`] says; what was admitted before stays.
pub async fn load(
    tasks: Tasks,
    rules: &Rules<'_>,
    store: Option<&dyn Store>,
    mut rejects: Option<&mut (dyn Write + Send)>,
) -> Result<Loaded, LoadError> {
    let file = tasks.file();
    let meter = tasks.meter();
    let mut nothing = true;
    let (sender, mut parts) = mpsc::channel(4);
    let reader = tokio::task::spawn_blocking(move || read_parts(tasks, &sender));
    let planner = Planner::new(rules.planning.clone(), &Dealt::default());
    let mut loaded = Loaded::default();
    while let Some(part) = parts.recv().await {
        nothing &= matches!(&part, Part::Batch(entries) if entries.is_empty());
        let wrong = match part {
            Part::Wrong(wrong) => vec![*wrong],
            Part::Batch(entries) => {
                let (suitable, unsuitable) =
                    sort_batch(&file, entries, rules, &planner, rejects.is_none());
                loaded.add(admit(&file, suitable, rules, store, loaded).await?);
                unsuitable
            }
        };
        for wrong in wrong {
            let Some(rejects) = rejects.as_deref_mut() else {
                return Err(LoadError::Wrong { wrong: Box::new(wrong), loaded });
            };
            writeln!(rejects, "{}", wrong.reject())
                .map_err(|source| LoadError::Rejects { source, loaded })?;
            loaded.rejected += 1;
            if wrong.fatal {
                return Err(LoadError::Wrong { wrong: Box::new(wrong), loaded });
            }
        }
    }
    // A reader that panicked has broken an invariant: that must not pass for the end of the file.
    reader.await.expect("reading a file does not panic");
    if nothing && meter.bytes_read() > 0 {
        return Err(LoadError::Nothing { file });
    }
    Ok(loaded)
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

/// Sorts a batch into what can be given to somebody and wrong lines. With `stop`, nothing behind the
/// first of those is looked at.
fn sort_batch(
    file: &Arc<str>,
    entries: Vec<Entry>,
    rules: &Rules<'_>,
    planner: &Planner,
    stop: bool,
) -> (Vec<Entry>, Vec<WrongLine>) {
    let mut suitable = Vec::with_capacity(entries.len());
    let mut wrong = Vec::new();
    for entry in entries {
        let Some(problem) = problem_with(file, &entry, rules, planner) else {
            suitable.push(entry);
            continue;
        };
        wrong.push(problem);
        if stop {
            break;
        }
    }
    (suitable, wrong)
}

/// Why a task that was read cannot be given to anybody; nothing if it can. `planner` counts nothing.
pub fn problem_with(
    file: &Arc<str>,
    entry: &Entry,
    rules: &Rules<'_>,
    planner: &Planner,
) -> Option<WrongLine> {
    if let Err(unfit) = rules.interface.can_show(&entry.body) {
        let mut wrong = unsuitable(file, entry, &unfit.expected, &unfit.found);
        wrong.at = unfit.place(&entry.body);
        wrong.column = entry.body.as_str()[..wrong.at].chars().count() as u64 + 1;
        wrong.help = wrong.help.or_else(|| unfit.help.map(Into::into));
        Some(wrong)
    } else if let Err(problem) = gold::gold(&entry.body) {
        Some(unplanned(file, entry, problem))
    } else if let Err(error) = planner.check(rules.overrides, &entry.body) {
        Some(unplanned(file, entry, error.to_string()))
    } else {
        None
    }
}

fn unplanned(file: &Arc<str>, entry: &Entry, help: String) -> WrongLine {
    let expected = "a task that can be given to somebody";
    let mut unplanned = unsuitable(file, entry, expected, "one that cannot");
    unplanned.help = Some(help.into());
    unplanned
}

fn unsuitable(file: &Arc<str>, entry: &Entry, expected: &str, found: &str) -> WrongLine {
    // The customary mistake with tables from a spreadsheet.
    let help = found
        .contains(';')
        .then(|| "separate the cells by commas, or by tabs in a .tsv file".into());
    WrongLine {
        file: Arc::clone(file),
        line: entry.line,
        column: 1,
        expected: expected.into(),
        found: found.into(),
        help,
        text: entry.body.as_str().into(),
        at: 0,
        fatal: false,
    }
}

async fn admit(
    file: &Arc<str>,
    entries: Vec<Entry>,
    rules: &Rules<'_>,
    store: Option<&dyn Store>,
    loaded: Loaded,
) -> Result<Loaded, LoadError> {
    let Some(store) = store else {
        return Ok(Loaded { new: entries.len() as u64, ..Loaded::default() });
    };
    if entries.is_empty() {
        return Ok(Loaded::default());
    }
    let tasks = entries.iter().map(|entry| Task::new(entry.body.clone())).collect();
    let admitted = dealing::admit(store, rules.planning, rules.overrides, tasks).await;
    match admitted {
        Ok(admitted) => Ok(Loaded { new: admitted.new, same: admitted.same, rejected: 0 }),
        Err(AdmitError::Store(source)) => Err(LoadError::Store { source, loaded }),
        Err(AdmitError::Plan { nth, error }) => {
            let entry = entries.get(nth).expect("the batch has it");
            let wrong = Box::new(unplanned(file, entry, error.to_string()));
            Err(LoadError::Wrong { wrong, loaded })
        }
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
/// Gives nothing if so.
///
/// # Errors
/// As [`load`] does.
pub async fn load_file(
    file: &TaskFile,
    planning: &allocation::Rules,
    interface: &Interface,
    store: &dyn Store,
) -> Result<Option<Loaded>, LoadError> {
    let of_store = |source| LoadError::Store { source, loaded: Loaded::default() };
    let name = file.path.to_string_lossy();
    if store.loaded_file(&name).await.map_err(of_store)?.as_ref() == Some(&file.fingerprint) {
        return Ok(None);
    }
    let rules = Rules { interface, planning, overrides: &Overrides::default() };
    let tasks = read::open(&file.path)?;
    let notes = tasks.notes();
    let loaded = load(tasks, &rules, Some(store), None).await?;
    for note in notes.all() {
        tracing::info!(file = %file.path.display(), note, "a file was read otherwise than it is written");
    }
    store.note_loaded_file(&name, &file.fingerprint).await.map_err(of_store)?;
    Ok(Some(loaded))
}

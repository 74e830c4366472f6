//! When two lines are one task.
//!
//! A project goes by one [`Rule`], which its store keeps. Under `content`, the usual one, every key
//! of a line counts, known or not: two lines that would show an annotator something different are
//! two tasks. What does not count is a closed list:
//!
//! - the names that exports of Prodigy's and annotd's have beside the task's keys
//!   (`own_keys::SYSTEM`), such as `_task_hash`; another name that begins with `_` is the task's;
//! - what an annotator says: `answer` (`accept`, `reject`, `ignore`), `flagged`, `comment` and
//!   `skip_reason`. Where a template can show what a task has under these names, they count in a
//!   line that is no answer;
//! - the keys that an answer sets, where the annotator produces what stands there: such a key of a
//!   task is a suggestion, unless it is a setting. Where the annotator only judges it, it counts,
//!   also if that is in one block of several and another one sets it;
//! - tokens that are those annotd would compute, where the interface works on tokens;
//! - what only steers annotd: `meta.gold`, `meta.priority`, `meta.requires`, and the key that names
//!   annotators.
//!
//! What counts is compared by value (`canonical`). The identity is the first 128 bits of SHA-256
//! over it, so among 10⁸ tasks the odds of two that share one are below 10⁻²². So an answer that
//! was exported loads as the task it came from.
//!
//! A hash that came with the data and does not follow from its content is a deliberate
//! statement that this is a task of its own, the customary way to ask the same thing twice: it is
//! part of the identity.
//!
//! A store keeps the edition of the rule that it was made with ([`Rule::FirstContent`]): under
//! another one, files that were loaded would be new in part.
//!
//! Rejected: a list of the keys that count. The keys a page shows depend on interface, blocks and
//! templates, and each key that is missing from the list is tasks that are dropped without a word.
//! The other way round, a key too many is a task too many, which the load counts as new and
//! all annotators see.

mod format_2;
mod own_hash;
mod rule;
#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::own_hash::GivenHashes;
pub use self::rule::Rule;
use crate::interface::suggestions::{ContentEdition, Parting, Templates};
use crate::interface::{Interface, Settings};
use crate::task::{Task, TaskId, TaskJson, Verdict, canonical, hashes, own_keys};

/// Bytes of SHA-256 that make the identity.
const BYTES: usize = 16;
impl Task {
    /// Makes a task of a JSON object as [`Identity::plain`] tells tasks apart. What stands in place
    /// of a hash and is none does not count. A project's tasks are made by its own [`Identity`].
    pub fn new(body: TaskJson) -> Self {
        let identity = Identity::plain();
        match identity.make(body.clone()) {
            Ok(made) => made.task,
            Err(_) => {
                let mut fields = body.fields();
                fields.shift_remove("_input_hash");
                fields.shift_remove("_task_hash");
                let made = identity.make(TaskJson::from_fields(&fields));
                Self { body, ..made.expect("without given hashes, nothing is wrong").task }
            }
        }
    }

    /// The same task, to be shown a second time to an annotator who has answered it. It has an
    /// identity of its own, always the same for the two.
    #[must_use]
    pub fn repeated_for(&self, annotator: &str) -> Self {
        Self { id: of_repeat(&self.id, annotator), ..self.clone() }
    }
}

/// Why a line cannot be told apart from others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// A hash that came with the data is none.
    #[error("{key} is {found}: {why}; leave it out, and annotd computes it")]
    Hash {
        /// Which.
        key: &'static str,
        /// What stands there.
        found: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The rule is a path, and nothing stands there.
    #[error(
        "the roster says identity = \"{path}\", and this line has nothing there; add it, or leave \
         the line out"
    )]
    Nothing {
        /// The path.
        path: String,
    },
    /// The rule is a path, and what stands there is neither a text nor a number.
    #[error("{path} should be a text or a number that no other task has, found {found}")]
    NotAnId {
        /// The path.
        path: String,
        /// What stands there.
        found: String,
    },
}

/// How a project tells tasks apart: its rule, and what the rule has to know of the roster.
#[derive(Clone, Debug)]
pub struct Identity {
    rule: Rule,
    interface: Interface,
    /// The path of the key that names annotators.
    names: Option<String>,
    /// The edition of `content` by which what an annotator could see is told.
    edition: ContentEdition,
    /// What the project's templates show.
    templates: Arc<Templates>,
}

/// A task that was made of a line, and what the line says besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifiedTask {
    /// The task.
    pub task: Task,
    /// What the line has that its identity does not rest on, as a digest of this process: under
    /// `content` the suggestions, else everything that an annotator could see; none if there is
    /// nothing.
    pub suggestions_hash: Option<u64>,
    /// Another identity than the task's own, if the line claims one under `_id`.
    pub claims: Option<TaskId>,
}

impl Identity {
    /// Tells tasks of this interface apart by this rule. `names` is the path of the key that names
    /// annotators, if there is one.
    pub fn new(rule: Rule, interface: Interface, names: Option<&str>) -> Self {
        let edition = match rule {
            Rule::FirstContent => ContentEdition::First,
            _ => ContentEdition::Second,
        };
        let templates = Arc::new(Templates::of_project(&interface, edition));
        Self { rule, interface, names: names.map(str::to_owned), templates, edition }
    }

    /// By `content` for an interface whose answers set nothing, as long as there is no project.
    pub fn plain() -> Self {
        let interface = Interface::new("text", Settings::default());
        Self::new(Rule::Content, interface.expect("text is an interface"), None)
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Makes a task of a line: takes over the hashes it came with, computes those that are missing,
    /// and derives its identity. The parsed form that came with the line is given up.
    ///
    /// # Errors
    /// If a hash is none, or the line has nothing under the path that the rule names.
    pub fn make(&self, body: TaskJson) -> Result<IdentifiedTask, Unidentified> {
        let value = body.value();
        let given_input = own_hash::read(&value, "_input_hash")?;
        let given_task = own_hash::read(&value, "_task_hash")?;
        let input_hash = given_input.unwrap_or_else(|| hashes::input_hash(&value));
        let task_hash = given_task.unwrap_or_else(|| hashes::task_hash(&value, input_hash));
        let (text, suggestions_hash) = match &self.rule {
            Rule::Content | Rule::FirstContent => {
                let content = self.content(&body, &value);
                let mut text = String::with_capacity(body.as_str().len());
                canonical::write_object(&mut text, &content.counts);
                let own = GivenHashes { input: given_input, task: given_task };
                own.without_following(&value, &content).write(&mut text);
                (text, digest_of(&content.suggestions))
            }
            rule => {
                let text = match rule {
                    Rule::TaskHash => format!("\ntask_hash\n{task_hash}"),
                    Rule::Path(path) => format!("\npath\n{}", id_at(&value, path)?),
                    _ => format_2::text(&value),
                };
                let mut content = self.content(&body, &value);
                content.counts.extend(content.suggestions);
                (text, digest_of(&content.counts))
            }
        };
        let id = of_text(&text);
        let claims =
            value.get("_id").and_then(Value::as_str).filter(|claimed| *claimed != id.as_str());
        let claims = claims.map(TaskId::from_text);
        drop(value);
        let body = body.without_value();
        Ok(IdentifiedTask {
            task: Task { id, input_hash, task_hash, body },
            suggestions_hash,
            claims,
        })
    }

    /// The tasks that a stored line may be: as the project makes it now, as it made it formerly,
    /// and as it would have made it before the roster named another interface.
    pub fn readings(&self, body: &TaskJson) -> impl Iterator<Item = Task> {
        let now = self.make(body.clone()).ok().map(|made| made.task);
        let others = if self.rule.is_content() { Interface::names() } else { Vec::new() };
        let editions: &[ContentEdition] = match self.rule {
            Rule::FirstContent => &[ContentEdition::First, ContentEdition::BeforeBlocks],
            _ => &[ContentEdition::Second],
        };
        let then = others.into_iter().flat_map(move |view| {
            editions.iter().filter_map(move |edition| {
                let interface = Interface::new(view, self.interface.settings().clone())?;
                let identity = Self { interface, edition: *edition, ..self.clone() };
                identity.make(body.clone()).ok().map(|made| made.task)
            })
        });
        let format_2 = (self.rule == Rule::Format2).then(|| format_2::task(body));
        now.into_iter().chain(then).chain(format_2)
    }

    /// The first key of a line whose value is not the stored task's, if there is one. `said` is
    /// what annotators have added to the task: a line may have that, too.
    pub fn difference(
        &self,
        line: &TaskJson,
        stored: &TaskJson,
        said: &[&Map<String, Value>],
    ) -> Option<String> {
        let line = self.content(line, &line.value()).counts;
        let stored = self.content(stored, &stored.value()).counts;
        let same = |a: &Value, b: &Value| canonical::text(a) == canonical::text(b);
        let said = |key: &str, value: &Value| {
            said.iter().any(|added| added.get(key).is_some_and(|added| same(added, value)))
        };
        let changed = line.iter().find(|(key, value)| match stored.get(*key) {
            _ if value.is_null() => stored.get(*key).is_some_and(|stored| !stored.is_null()),
            Some(stored) => !same(value, stored) && !said(key, value),
            // Tokens that an earlier version has computed came with the export.
            None => *key != "tokens" && !said(key, value),
        });
        let gone = || {
            stored
                .iter()
                .find(|(key, value)| !value.is_null() && line.get(*key).is_none_or(Value::is_null))
        };
        changed.or_else(gone).map(|(key, _)| key.clone())
    }

    /// What counts of a line, and what it suggests.
    fn content(&self, body: &TaskJson, value: &Map<String, Value>) -> Content {
        let mut counts = value.clone();
        let of_system = |key: &str| match self.edition {
            ContentEdition::Second => own_keys::SYSTEM.contains(&key),
            _ => key.starts_with('_'),
        };
        counts.retain(|key, value| !of_system(key) && !value.is_null());
        // What a template shows counts, unless an annotator has said it.
        let is_shown =
            self.templates.are_there() || Templates::of_task(body, self.edition).are_there();
        if !is_shown || is_answer(&counts) {
            for key in own_keys::ANNOTATORS {
                counts.shift_remove(key);
            }
        }
        let mut suggestions = Map::new();
        let how = Parting { templates: &self.templates, edition: self.edition };
        self.interface.part_suggestions(body, how, &mut counts, &mut suggestions);
        for key in own_keys::STEERING {
            remove(&mut counts, &["meta", key]);
        }
        if counts.get("meta").is_some_and(is_empty) {
            counts.shift_remove("meta");
        }
        if let Some(path) = &self.names {
            remove(&mut counts, &path.split('.').collect::<Vec<_>>());
        }
        Content { counts, suggestions }
    }
}

/// A line, taken apart.
struct Content {
    counts: Map<String, Value>,
    suggestions: Map<String, Value>,
}

/// The identity that stores of format 2 gave a task.
pub fn of_format_2(body: &TaskJson) -> TaskId {
    format_2::task(body).id
}

/// The identity under which an annotator is shown a task for the second time.
pub(super) fn of_repeat(task: &TaskId, annotator: &str) -> TaskId {
    // No content of a task begins with a line break and a word.
    of_text(&format!("\nrepeat\n{task}\n{annotator}"))
}

fn of_text(text: &str) -> TaskId {
    TaskId::from_text(&hex::encode(&Sha256::digest(text.as_bytes())[..BYTES]))
}

/// A number for what stands there, the same for the same within a process.
fn digest_of(map: &Map<String, Value>) -> Option<u64> {
    if map.is_empty() {
        return None;
    }
    let mut text = String::new();
    canonical::write_object(&mut text, map);
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    Some(hasher.finish())
}

/// Whether a line is what an annotator answered, and not only a task.
fn is_answer(task: &Map<String, Value>) -> bool {
    task.get("answer").and_then(Value::as_str).and_then(Verdict::from_text).is_some()
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.values().all(Value::is_null))
}

/// Takes away what stands at a path, and the objects around it that are empty then.
fn remove(map: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [key] => {
            map.shift_remove(*key);
        }
        [key, rest @ ..] => {
            if let Some(Value::Object(inner)) = map.get_mut(*key)
                && has(inner, rest)
            {
                remove(inner, rest);
                if inner.values().all(Value::is_null) {
                    map.shift_remove(*key);
                }
            }
        }
    }
}

fn has(map: &Map<String, Value>, path: &[&str]) -> bool {
    match path {
        [] => false,
        [key] => map.contains_key(*key),
        [key, rest @ ..] => {
            map.get(*key).and_then(Value::as_object).is_some_and(|map| has(map, rest))
        }
    }
}

/// The text or number at a path, as text: a table has `"7"` where JSON has `7`.
fn id_at(task: &Map<String, Value>, path: &str) -> Result<String, Unidentified> {
    let mut keys = path.split('.');
    let first = keys.next().and_then(|key| task.get(key));
    match keys.try_fold(first, |value, key| Some(value?.get(key))).flatten() {
        None | Some(Value::Null) => Err(Unidentified::Nothing { path: path.to_owned() }),
        Some(Value::String(text)) if text.trim().is_empty() => {
            Err(Unidentified::Nothing { path: path.to_owned() })
        }
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(canonical::number(number)),
        Some(other) => {
            Err(Unidentified::NotAnId { path: path.to_owned(), found: other.to_string() })
        }
    }
}

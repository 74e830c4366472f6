//! annotd: one daemon for a team that annotates.
//!
//! Each annotator has a port of their own, behind which a page shows tasks and takes answers. All
//! ports ask one allocator, which gives every task to as many different annotators as the roster
//! wants. Tasks and answers are in one store, a file of SQLite or MongoDB.
//!
//! This is a program; the library is there for its tests and benchmarks. `docs/architecture.md`
//! draws the rooms (the modules below) and lists which of them may import which; `docs/glossary.md`
//! has the words. The rooms without input and output are the place to begin:
//!
//! - [`roster`]: the text of `annotators.toml`, or every mistake in it with its place;
//! - [`task`]: a task, its identity, its tokens; answers, and what an interface accepts;
//! - [`allocation`]: which annotator gets which task, as pure functions.
//!
//! # Examples
//!
//! A roster is read whole. What is wrong with it comes with a place and a remedy:
//!
//! ```
//! use annotd::roster;
//!
//! let text = r#"
//! [project]
//! name = "newsroom"
//! interface = "clasification" # typos: ignore
//! labels = ["PROTEST"]
//!
//! [[annotator]]
//! name = "andy"
//! port = 9010
//! "#;
//! let mistakes = roster::read(text, &["classification", "text"]).expect_err("a misspelt name");
//! assert_eq!(mistakes.len(), 1);
//! let (line, _column) = mistakes[0].line_column(text);
//! assert_eq!(line, 4);
//! let explained = roster::explain(&mistakes, text, "annotators.toml", false);
//! assert!(explained.contains("did you mean \"classification\"?"));
//! ```
//!
//! A task is planned once, when it is loaded. Here two of three annotators are named for it, and
//! the next task goes to those who have had less:
//!
//! ```
//! use annotd::allocation::mixture::Mixture;
//! use annotd::allocation::{
//!     AllocationCounters, AnnotatorProfile, AnswersWanted, Lane, Overrides, PlanPolicy, Planner,
//!     Route, Split, WhenShort,
//! };
//! use annotd::task::{TaskJson, Task};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = PlanPolicy {
//!     answers: AnswersWanted::Mixture(Mixture::each(2)?),
//!     split: Split::Exact,
//!     route: Route::Balanced,
//!     average: Some(2.0),
//!     assign_field: None,
//!     when_short: WhenShort::Hold,
//!     seed: 7,
//!     people: ["andy", "mara", "li"].map(AnnotatorProfile::new).to_vec(),
//! };
//! let mut planner = Planner::new(policy, &AllocationCounters::default());
//! let mut named = |text: &str| -> Result<Vec<Lane>, Box<dyn std::error::Error>> {
//!     let task = Task::new(TaskJson::parse(text)?);
//!     Ok(planner.plan(&Overrides::default(), &task)?.lanes)
//! };
//! let first = named(r#"{"text":"Thousands march."}"#)?;
//! let second = named(r#"{"text":"Shops close."}"#)?;
//! assert_eq!(first.len(), 2);
//! assert_ne!(first, second, "the third annotator comes before either has two");
//! # Ok(())
//! # }
//! ```

pub mod agreement;
pub mod allocation;
pub mod allocator;
pub mod backup;
pub mod cli;
pub mod config;
pub mod export;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod interface;
pub mod lead;
pub mod listener;
pub mod logging;
pub mod media;
#[cfg(test)]
#[path = "../tests/common/outside_data.rs"]
mod outside_data;
pub mod planning;
pub mod roster;
pub mod simulation;
pub mod store;
pub mod supervisor;
pub mod task;
pub mod verify;

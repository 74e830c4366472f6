//! The roster: `annotators.toml`, in which a lead says who annotates what, where and how.
//!
//! [`read`] turns the text of the file into a [`Roster`], or into *all* of its mistakes: a file for
//! eight people should not take eight checks. Each [`Diagnostic`] has its place in the text and a
//! remedy, if there is one; [`explain`] prints them as a compiler would. [`read_partly`] ignores
//! mistakes that do not matter to a command. [`RosterDiff`] has what differs between two rosters,
//! for the daemon that applies an edited file while it runs.
//!
//! How it works: the text is parsed into a tree whose every key and value knows its place
//! (`toml::de::DeTable`). One file per table of the roster walks over its part with a `Reader`,
//! which checks types, notes places and collects problems. A value that is wrong is replaced by its
//! default and the walk goes on, so that one mistake hides no other.
//!
//! The room is pure: it opens no files, looks up no addresses and reads no environment. What only
//! the outside can tell (whether a file is there, a port free) is reported by the caller with a
//! [`Diagnostic`] of its own, at the place that [`Located`] or [`Roster::place`] gives.
//!
//! Rejected: deriving the structs with serde. It stops at the first mistake, and its messages speak
//! of types, not of rosters. Also a validation pass over finished structs: by then the places are
//! lost.

mod allocation;
mod annotators;
mod diagnostic;
mod diff;
mod duration;
mod interfaces;
mod media_origins;
mod page_settings;
mod partial;
mod project;
mod reader;
mod renamed;
mod schema;
mod server;
mod settings;
mod source_positions;
mod suggest;
mod syntax;

pub use annotators::LEAD_NAME;
pub use diagnostic::{Diagnostic, explain, line_column};
pub use diff::{RosterDiff, Setting};
pub use partial::NeededPart;
pub use server::{StoreKind, store_kind};
pub use settings::{
    Access, Annotations, Annotator, Disagreement, Lead, Project, Repeat, Roster, Rules, Server,
    Share, StoreSettings,
};
pub use source_positions::{Located, Places};

use reader::Reader;

/// Reads the text of a roster.
///
/// `known_interfaces` are the interfaces (`view_id`) that this build can show; others are refused.
///
/// # Errors
///
/// All mistakes, in the order of the text, never empty. Every place lies inside the text and on
/// character boundaries. A mistake that makes the rest of the text unreadable as TOML (a bracket
/// that is never closed, say) is reported alone, because any other message would be a guess.
pub fn read(text: &str, known_interfaces: &[&str]) -> Result<Roster, Vec<Diagnostic>> {
    match walk(text, known_interfaces) {
        (Some(roster), mistakes) if mistakes.is_empty() => Ok(roster),
        (_, mistakes) => Err(mistakes),
    }
}

/// Reads the text of a roster for a command that needs only a part of it. Returns the roster and
/// the mistakes that the command may ignore; values with a mistake have their defaults.
///
/// # Errors
///
/// All mistakes, as [`read`] returns them, if one of them may concern the needed part.
pub fn read_partly(
    text: &str,
    known_interfaces: &[&str],
    needed: NeededPart,
) -> Result<(Roster, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (roster, mistakes) = walk(text, known_interfaces);
    let can_ignore = |mistake: &Diagnostic| partial::can_ignore(text, mistake, needed);
    match roster {
        Some(roster) if mistakes.iter().all(can_ignore) && !roster.project.name.is_empty() => {
            Ok((roster, mistakes))
        }
        _ => Err(mistakes),
    }
}

/// The roster, unless the text is unreadable as TOML, and all its mistakes.
fn walk(text: &str, known_interfaces: &[&str]) -> (Option<Roster>, Vec<Diagnostic>) {
    let (document, mistakes) = syntax::parse(text);
    let mut reader = Reader::new();
    let mut problems = mistakes.problems;
    let mut roster = None;
    if mistakes.readable {
        let top = reader.document(document.get_ref());
        let project = project::read(&mut reader, &top, known_interfaces);
        let store = server::read_store(&mut reader, &top);
        let server = server::read_server(&mut reader, &top);
        let lead = server::read_lead(&mut reader, &top);
        let annotators = annotators::read(&mut reader, &top, lead);
        let allocation = allocation::read(&mut reader, &top, &annotators);
        let (found, places) = reader.finish();
        roster = Some(Roster { project, store, server, allocation, lead, annotators, places });
        // A line that cannot be read has its message already.
        let unread = |p: &Diagnostic| !mistakes.lines.contains(&syntax::line_start(text, p));
        let more: Vec<_> = found.into_iter().filter(unread).collect();
        problems.extend(more);
    }
    for problem in &mut problems {
        problem.fit(text);
    }
    problems.sort_by_key(|p| (p.at.start, p.at.end));
    (roster, problems)
}

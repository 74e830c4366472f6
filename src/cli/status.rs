//! `annotd status`: how far everybody has come.
//!
//! The daemon that runs is asked first: it knows how the listeners are, and its figures cost the
//! store nothing. Where none answers, or one that is about something else, the figures come from
//! the store.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use comfy_table::CellAlignment;
use serde_json::Value;

use super::daemon_client::{self, NoWord};
use super::roster_file::Chosen;
use super::{Failure, block_on, roster_file, terminal};
use crate::allocator;
use crate::config::{policies, public_url};
use crate::http::auth;
use crate::lead::quality;
use crate::lead::status::{AnnotatorStatus, ListenerState, ListenerStatus, Status, StatusSnapshot};
use crate::roster::Access;
use crate::store;
use crate::task::Millis;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd status --json\n\nThe daemon that runs is asked, at the \
                        lead's port; where none answers, the store."
)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What the daemon says: as it says it, and as far as it is understood here.
struct Told {
    value: Value,
    status: Status,
    /// What to say besides.
    note: Option<String>,
}

/// Why the daemon's word is not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error(transparent)]
    NoWord(#[from] NoWord),
    #[error("The annotd at {address} is about the project {theirs:?}, not {ours:?}")]
    OtherProject { address: String, theirs: String, ours: String },
    #[error("The annotd at {address} has its store at {theirs}, this roster at {ours}")]
    OtherStore { address: String, theirs: String, ours: String },
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let (value, status, note) = block_on(async {
        match ask_daemon(&file).await? {
            Ok(told) => Ok((Some(told.value), told.status, told.note)),
            Err(why) => {
                let status = from_the_store(&file).await?;
                Ok((None, status, Some(format!("{why}; these figures are from the store."))))
            }
        }
    })?;
    if arguments.json {
        match value {
            Some(value) => terminal::print_json(&value)?,
            None => terminal::print_json(&status)?,
        }
    } else {
        print(&status, (allocator::system_clock())())?;
    }
    if let Some(note) = note {
        terminal::say(note);
    }
    Ok(())
}

async fn ask_daemon(file: &Chosen) -> Result<Result<Told, NotTaken>, Failure> {
    let address = daemon_client::lead_address(&file.roster);
    let key = lead_key(file).await?;
    let value = match daemon_client::ask_lead(file, "/api/status", key.as_deref()).await {
        Ok(value) => value,
        Err(why) => return Ok(Err(why.into())),
    };
    let Ok(status) = serde_json::from_value::<Status>(value.clone()) else {
        return Ok(Err(NoWord::Stranger(address).into()));
    };
    let project = &file.roster.project.name;
    if status.project != *project {
        let (theirs, ours) = (status.project, project.clone());
        return Ok(Err(NotTaken::OtherProject { address, theirs, ours }));
    }
    let ours = store::location_of(&file.store_url()?, file.base_dir());
    let theirs = status.store.place.clone();
    if theirs == ours {
        return Ok(Ok(Told { value, status, note: None }));
    }
    // A service has its store's URL from a place that this command may not read. If the roster's
    // own store has never been made, nobody means that one.
    if file.store_is_made_later()? {
        let note =
            Some(format!("The daemon has its store at {theirs}, not at the roster's {ours}."));
        return Ok(Ok(Told { value, status, note }));
    }
    Ok(Err(NotTaken::OtherStore { address, theirs, ours }))
}

/// The lead's key, if one is needed and has been made.
async fn lead_key(file: &Chosen) -> Result<Option<String>, Failure> {
    if file.roster.server.access() == Access::Open || file.store_is_made_later()? {
        return Ok(None);
    }
    // Without the store there is no key: then the daemon's answer is that one is needed.
    let Ok(store) = file.open_store_to_read().await else { return Ok(None) };
    let keys = store.keys().await;
    store.close().await;
    Ok(keys.ok().and_then(|mut keys| keys.remove(auth::LEAD_KEY_OWNER)))
}

async fn from_the_store(file: &Chosen) -> Result<Status, Failure> {
    let roster = &file.roster;
    let store = file.open_store_to_read().await?;
    let progress = store.stats().await?;
    let checks = if progress.checks > 0 {
        quality::count(&*store, &policies::store_policy(roster).rule).await?
    } else {
        BTreeMap::new()
    };
    store.close().await;
    let now = (allocator::system_clock())();
    let snapshot = StatusSnapshot {
        kind: store.engine(),
        place: store::location_of(&file.store_url()?, file.base_dir()),
        store_error: None,
        progress,
        as_of: Some(now),
        quality: checks,
    };
    let listeners = roster
        .annotators
        .iter()
        .map(|annotator| ListenerStatus {
            name: annotator.name.clone(),
            display: annotator.display_name().to_owned(),
            port: annotator.port,
            url: public_url::for_port(&roster.server, &annotator.name, annotator.port),
            state: if annotator.active { ListenerState::Unknown } else { ListenerState::Paused },
            active: annotator.active,
            restarts: 0,
            detail: None,
        })
        .collect();
    let interface = policies::interface(roster).name();
    let project = &roster.project.name;
    Ok(Status::new(project, interface, &snapshot, listeners, Vec::new(), None, now))
}

fn print(status: &Status, now: Millis) -> Result<(), Failure> {
    let checked = status
        .annotators
        .iter()
        .any(|line| line.checks.gold.answered + line.checks.repeats.answered > 0);
    let mut head =
        vec!["annotator", "port", "state", "answered", "in hand", "left", "seconds per task"];
    if checked {
        head.extend(["gold right", "repeats the same"]);
    }
    head.push("last seen");
    let mut table = terminal::table(head);
    for line in &status.annotators {
        let mut row = vec![
            line.name.clone(),
            line.port.to_string(),
            state_in_words(line, now).to_owned(),
            line.answered.to_string(),
            line.in_hand.to_string(),
            line.left.to_string(),
            line.seconds_per_task.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        ];
        if checked {
            row.extend([line.checks.gold.in_words(), line.checks.repeats.in_words()]);
        }
        row.push(ago(line.last_seen.as_deref(), now));
        table.add_row(row);
    }
    for column in (1..table.column_count().saturating_sub(1)).filter(|column| *column != 2) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    terminal::print(&table)?;
    let total = &status.total;
    let mut line = format!(
        "{}: {} of {} answers, {} of {} tasks finished, {} in hand",
        status.project, total.answers, total.wanted, total.finished, total.tasks, total.in_hand
    );
    if let Some(eta) = &total.eta {
        line = format!("{line}, done about {eta} at this pace");
    }
    terminal::print(line)?;
    let from = match &status.as_of {
        Some(as_of) => format!("These figures are from {as_of} ({}).", ago(Some(as_of), now)),
        None => "There are no figures yet.".to_owned(),
    };
    if status.store.state != "ok" {
        let detail = status.store.detail.as_deref().unwrap_or_default();
        terminal::print(format!("The store is away: {detail}. {from}"))?;
    } else if status.as_of.is_none() {
        terminal::print(from)?;
    }
    status.problems.iter().try_for_each(terminal::print)
}

/// How long after their last answer an annotator counts as working; one text may take long.
const PRESENT_MS: i64 = 300_000;

/// An annotator's state, in the words of the dashboard (src/web/lead/main.js).
fn state_in_words(line: &AnnotatorStatus, now: Millis) -> &str {
    let last_seen = line.last_seen.as_deref();
    let at = last_seen.and_then(|then| then.parse::<jiff::Timestamp>().ok());
    match &*line.state {
        "away" => "not active",
        "left" => "has left",
        "listening" => match at {
            _ if line.left == 0 && line.in_hand == 0 => "done",
            None => "not yet seen",
            Some(at) if now.0 - at.as_millisecond() < PRESENT_MS => "working",
            Some(_) => "away",
        },
        // Down, or unknown where no daemon was asked.
        other => other,
    }
}

/// How long ago something was, as the dashboard says it; nothing if it never was.
fn ago(then: Option<&str>, now: Millis) -> String {
    let Some(then) = then else { return String::new() };
    let Ok(at) = then.parse::<jiff::Timestamp>() else { return then.to_owned() };
    let seconds = now.since(Millis(at.as_millisecond())).as_secs();
    // Rounded to the nearest, as `ago` in src/web/lead/format.js.
    match seconds {
        0..45 => "now".to_owned(),
        45..5_400 => format!("{} min ago", ((seconds + 30) / 60).max(1)),
        5_400..129_600 => format!("{} h ago", (seconds + 1_800) / 3_600),
        _ => format!("{} days ago", (seconds + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_as_on_the_dashboard() {
        let now = Millis(1_777_636_800_000); // 2026-05-01T12:00:00Z
        assert_eq!(ago(None, now), "");
        assert_eq!(ago(Some("2026-05-01T11:59:50Z"), now), "now");
        assert_eq!(ago(Some("2026-05-01T11:30:00Z"), now), "30 min ago");
        assert_eq!(ago(Some("2026-05-01T07:00:00Z"), now), "5 h ago");
        assert_eq!(ago(Some("2026-04-21T12:00:00Z"), now), "10 days ago");
    }
}

//! `annotd status`: progress by annotator, and the project's totals.
//!
//! The running daemon is asked first: it knows the state of the listeners, and its stats cost the
//! store nothing. If no daemon answers, or one with another project or store, the stats are read
//! from the store.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use comfy_table::CellAlignment;
use serde_json::Value;

use super::daemon_client::{self, DaemonError};
use super::selected_roster::SelectedRoster;
use super::{CommandError, block_on, selected_roster, terminal};
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
    after_help = "Example:\n  annotd status\n  annotd status --json\n\nThe running daemon is asked, at \
                  the lead's port. If no daemon answers, the store is read."
)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The daemon's reply: as JSON, and as far as this version knows its keys.
struct DaemonReply {
    value: Value,
    status: Status,
    /// A message for people.
    note: Option<String>,
}

/// Why the daemon's reply is not used.
#[derive(Debug, thiserror::Error)]
enum DaemonNotUsed {
    #[error(transparent)]
    NoReply(#[from] DaemonError),
    #[error("The annotd at {address} runs the project {theirs:?}, not {ours:?}")]
    OtherProject { address: String, theirs: String, ours: String },
    #[error("The annotd at {address} has its store at {theirs}, and this roster at {ours}")]
    OtherStore { address: String, theirs: String, ours: String },
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let (value, status, note) = block_on(async {
        match ask_daemon(&file).await? {
            Ok(reply) => Ok((Some(reply.value), reply.status, reply.note)),
            Err(why) => {
                let status = from_the_store(&file).await?;
                Ok((None, status, Some(format!("{why}; these numbers are from the store."))))
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
        terminal::message(note);
    }
    Ok(())
}

async fn ask_daemon(
    file: &SelectedRoster,
) -> Result<Result<DaemonReply, DaemonNotUsed>, CommandError> {
    let address = daemon_client::lead_address(&file.roster);
    let key = lead_key(file).await?;
    let value = match daemon_client::get_from_lead(file, "/api/status", key.as_deref()).await {
        Ok(value) => value,
        Err(why) => return Ok(Err(why.into())),
    };
    let Ok(status) = serde_json::from_value::<Status>(value.clone()) else {
        return Ok(Err(DaemonError::NotAnnotd(address).into()));
    };
    let project = &file.roster.project.name;
    if status.project != *project {
        let (theirs, ours) = (status.project, project.clone());
        return Ok(Err(DaemonNotUsed::OtherProject { address, theirs, ours }));
    }
    let ours = store::location_of(&file.store_url()?, file.base_dir());
    let theirs = status.store.place.clone();
    if theirs == ours {
        return Ok(Ok(DaemonReply { value, status, note: None }));
    }
    // A service may take its store's URL from a place that this command cannot read. The roster's
    // own store cannot be meant if it was never made.
    if file.store_is_made_later()? {
        let note =
            Some(format!("The daemon has its store at {theirs}, not at the roster's {ours}."));
        return Ok(Ok(DaemonReply { value, status, note }));
    }
    Ok(Err(DaemonNotUsed::OtherStore { address, theirs, ours }))
}

/// The lead's key, if keys are on and it was made.
async fn lead_key(file: &SelectedRoster) -> Result<Option<String>, CommandError> {
    if file.roster.server.access() == Access::Open || file.store_is_made_later()? {
        return Ok(None);
    }
    // Without the store there is no key, and the daemon's reply will be that it needs one.
    let Ok(store) = file.open_store_to_read().await else { return Ok(None) };
    let keys = store.keys().await;
    store.close().await;
    Ok(keys.ok().and_then(|mut keys| keys.remove(auth::LEAD_KEY_OWNER)))
}

async fn from_the_store(file: &SelectedRoster) -> Result<Status, CommandError> {
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

fn print(status: &Status, now: Millis) -> Result<(), CommandError> {
    let checked = status
        .annotators
        .iter()
        .any(|line| line.checks.gold.answered + line.checks.repeats.answered > 0);
    let mut head = vec![
        "annotator",
        "port",
        "state",
        "answered",
        "being worked on",
        "left",
        "seconds per task",
    ];
    if checked {
        head.extend(["gold correct", "same answer on repeats"]);
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
        "{}: {} of {} answers, {} of {} tasks finished, {} being worked on",
        status.project, total.answers, total.wanted, total.finished, total.tasks, total.in_hand
    );
    if let Some(end) = total.eta.as_deref().and_then(|eta| end(eta, now)) {
        line = format!("{line}, done {end} at this pace");
    }
    if let Some(at) = status.as_of.as_deref().and_then(parse) {
        line = format!("{line} (as of {})", at.strftime("%H:%M:%S UTC"));
    }
    terminal::print(line)?;
    let from = match &status.as_of {
        Some(as_of) => format!("These numbers are as of {as_of} ({}).", ago(Some(as_of), now)),
        None => "There are no numbers yet.".to_owned(),
    };
    if status.store.state != "ok" {
        let detail = status.store.detail.as_deref().unwrap_or_default();
        terminal::print(format!("The store cannot be reached: {detail}. {from}"))?;
    } else if status.as_of.is_none() {
        terminal::print(from)?;
    }
    status.problems.iter().try_for_each(terminal::print)
}

/// For how long after an answer an annotator counts as working; one text may take long.
const PRESENT_MS: i64 = 300_000;

/// An annotator's state, in the words of the dashboard (src/web/lead/main.js).
fn state_in_words(line: &AnnotatorStatus, now: Millis) -> &str {
    let at = line.last_seen.as_deref().and_then(parse);
    match &*line.state {
        "away" => "not active",
        "left" => "has left",
        "listening" => match at {
            _ if line.left == 0 && line.in_hand == 0 => "done",
            None => "not yet seen",
            Some(at) if now.0 - at.as_millisecond() < PRESENT_MS => "working",
            Some(_) => "away",
        },
        // Down, or unknown if no daemon was asked.
        other => other,
    }
}

fn parse(time: &str) -> Option<jiff::Timestamp> {
    time.parse().ok()
}

/// When the work will be done, if it goes on as now; as `end` in src/web/lead/format.js, in UTC.
fn end(eta: &str, now: Millis) -> Option<String> {
    let at = parse(eta)?;
    let minutes = (at.as_millisecond() - now.0 + 30_000) / 60_000;
    match minutes {
        ..0 => None,
        0..60 => Some(format!("in about {} min", minutes.max(1))),
        60..1_200 => Some(format!("at about {}", at.strftime("%H:%M UTC"))),
        _ => Some(format!("on about {}", at.strftime("%Y-%m-%d"))),
    }
}

/// How long ago a time was, in the words of the dashboard; empty without a time.
fn ago(then: Option<&str>, now: Millis) -> String {
    let Some(then) = then else { return String::new() };
    let Some(at) = parse(then) else { return then.to_owned() };
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
    fn the_end_is_in_minutes_then_a_time_then_a_date() {
        let now = Millis(1_777_636_800_000); // 2026-05-01T12:00:00Z
        let cases = [
            ("2026-05-01T11:00:00Z", None),
            ("2026-05-01T12:00:05Z", Some("in about 1 min")),
            ("2026-05-01T12:02:10.63Z", Some("in about 2 min")),
            ("2026-05-01T15:04:00Z", Some("at about 15:04 UTC")),
            ("2026-05-04T12:00:00Z", Some("on about 2026-05-04")),
            ("soon", None),
        ];
        for (eta, words) in cases {
            assert_eq!(end(eta, now).as_deref(), words, "{eta}");
        }
    }

    #[test]
    fn times_are_in_the_words_of_the_dashboard() {
        let now = Millis(1_777_636_800_000); // 2026-05-01T12:00:00Z
        assert_eq!(ago(None, now), "");
        assert_eq!(ago(Some("2026-05-01T11:59:50Z"), now), "now");
        assert_eq!(ago(Some("2026-05-01T11:30:00Z"), now), "30 min ago");
        assert_eq!(ago(Some("2026-05-01T07:00:00Z"), now), "5 h ago");
        assert_eq!(ago(Some("2026-04-21T12:00:00Z"), now), "10 days ago");
    }
}

//! The status of the project: one shape for the dashboard, `/api/status` and `annotd status
//! --json`. `annotd status` also reads the status of an older daemon, so a new key needs a default.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::quality::AnnotatorQuality;
use crate::store::{ProjectStats, StoreEngine};
use crate::task::Millis;

/// The status.
#[derive(Debug, Deserialize, Serialize)]
pub struct Status {
    /// The project's name.
    pub project: String,
    /// Its interface.
    pub interface: String,
    /// annotd's version.
    pub version: Cow<'static, str>,
    /// When the daemon started, RFC 3339; none if no daemon was asked.
    pub started_at: Option<String>,
    /// When the stats were read, RFC 3339: a moment ago, or before the store went away; `None` if
    /// they were never read.
    #[serde(default)]
    pub as_of: Option<String>,
    /// The store.
    pub store: StoreState,
    /// The project's stats.
    pub total: Total,
    /// Each annotator's.
    pub annotators: Vec<AnnotatorStatus>,
    /// What the lead should know, in words.
    pub problems: Vec<String>,
}

/// The state of the store.
#[derive(Debug, Deserialize, Serialize)]
pub struct StoreState {
    /// `sqlite` or `mongodb`.
    pub kind: Cow<'static, str>,
    /// Where it is, without credentials; a file with its whole path.
    #[serde(default)]
    pub place: String,
    /// `ok` or `away`.
    pub state: Cow<'static, str>,
    /// Its error when it is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The project's figures.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Total {
    /// Tasks admitted.
    pub tasks: u64,
    /// Tasks of which nothing more is wanted.
    pub finished: u64,
    /// Answers that count.
    pub answers: u64,
    /// Answers wanted in all.
    pub wanted: u64,
    /// Leases, one for each holder of a task.
    pub in_hand: u64,
    /// Unfinished tasks that want more answers than active annotators may give.
    pub short: u64,
    /// The estimated end at the pace of the last hour, RFC 3339.
    pub eta: Option<String>,
}

/// One annotator's line.
#[derive(Debug, Deserialize, Serialize)]
pub struct AnnotatorStatus {
    /// Their name.
    pub name: String,
    /// Their name for people.
    pub display: String,
    /// Their port.
    pub port: u16,
    /// The address to bookmark.
    pub url: String,
    /// A [`ListenerState`]: `listening`, `down`, `away` (not active), `left` (removed from the
    /// roster; the port still takes unsent answers), or `unknown` if no daemon was asked.
    pub state: Cow<'static, str>,
    /// An explanation of the state, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How often the listener was started again after it had failed.
    #[serde(default)]
    pub restarts: u64,
    /// Answers that count.
    pub answered: u64,
    /// Answers that came too late.
    pub late: u64,
    /// Ignores that are no answers.
    pub skipped: u64,
    /// How right they are on gold tasks, and how consistent on repeats.
    pub checks: AnnotatorQuality,
    /// Leased tasks.
    pub in_hand: u64,
    /// Tasks left: those that name the annotator, and an even share of the rest.
    pub left: u64,
    /// When their last answer was given, RFC 3339.
    pub last_seen: Option<String>,
    /// The mean time from shown to answered, without breaks.
    pub seconds_per_task: Option<f64>,
}

/// Whether an annotator's port listens, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerState {
    /// It is bound, and its server runs.
    Listening,
    /// It is not bound; binding is retried.
    Down,
    /// The roster has the annotator as not active.
    Paused,
    /// The annotator was removed from the roster; the port still takes unsent answers.
    Removed,
    /// No daemon was asked.
    Unknown,
}

impl ListenerState {
    /// The wire value, which is older than these names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Down => "down",
            Self::Paused => "away",
            Self::Removed => "left",
            Self::Unknown => "unknown",
        }
    }
}

/// What the roster says of one annotator, and how their port is.
#[derive(Clone, Debug)]
pub struct ListenerStatus {
    /// Their name.
    pub name: String,
    /// Their name for people.
    pub display: String,
    /// Their port.
    pub port: u16,
    /// The address to bookmark.
    pub url: String,
    /// Whether the port listens, and if not, why.
    pub state: ListenerState,
    /// Whether they get tasks.
    pub active: bool,
    /// How often the listener was started again after it had failed.
    pub restarts: u64,
    /// An explanation of the state, in words.
    pub detail: Option<String>,
}

/// Reloads since the start, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// The new roster is in force.
    pub applied: u64,
    /// The roster was rejected, and the previous one stayed in force.
    pub refused: u64,
}

/// The store's state and stats, as read for one request.
#[derive(Clone, Debug)]
pub struct StatusSnapshot {
    /// Which engine.
    pub kind: StoreEngine,
    /// Where, without credentials.
    pub place: String,
    /// The store's error, if it does not respond: then the stats are the last known ones.
    pub store_error: Option<String>,
    /// The project's figures.
    pub progress: ProjectStats,
    /// When they were read; none if they have never been.
    pub as_of: Option<Millis>,
    /// Each annotator's checks.
    pub quality: BTreeMap<String, AnnotatorQuality>,
}

/// An annotator seen within this time counts for the estimate of the end.
const RECENTLY: Duration = Duration::from_secs(60 * 60);

impl Status {
    /// Builds the status from its sources.
    pub fn new(
        project: &str,
        interface: &str,
        snapshot: &StatusSnapshot,
        listeners: Vec<ListenerStatus>,
        mut problems: Vec<String>,
        started_at: Option<Millis>,
        now: Millis,
    ) -> Self {
        let StatusSnapshot { progress, quality, .. } = snapshot;
        if progress.short > 0 {
            let (tasks, want) = if progress.short == 1 {
                ("task wants", "it waits")
            } else {
                ("tasks want", "they wait")
            };
            problems.push(format!(
                "{} {tasks} more answers than there are annotators who may give them; {want} until \
                 an annotator with the right tags is added, or an inactive one comes back",
                progress.short
            ));
        }
        for listener in &listeners {
            if let (ListenerState::Down, Some(detail)) = (listener.state, &listener.detail) {
                let ListenerStatus { name, port, .. } = listener;
                problems.push(format!(
                    "{name}'s port {port} is down: {detail}. It will be retried automatically."
                ));
            }
        }
        let people = listeners.iter().filter(|listener| listener.active).count();
        let annotators = listeners
            .into_iter()
            .map(|listener| {
                let quality = quality.get(&listener.name).copied().unwrap_or_default();
                line(listener, progress, people, quality)
            })
            .collect();
        Self {
            project: project.to_owned(),
            interface: interface.to_owned(),
            version: env!("CARGO_PKG_VERSION").into(),
            started_at: started_at.map(|at| at.to_string()),
            as_of: snapshot.as_of.map(|at| at.to_string()),
            store: StoreState {
                kind: snapshot.kind.as_str().into(),
                place: snapshot.place.clone(),
                state: if snapshot.store_error.is_none() { "ok" } else { "away" }.into(),
                detail: snapshot.store_error.clone(),
            },
            total: Total {
                tasks: progress.tasks,
                finished: progress.finished,
                answers: progress.answers,
                wanted: progress.wanted,
                in_hand: progress.held,
                short: progress.short,
                eta: eta(progress, now).map(|at| at.to_string()),
            },
            annotators,
            problems,
        }
    }
}

fn line(
    listener: ListenerStatus,
    progress: &ProjectStats,
    people: usize,
    quality: AnnotatorQuality,
) -> AnnotatorStatus {
    let share = progress.annotators.get(&listener.name).cloned().unwrap_or_default();
    let left =
        if listener.active { progress.left_for(&listener.name, people) } else { share.named };
    AnnotatorStatus {
        answered: share.answered,
        late: share.late,
        skipped: share.skipped,
        checks: quality,
        in_hand: share.held,
        left,
        last_seen: share.last_seen.map(|at| at.to_string()),
        seconds_per_task: mean_seconds(share.worked_ms, share.timed),
        name: listener.name,
        display: listener.display,
        port: listener.port,
        url: listener.url,
        state: listener.state.as_str().into(),
        detail: listener.detail,
        restarts: listener.restarts,
    }
}

#[allow(clippy::cast_precision_loss)] // milliseconds of work and counts of answers are far below 2⁵³
fn mean_seconds(worked_ms: u64, timed: u64) -> Option<f64> {
    (timed > 0).then(|| (worked_ms as f64 / timed as f64 / 100.0).round() / 10.0)
}

/// The estimated end, if the annotators who worked lately continue at their pace.
fn eta(progress: &ProjectStats, now: Millis) -> Option<Millis> {
    let left = progress.wanted.saturating_sub(progress.answers);
    if left == 0 {
        return None;
    }
    let paces = progress.annotators.values().filter_map(|share| {
        let recent = share.last_seen.is_some_and(|seen| now.since(seen) < RECENTLY);
        let seconds = mean_seconds(share.worked_ms, share.timed).filter(|_| recent)?;
        (seconds > 0.0).then(|| seconds.recip())
    });
    let per_second: f64 = paces.sum();
    if per_second <= 0.0 {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // answers are counted far below 2⁵³
    let rest = Duration::try_from_secs_f64(left as f64 / per_second).ok()?;
    Some(now + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AnnotatorStats;

    #[test]
    fn the_end_is_estimated_from_those_at_work() {
        let now = Millis(10_000_000);
        let share = |seen| AnnotatorStats {
            answered: 10,
            last_seen: Some(Millis(seen)),
            worked_ms: 20_000,
            timed: 10,
            ..AnnotatorStats::default()
        };
        let mut progress = ProjectStats { wanted: 120, answers: 20, ..ProjectStats::default() };
        progress.annotators.insert("a".into(), share(9_999_000));
        progress.annotators.insert("gone".into(), share(0));
        // A hundred answers at two seconds each.
        assert_eq!(eta(&progress, now), Some(Millis(10_200_000)));
        progress.annotators.insert("b".into(), share(9_999_000));
        assert_eq!(eta(&progress, now), Some(Millis(10_100_000)));
        progress.answers = 120;
        assert_eq!(eta(&progress, now), None);
    }
}

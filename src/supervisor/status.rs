//! The daemon's status, as the lead's port and systemd show it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::lead::DaemonStatusSource;
use crate::lead::status::{ListenerState, ListenerStatus, Reloads};
use crate::task::Millis;

/// The daemon's status.
#[derive(Default)]
pub(super) struct DaemonStatus(Mutex<State>);

#[derive(Default)]
struct State {
    listeners: Vec<ListenerStatus>,
    lead_down_reason: Option<String>,
    loading: Vec<String>,
    rejected: Option<RejectedReload>,
    reloads: Reloads,
}

/// The outcome of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReloadOutcome {
    /// The new roster is in force. What has changed, in words.
    Applied { changes: Vec<String> },
    /// The previous roster stays in force.
    Rejected(RejectedReload),
}

/// A roster that was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RejectedReload {
    pub(super) at: Millis,
    /// The mistakes, a line for each: `file:line:column: what (what to do)`.
    pub(super) mistakes: Vec<String>,
    /// The same as a compiler would show them.
    pub(super) explanation: String,
}

impl DaemonStatus {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_listeners(
        &self,
        listeners: Vec<ListenerStatus>,
        lead_down_reason: Option<&str>,
    ) {
        let mut state = self.state();
        state.listeners = listeners;
        state.lead_down_reason = lead_down_reason.map(str::to_owned);
    }

    pub(super) fn set_loading_problems(&self, problems: Vec<String>) {
        self.state().loading = problems;
    }

    /// Records the outcome of a reload; a rejected roster stays in the status until the next one.
    pub(super) fn record_reload(&self, outcome: ReloadOutcome) {
        let mut state = self.state();
        match outcome {
            ReloadOutcome::Applied { .. } => {
                state.rejected = None;
                state.reloads.applied += 1;
            }
            ReloadOutcome::Rejected(rejected) => {
                state.rejected = Some(rejected);
                state.reloads.refused += 1;
            }
        }
    }

    /// One line for systemd.
    pub(super) fn summary(&self) -> String {
        let state = self.state();
        let listening =
            state.listeners.iter().filter(|l| l.state == ListenerState::Listening).count();
        let mut parts = vec![match listening {
            1 => "Serving 1 annotator".to_owned(),
            n => format!("Serving {n} annotators"),
        }];
        for listener in
            state.listeners.iter().filter(|listener| listener.state == ListenerState::Down)
        {
            let reason = listener.detail.as_deref().unwrap_or("it failed");
            parts.push(format!("{}'s port {} is down: {reason}", listener.name, listener.port));
        }
        if let Some(reason) = &state.lead_down_reason {
            parts.push(format!("The lead's port is down: {reason}"));
        }
        if let Some(RejectedReload { at, mistakes, .. }) = &state.rejected {
            let more = match mistakes.len() {
                0 | 1 => String::new(),
                2 => " (and 1 more)".to_owned(),
                n => format!(" (and {} more)", n - 1),
            };
            let first = mistakes.first().map_or("", String::as_str);
            parts.push(format!(
                "The roster was rejected at {}; the previous one stays in force: {first}{more}",
                at.for_people()
            ));
        }
        match state.loading.len() {
            0 => {}
            1 => parts.push("A task file cannot be loaded, see the log".to_owned()),
            n => parts.push(format!("{n} task files cannot be loaded, see the log")),
        }
        parts.join(". ")
    }
}

impl DaemonStatusSource for DaemonStatus {
    fn annotators(&self) -> Vec<ListenerStatus> {
        self.state().listeners.clone()
    }

    fn problems(&self) -> Vec<String> {
        let state = self.state();
        let mut problems = Vec::new();
        if let Some(RejectedReload { at, mistakes, .. }) = &state.rejected {
            problems.push(format!(
                "The roster was rejected at {}; the previous one stays in force:\n{}",
                at.for_people(),
                mistakes.join("\n")
            ));
        }
        problems.extend(state.loading.iter().cloned());
        problems
    }

    fn reloads(&self) -> Reloads {
        self.state().reloads
    }
}

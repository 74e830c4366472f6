//! What the supervisor tells the lead's port and the service manager about the daemon.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::lead::DaemonStatusSource;
use crate::lead::status::{ListenerStatus, Reloads};
use crate::task::Millis;

/// What is known of the daemon, for whoever asks.
#[derive(Default)]
pub(super) struct DaemonStatus(Mutex<State>);

#[derive(Default)]
struct State {
    listeners: Vec<ListenerStatus>,
    lead_down_reason: Option<String>,
    loading: Vec<String>,
    refused: Option<RejectedReload>,
    reloads: Reloads,
}

/// A roster that was not taken.
#[derive(Clone, Debug)]
pub(super) struct RejectedReload {
    /// When.
    pub(super) at: Millis,
    /// Why, a line for each mistake: `file:line:column: what (what to do)`.
    pub(super) mistakes: Vec<String>,
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

    /// Notes a roster that was taken.
    pub(super) fn record_applied(&self) {
        let mut state = self.state();
        state.refused = None;
        state.reloads.applied += 1;
    }

    /// Notes a roster that was refused.
    pub(super) fn record_rejected(&self, refused: RejectedReload) {
        let mut state = self.state();
        state.refused = Some(refused);
        state.reloads.refused += 1;
    }

    /// How the daemon is, in a line for the service manager.
    pub(super) fn summary(&self) -> String {
        let state = self.state();
        let listening = state.listeners.iter().filter(|l| l.state == "listening").count();
        let mut parts = vec![match listening {
            1 => "Serving 1 annotator".to_owned(),
            n => format!("Serving {n} annotators"),
        }];
        for listener in state.listeners.iter().filter(|listener| listener.state == "down") {
            let why = listener.detail.as_deref().unwrap_or("it failed");
            parts.push(format!("{}'s port {} is down: {why}", listener.name, listener.port));
        }
        if let Some(why) = &state.lead_down_reason {
            parts.push(format!("The lead's port is down: {why}"));
        }
        if let Some(RejectedReload { at, mistakes }) = &state.refused {
            let more = match mistakes.len() {
                0 | 1 => String::new(),
                2 => " (and 1 more)".to_owned(),
                n => format!(" (and {} more)", n - 1),
            };
            let first = mistakes.first().map_or("", String::as_str);
            parts.push(format!(
                "The roster was refused at {}, and the one from before stays in force: \
                 {first}{more}",
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
        if let Some(RejectedReload { at, mistakes }) = &state.refused {
            problems.push(format!(
                "The roster was changed and refused at {}; the one from before stays in force:\n{}",
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

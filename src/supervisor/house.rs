//! What the supervisor tells the lead's port and the service manager about the daemon.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::lead::House;
use crate::lead::status::{Annotators, Reloads};
use crate::task::Millis;

/// What is known of the daemon, for whoever asks.
#[derive(Default)]
pub(super) struct TheHouse(Mutex<State>);

#[derive(Default)]
struct State {
    members: Annotators,
    lead_is_shut: Option<String>,
    loading: Vec<String>,
    refused: Option<Refused>,
    reloads: Reloads,
}

/// A roster that was not taken.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// When.
    pub(super) at: Millis,
    /// Why, a line for each mistake: `file:line:column: what (what to do)`.
    pub(super) mistakes: Vec<String>,
}

impl TheHouse {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_members(&self, members: Annotators, lead_is_shut: Option<&str>) {
        let mut state = self.state();
        state.members = members;
        state.lead_is_shut = lead_is_shut.map(str::to_owned);
    }

    pub(super) fn set_loading_problems(&self, problems: Vec<String>) {
        self.state().loading = problems;
    }

    /// Notes a roster that was taken.
    pub(super) fn note_applied(&self) {
        let mut state = self.state();
        state.refused = None;
        state.reloads.applied += 1;
    }

    /// Notes a roster that was refused.
    pub(super) fn note_refused(&self, refused: Refused) {
        let mut state = self.state();
        state.refused = Some(refused);
        state.reloads.refused += 1;
    }

    /// How the daemon is, in a line for the service manager.
    pub(super) fn line(&self) -> String {
        let state = self.state();
        let listening = state.members.iter().filter(|m| m.state == "listening").count();
        let mut parts = vec![match listening {
            1 => "Serving 1 annotator".to_owned(),
            n => format!("Serving {n} annotators"),
        }];
        for member in state.members.iter().filter(|member| member.state == "down") {
            let why = member.detail.as_deref().unwrap_or("it failed");
            parts.push(format!("{}'s port {} is down: {why}", member.name, member.port));
        }
        if let Some(why) = &state.lead_is_shut {
            parts.push(format!("The lead's port is down: {why}"));
        }
        if let Some(Refused { at, mistakes }) = &state.refused {
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

impl House for TheHouse {
    fn annotators(&self) -> Annotators {
        self.state().members.clone()
    }

    fn problems(&self) -> Vec<String> {
        let state = self.state();
        let mut problems = Vec::new();
        if let Some(Refused { at, mistakes }) = &state.refused {
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

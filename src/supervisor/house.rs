//! What the supervisor tells the lead's port about the ports.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ports::{Bound, url};
use crate::lead::status::{Annotators, Member};
use crate::lead::{House, Reloads};
use crate::roster::Roster;

pub(super) struct TheHouse {
    members: Annotators,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    down: HashSet<String>,
    loading: Vec<String>,
}

impl TheHouse {
    pub(super) fn new(roster: &Roster, bound: &Bound) -> Self {
        let members = roster
            .annotators
            .iter()
            .map(|annotator| {
                let port = bound.annotators.iter().find(|port| port.name == annotator.name);
                Member {
                    name: annotator.name.clone(),
                    display: annotator.display_name().to_owned(),
                    port: port.map_or(annotator.port, |port| port.address.port()),
                    url: port.map(|port| url(port.address)).unwrap_or_default(),
                    state: if annotator.active { "listening" } else { "away" },
                    active: annotator.active,
                    restarts: 0,
                    detail: None,
                }
            })
            .collect();
        Self { members, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_down(&self, name: &str) {
        tracing::error!(annotator = name, "a listener ended by itself");
        self.state().down.insert(name.to_owned());
    }

    pub(super) fn set_loading_problems(&self, problems: Vec<String>) {
        self.state().loading = problems;
    }
}

impl House for TheHouse {
    fn annotators(&self) -> Annotators {
        let state = self.state();
        let mut members = self.members.clone();
        for member in &mut members {
            if state.down.contains(&member.name) {
                member.state = "down";
            }
        }
        members
    }

    fn problems(&self) -> Vec<String> {
        self.state().loading.clone()
    }

    fn reloads(&self) -> Reloads {
        Reloads::default()
    }
}

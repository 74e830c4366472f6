//! What changes from one roster to the next, for a daemon that applies an edited file.
//!
//! Annotators are recognised by their names: a new name on an old port is one annotator removed and
//! another added. Which sockets change follows from what runs, and not from the rosters alone; that
//! is the supervisor's part.

use std::collections::HashMap;

use super::settings::{Annotator, Roster};

/// The difference between two rosters, as far as a reload has to act on it or report it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterDiff {
    /// Annotators of the old roster alone, in its order.
    pub removed: Vec<String>,
    /// Annotators of both rosters that are no longer active, in the order of the new one.
    pub paused: Vec<String>,
    /// Settings of the whole project that differ, in the order of the roster's tables.
    pub settings: Vec<Setting>,
}

impl RosterDiff {
    /// What changes from the old roster to the new one.
    pub fn between(old: &Roster, new: &Roster) -> Self {
        let active_by_name = |roster: &Roster| -> HashMap<String, bool> {
            roster.annotators.iter().map(|a| (a.name.clone(), a.active)).collect()
        };
        let (before, after) = (active_by_name(old), active_by_name(new));
        let names = |annotators: &[Annotator], belongs: &dyn Fn(&Annotator) -> bool| {
            annotators.iter().filter(|a| belongs(a)).map(|a| a.name.clone()).collect()
        };
        Self {
            removed: names(&old.annotators, &|a| !after.contains_key(&a.name)),
            paused: names(&new.annotators, &|a| !a.active && before.get(&a.name) == Some(&true)),
            settings: settings(old, new),
        }
    }
}

/// A setting that concerns the whole project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `project.name`
    ProjectName,
    /// `project.interface`
    Interface,
    /// `project.labels`
    Labels,
    /// `project.renamed`
    Renamed,
    /// `project.identity`
    Identity,
    /// `project.instructions`, by its path: what is in the file is not known here.
    Instructions,
    /// `project.tasks`, by their patterns.
    Tasks,
    /// `project.media`, by its path.
    Media,
    /// `project.media_from`
    MediaFrom,
    /// `project.config`
    Config,
    /// `store.url`
    Store,
    /// `server.bind`
    Bind,
    /// Whether keys are needed, stated or by default.
    Access,
    /// `server.cert` or `server.key`, by their paths.
    Certificate,
    /// `server.watch`
    Watch,
    /// `server.url`
    Url,
    /// Anything in `[allocation]`.
    Allocation,
    /// `lead.port`
    LeadPort,
}

impl Setting {
    /// As it is written in a roster.
    pub fn path(self) -> &'static str {
        match self {
            Self::ProjectName => "project.name",
            Self::Interface => "project.interface",
            Self::Labels => "project.labels",
            Self::Renamed => "project.renamed",
            Self::Identity => "project.identity",
            Self::Instructions => "project.instructions",
            Self::Tasks => "project.tasks",
            Self::Media => "project.media",
            Self::MediaFrom => "project.media_from",
            Self::Config => "project.config",
            Self::Store => "store.url",
            Self::Bind => "server.bind",
            Self::Access => "server.access",
            Self::Certificate => "server.cert and server.key",
            Self::Watch => "server.watch",
            Self::Url => "server.url",
            Self::Allocation => "allocation",
            Self::LeadPort => "lead.port",
        }
    }
}

fn settings(old: &Roster, new: &Roster) -> Vec<Setting> {
    let (was, is) = (&old.project, &new.project);
    let server = (&old.server, &new.server);
    [
        (Setting::ProjectName, was.name != is.name),
        (Setting::Interface, was.interface != is.interface),
        (Setting::Labels, was.labels != is.labels),
        (Setting::Renamed, was.renamed != is.renamed),
        (Setting::Identity, was.identity != is.identity),
        (Setting::Instructions, was.instructions != is.instructions),
        (Setting::Tasks, was.tasks != is.tasks),
        (Setting::Media, was.media != is.media),
        (Setting::MediaFrom, was.media_from != is.media_from),
        (Setting::Config, was.config != is.config),
        (Setting::Store, old.store != new.store),
        (Setting::Bind, server.0.bind != server.1.bind),
        (Setting::Access, server.0.access() != server.1.access()),
        (Setting::Certificate, server.0.cert != server.1.cert || server.0.key != server.1.key),
        (Setting::Watch, server.0.watch != server.1.watch),
        (Setting::Url, server.0.url != server.1.url),
        (Setting::Allocation, old.allocation != new.allocation),
        (Setting::LeadPort, old.lead != new.lead),
    ]
    .into_iter()
    .filter_map(|(setting, differs)| differs.then_some(setting))
    .collect()
}

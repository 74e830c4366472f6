//! What changes from one roster to the next, for a daemon that takes over an edited file.
//!
//! People are recognised by their names: a new name on an old port is one person gone and another
//! come. Listeners that are gone, moved or paused have to let go of their ports before others take
//! them; that order is the caller's.

use super::settings::{Annotator, Roster};

/// The difference between two rosters. Names are in the order of the roster they are taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Only in the new roster.
    pub added: Vec<String>,
    /// Only in the old roster.
    pub removed: Vec<String>,
    /// In both, with another port.
    pub moved: Vec<Moved>,
    /// In both, no longer active.
    pub paused: Vec<String>,
    /// In both, active again.
    pub resumed: Vec<String>,
    /// In both, with another display name, other tags, another quota or weight.
    pub changed: Vec<String>,
    /// What else is different, in the order of the roster's tables.
    pub settings: Vec<Setting>,
}

impl Changes {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An annotator with another port than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Who.
    pub name: String,
    /// The port in the old roster.
    pub from: u16,
    /// The port in the new one.
    pub to: u16,
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
    /// Who may come in, said or not.
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

/// What changes from the old roster to the new one.
pub fn compare(old: &Roster, new: &Roster) -> Changes {
    let mut changes = Changes { settings: settings(old, new), ..Changes::default() };
    let mut before: std::collections::HashMap<&str, &Annotator> =
        old.annotators.iter().map(|a| (a.name.as_str(), a)).collect();
    for now in &new.annotators {
        let Some(then) = before.remove(now.name.as_str()) else {
            changes.added.push(now.name.clone());
            continue;
        };
        if then.port != now.port {
            changes.moved.push(Moved { name: now.name.clone(), from: then.port, to: now.port });
        }
        match (then.active, now.active) {
            (true, false) => changes.paused.push(now.name.clone()),
            (false, true) => changes.resumed.push(now.name.clone()),
            _ => {}
        }
        let same_listener = Annotator { port: now.port, active: now.active, ..then.clone() };
        if same_listener != *now {
            changes.changed.push(now.name.clone());
        }
    }
    let gone = old.annotators.iter().filter(|a| before.contains_key(a.name.as_str()));
    changes.removed = gone.map(|a| a.name.clone()).collect();
    changes
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

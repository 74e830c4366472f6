//! From the roster to what ports know of the project.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::file::{RosterFile, read_instructions};
use crate::config::{policies, public_url};
use crate::listener::{BlockedMediaLog, Project, instructions_to_html};
use crate::roster::{Access, Roster};

/// Tasks that a page asks for at a time, as Prodigy's does.
const BATCH_SIZE: usize = 10;

/// The project as ports know it.
///
/// # Errors
///
/// The file of the instructions and the reason, if it cannot be read.
pub(super) fn from_roster(file: &RosterFile) -> Result<Project, (PathBuf, std::io::Error)> {
    let roster = &file.roster;
    let instructions = match &roster.project.instructions {
        None => None,
        Some(named) => {
            let path = file.base_dir().join(&named.value);
            let markdown = read_instructions(&path).map_err(|error| (path, error))?;
            Some(instructions_to_html(&markdown))
        }
    };
    let project = Project {
        name: roster.project.name.clone(),
        interface: policies::interface(roster),
        instructions,
        batch_size: BATCH_SIZE,
        people: roster.active().count(),
        media: roster.project.media.as_ref().map(|named| file.base_dir().join(&named.value)),
        media_from: roster.project.media_from.clone(),
        page_urls: page_urls(roster),
        blocked_media: BlockedMediaLog::default(),
        edition: String::new(),
    };
    Ok(project.with_version())
}

/// Where people's pages are, as far as an annotator's port may tell.
fn page_urls(roster: &Roster) -> BTreeMap<String, String> {
    match roster.server.access() {
        Access::Key => BTreeMap::new(),
        Access::Open => roster
            .annotators
            .iter()
            .map(|one| {
                (one.name.clone(), public_url::for_port(&roster.server, &one.name, one.port))
            })
            .collect(),
    }
}

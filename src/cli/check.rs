//! `annotd check`: every mistake in the roster at once, or the table of ports.

use std::path::Path;

use clap::Args;
use comfy_table::Table;
use serde_json::json;

use super::{CommandError, block_on, selected_roster, terminal};
use crate::config::{certificate, policies, public_url};
use crate::identity::Rule;
use crate::ingest::load::rule;
use crate::roster::{Access, LEAD_NAME};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  annotd check --roster annotators.toml --store")]
pub(super) struct Arguments {
    /// Also check that the store can be reached
    #[arg(long)]
    store: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    file.check_files()?;
    let certificate = certificate::load(&file.roster.server, file.base_dir());
    if let Some(warning) = certificate.ok().flatten().and_then(|loaded| loaded.warning) {
        terminal::warning(warning);
    }
    for warning in file.warnings() {
        terminal::warning(warning);
    }
    let server = &file.roster.server;
    if server.access() == Access::Key && public_url::is_unencrypted(server) {
        terminal::warning(public_url::UNENCRYPTED_WARNING);
    }
    let named = policies::identity(&file.roster);
    let store = if arguments.store && file.store_is_made_later()? {
        terminal::message("There is no store yet; annotd makes it when it runs or loads tasks.");
        None
    } else if arguments.store {
        Some(block_on(async {
            let store = file.open_store_to_read().await?;
            let progress = store.stats().await?;
            let rule = rule::in_force(&*store, named.as_ref()).await?;
            store.close().await;
            Ok((store.engine(), store.location().to_owned(), progress, rule))
        })?)
    } else {
        None
    };
    let roster = &file.roster;
    let url = |name: &str, port: u16| public_url::for_port(&roster.server, name, port);
    let lead_url = url(LEAD_NAME, roster.lead.port);
    if arguments.json {
        let annotators: Vec<_> = roster
            .annotators
            .iter()
            .map(|annotator| {
                json!({
                    "name": annotator.name, "port": annotator.port, "url": url(&annotator.name, annotator.port),
                    "active": annotator.active,
                })
            })
            .collect();
        let identity = store.as_ref().map(|(.., rule)| rule).or(named.as_ref());
        let identity = identity.map(Rule::as_str);
        let store = store.as_ref().map(|(kind, place, progress, _)| {
            json!({"kind": kind.as_str(), "place": place, "tasks": progress.tasks})
        });
        return terminal::print_json(&json!({
            "roster": file.path, "project": roster.project.name, "annotators": annotators,
            "lead": {"port": roster.lead.port, "url": lead_url}, "identity": identity, "store": store,
        }));
    }
    let mut table = terminal::table(["annotator", "port", "address", ""]);
    for annotator in &roster.annotators {
        table.add_row([
            annotator.name.clone(),
            annotator.port.to_string(),
            url(&annotator.name, annotator.port),
            if annotator.active { String::new() } else { "not active".into() },
        ]);
    }
    table.add_row(["(lead)".into(), roster.lead.port.to_string(), lead_url, String::new()]);
    right_align(&mut table, 1);
    terminal::print(&table)?;
    if let Some((kind, place, progress, rule)) = store {
        terminal::print(format_args!(
            "The store can be reached: {} at {place}, {} tasks.",
            kind.as_str(),
            progress.tasks
        ))?;
        terminal::print(identity_in_words(&rule))?;
    }
    terminal::message(format_args!("{} has no mistakes.", file.path.display()));
    Ok(())
}

/// The rule of identity, in words.
fn identity_in_words(rule: &Rule) -> String {
    let means = match rule {
        Rule::Content => "everything that an annotator could see",
        Rule::FirstContent => {
            "everything that an annotator could see, by the rule of stores made before keys that \
             begin with _ counted"
        }
        Rule::TaskHash => "Prodigy's _task_hash",
        Rule::Path(_) => "the value of that key",
        Rule::Format2 => "the rule of stores that were made before a store kept its rule",
    };
    format!("Tasks are told apart by identity = \"{rule}\": {means}.")
}

fn right_align(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
}

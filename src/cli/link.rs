//! `annotd link`: the bookmarks, with the keys if keys are on; makes a new key.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Failure, block_on, roster_file, terminal};
use crate::config::public_url;
use crate::http::auth;
use crate::roster::{Access, LEAD_NAME, Roster};

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd link andy\n\nWhoever has the link can annotate as andy, so send \
                  it to andy alone. A link that has become known to others is replaced with --rotate: \
                  a daemon that runs takes the new one within seconds, and the old one no longer. What \
                  andy has not sent yet stays in their browser until they open the new link there."
)]
pub(super) struct Arguments {
    /// Whose bookmark; without a name, everybody's
    #[arg(value_name = "NAME", conflicts_with = "lead")]
    name: Option<String>,

    /// The lead's
    #[arg(long)]
    lead: bool,

    /// Make a new key first; the old one is worth nothing then
    #[arg(long)]
    rotate: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One port.
struct Line<'a> {
    /// Among the keys.
    who: &'a str,
    port: u16,
    address: String,
    active: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let roster = &file.roster;
    let wanted = match &arguments.name {
        Some(name) if roster.annotator(name).is_none() => return Err(nobody(name, roster)),
        Some(name) => Some(name.as_str()),
        None => arguments.lead.then_some(auth::LEAD_KEY_OWNER),
    };
    let keys = match roster.server.access() {
        Access::Open if arguments.rotate => {
            return Err(Failure::other(
                "access is open, so there is no key to change; with access = \"key\" under \
                 [server] everybody needs one",
            ));
        }
        Access::Open => BTreeMap::new(),
        Access::Key => block_on(async {
            let store = file.open_existing_store().await?;
            if arguments.rotate {
                let Some(who) = wanted else {
                    return Err(Failure::usage("--rotate needs a name, or --lead"));
                };
                let changed = BTreeMap::from([(who.to_owned(), auth::new_access_key())]);
                store.set_keys(changed, false).await?;
            }
            let keys = auth::access_keys::load_or_create_access_keys(&*store, roster).await?;
            store.close().await;
            Ok(keys)
        })?,
    };
    let lines: Vec<Line<'_>> =
        everybody(roster).filter(|line| wanted.is_none_or(|wanted| line.who == wanted)).collect();
    let bookmark = |line: &Line<'_>| {
        public_url::link_with_key(&line.address, keys.get(line.who).map(String::as_str))
    };
    if arguments.json {
        let one = |line: &Line<'_>| {
            json!({
                "name": line.who, "port": line.port, "url": line.address,
                "bookmark": bookmark(line), "key": keys.get(line.who), "active": line.active,
            })
        };
        return match (wanted, lines.as_slice()) {
            (Some(_), [line]) => terminal::print_json(&one(line)),
            _ => terminal::print_json(&lines.iter().map(one).collect::<Vec<_>>()),
        };
    }
    if let (Some(_), [line]) = (wanted, lines.as_slice()) {
        if arguments.rotate {
            terminal::say("The old link stops working within seconds; send this one:");
        }
        return terminal::print(bookmark(line));
    }
    let mut table = terminal::table(["annotator", "bookmark", ""]);
    for line in &lines {
        let remark = if line.active { "" } else { "not active" };
        table.add_row([line.who, &bookmark(line), remark]);
    }
    terminal::print(&table)
}

/// Every annotator, and then the lead.
fn everybody(roster: &Roster) -> impl Iterator<Item = Line<'_>> {
    let annotators = roster.annotators.iter().map(|annotator| Line {
        who: &annotator.name,
        port: annotator.port,
        address: public_url::for_port(&roster.server, &annotator.name, annotator.port),
        active: annotator.active,
    });
    let port = roster.lead.port;
    let address = public_url::for_port(&roster.server, LEAD_NAME, port);
    annotators.chain([Line { who: auth::LEAD_KEY_OWNER, port, address, active: true }])
}

fn nobody(name: &str, roster: &Roster) -> Failure {
    let names: Vec<&str> = roster.annotators.iter().map(|a| a.name.as_str()).collect();
    let there = if names.len() > 30 {
        format!("`annotd link` shows all {}", names.len())
    } else {
        format!("there are {}", names.join(", "))
    };
    Failure::other(format!("there is no annotator {name:?}; {there}, and the lead with --lead"))
}

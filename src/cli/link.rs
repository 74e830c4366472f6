//! `annotd link`: the personal links, with the keys if keys are on; makes a new key.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{CommandError, block_on, selected_roster, terminal};
use crate::config::public_url;
use crate::http::auth;
use crate::roster::{Access, LEAD_NAME, Roster};

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd link andy\n\nAnyone with the link can annotate as andy, so send it \
                  to andy alone. --rotate replaces a link that others know: a running daemon takes the \
                  new one within seconds and rejects the old one. Answers that andy has not sent yet \
                  stay in the browser until the new link is opened there."
)]
pub(super) struct Arguments {
    /// The annotator; without a name, all links
    #[arg(value_name = "NAME", conflicts_with = "lead")]
    name: Option<String>,

    /// The lead's link
    #[arg(long)]
    lead: bool,

    /// Make a new key first; the old one is rejected from then on
    #[arg(long)]
    rotate: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The link of one port.
struct LinkRow<'a> {
    /// The name under which the key is stored.
    owner: &'a str,
    port: u16,
    address: String,
    active: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let roster = &file.roster;
    let wanted = match &arguments.name {
        Some(name) if roster.annotator(name).is_none() => {
            return Err(unknown_annotator(name, roster));
        }
        Some(name) => Some(name.as_str()),
        None => arguments.lead.then_some(auth::LEAD_KEY_OWNER),
    };
    let keys = match roster.server.access() {
        Access::Open if arguments.rotate => {
            return Err(CommandError::other("access is open, so there is no key to change")
                .hint("access = \"key\" under [server] turns keys on"));
        }
        Access::Open => BTreeMap::new(),
        Access::Key => block_on(async {
            let store = file.open_existing_store().await?;
            if arguments.rotate {
                let Some(owner) = wanted else {
                    return Err(CommandError::usage("--rotate needs a name, or --lead"));
                };
                let changed = BTreeMap::from([(owner.to_owned(), auth::new_access_key())]);
                store.set_keys(changed, false).await?;
            }
            let keys =
                auth::access_keys::load_or_create_access_keys(&*store, roster.names()).await?;
            store.close().await;
            Ok(keys)
        })?,
    };
    let rows: Vec<LinkRow<'_>> =
        all_ports(roster).filter(|row| wanted.is_none_or(|wanted| row.owner == wanted)).collect();
    let link = |row: &LinkRow<'_>| {
        public_url::link_with_key(&row.address, keys.get(row.owner).map(String::as_str))
    };
    if arguments.json {
        let one = |row: &LinkRow<'_>| {
            json!({
                "name": row.owner, "port": row.port, "url": row.address,
                "bookmark": link(row), "key": keys.get(row.owner), "active": row.active,
            })
        };
        return match (wanted, rows.as_slice()) {
            (Some(_), [row]) => terminal::print_json(&one(row)),
            _ => terminal::print_json(&rows.iter().map(one).collect::<Vec<_>>()),
        };
    }
    if let (Some(_), [row]) = (wanted, rows.as_slice()) {
        if arguments.rotate {
            terminal::message("The old link stops working within seconds; send this one:");
        }
        return terminal::print(link(row));
    }
    let mut table = terminal::table(["annotator", "link", ""]);
    for row in &rows {
        let remark = if row.active { "" } else { "not active" };
        table.add_row([row.owner, &link(row), remark]);
    }
    terminal::print(&table)
}

/// Every annotator, and then the lead.
fn all_ports(roster: &Roster) -> impl Iterator<Item = LinkRow<'_>> {
    let annotators = roster.annotators.iter().map(|annotator| LinkRow {
        owner: &annotator.name,
        port: annotator.port,
        address: public_url::for_port(&roster.server, &annotator.name, annotator.port),
        active: annotator.active,
    });
    let port = roster.lead.port;
    let address = public_url::for_port(&roster.server, LEAD_NAME, port);
    annotators.chain([LinkRow { owner: auth::LEAD_KEY_OWNER, port, address, active: true }])
}

fn unknown_annotator(name: &str, roster: &Roster) -> CommandError {
    let names: Vec<&str> = roster.annotators.iter().map(|a| a.name.as_str()).collect();
    let hint = if names.len() > 30 {
        format!("`annotd link` prints all {} links", names.len())
    } else {
        format!("there are {}, and the lead with --lead", names.join(", "))
    };
    CommandError::other(format!("there is no annotator {name:?}")).hint(hint)
}

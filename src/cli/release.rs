//! `annotd release`: ends an annotator's leases.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{CommandError, block_on, selected_roster, terminal};
use crate::config::policies;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd release --annotator andy\n\nThe tasks are still in andy's browser. \
                  An answer that is sent from there is kept."
)]
pub(super) struct Arguments {
    /// The annotator whose leases end
    #[arg(long, value_name = "NAME")]
    annotator: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let name = &arguments.annotator;
    let released = block_on(async {
        let store = file.open_existing_store().await?;
        store.set_policy(policies::store_policy(&file.roster));
        let known = file.roster.annotator(name).is_some()
            || store.stats().await?.annotators.contains_key(name);
        if !known {
            return Err(CommandError::other(format!(
                "there is no annotator {name:?}, neither in {} nor in the store",
                file.path.display()
            ))
            .hint("`annotd check` lists the annotators"));
        }
        let released = store.release(name).await?;
        store.close().await;
        Ok(released)
    })?;
    if arguments.json {
        return terminal::print_json(&json!({"annotator": name, "released": released}));
    }
    let tasks = if released == 1 { "task is" } else { "tasks are" };
    terminal::print(format_args!("{released} {tasks} free again that {name} held."))
}

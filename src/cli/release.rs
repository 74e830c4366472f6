//! `annotd release`: takes back what somebody holds.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Failure, block_on, roster_file, terminal};
use crate::config::policies;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd release --annotator andy\n\nWhat somebody holds is in their \
                  browser. If they answer it all the same, the answer is kept."
)]
pub(super) struct Arguments {
    /// Whose tasks
    #[arg(long, value_name = "NAME")]
    annotator: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let name = &arguments.annotator;
    let released = block_on(async {
        let store = file.open_existing_store().await?;
        store.set_policy(policies::store_policy(&file.roster));
        let known = file.roster.annotator(name).is_some()
            || store.stats().await?.annotators.contains_key(name);
        if !known {
            return Err(Failure::other(format!(
                "there is no annotator {name:?}, neither in {} nor in the store",
                file.path.display()
            )));
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

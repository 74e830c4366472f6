//! What the format can say and this build cannot carry out yet.
//!
//! A setting that is read and then not followed would be worse than none: a port that was meant to
//! be locked would stand open. So every such setting is refused here, by name, and this file shrinks
//! as they are built. (Interfaces are the caller's to name; see `read`.)

use super::places::Located;
use super::problem::Problem;
use super::settings::{Access, Roster};

/// A problem for every setting that this build cannot carry out.
pub(super) fn not_built_yet(roster: &Roster) -> Vec<Problem> {
    let mut problems = Vec::new();
    let server = &roster.server;
    if server.access == Some(Access::Key) {
        problems.push(
            Problem::new("access by key is not built yet", roster.place("server.access"))
                .help("write access = \"open\", or bind to 127.0.0.1 and leave access out"),
        );
    }
    // One without the other has its own message.
    if let (Some(Located { at, .. }), Some(_)) = (&server.cert, &server.key) {
        problems.push(
            Problem::new("TLS is not built yet", at.clone())
                .help("delete cert and key, and put a reverse proxy in front of annotd"),
        );
    }
    problems
}

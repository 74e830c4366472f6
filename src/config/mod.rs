//! From the roster to what the daemon and the commands run with.

pub mod certificate;
pub mod file;
pub mod policies;
pub mod public_url;
mod regular_file;

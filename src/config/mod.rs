//! From the roster to what the daemon and the commands run with.

pub mod certificate;
pub mod file;
pub mod missing_media;
pub mod policies;
pub mod project;
pub mod public_url;

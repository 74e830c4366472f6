//! Whose port it is, and how they stand to it.
//!
//! A roster that is edited may remove or pause somebody, or give them another port, while their page
//! is open somewhere with answers that have not been sent yet. So their port stays for a while: it
//! hands out nothing more, says why, and takes what is left. If another annotator is given the port
//! at once, it is theirs, and takes the answers of those who had it before along with their own, as
//! long as the page says whose they are.

use crate::task::Millis;

/// What a port knows of its annotator; replaced when the roster says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortOwner {
    /// The name for people.
    pub display: String,
    /// Whether they work here.
    pub membership: Membership,
    /// Who had this port before, and may still have answers to send.
    pub previous_owners: Vec<PreviousOwner>,
}

impl PortOwner {
    /// Somebody who works here.
    pub fn active(display: impl Into<String>) -> Self {
        Self {
            display: display.into(),
            membership: Membership::Active,
            previous_owners: Vec::new(),
        }
    }
}

/// How somebody stands to a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Membership {
    /// They work here.
    #[default]
    Active,
    /// They are in the project, and not active for now.
    Paused,
    /// They are not in the project any more.
    Removed,
    /// They have another address now.
    Moved {
        /// The new one.
        url: String,
    },
}

impl Membership {
    /// As it stands in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "here",
            Self::Paused => "paused",
            Self::Removed => "left",
            Self::Moved { .. } => "moved",
        }
    }
}

/// Somebody whose port this was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousOwner {
    /// Their name.
    pub annotator: String,
    /// Until when their answers are taken here.
    pub until: Millis,
}

//! The owner of a port, and their membership.
//!
//! An edited roster may remove, pause or move an annotator whose page still has unsent answers. So
//! the port stays for a grace period: it gives no more tasks, says why, and takes the answers. If
//! another annotator gets the port at once, it also takes the answers of its previous owners, if
//! the page says whose they are.

use crate::task::Millis;

/// The owner of a port; replaced when the roster changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortOwner {
    /// The name for people.
    pub display: String,
    /// Whether the annotator works at this port.
    pub membership: Membership,
    /// Annotators who had this port before and may still send answers.
    pub previous_owners: Vec<PreviousOwner>,
}

impl PortOwner {
    /// An active annotator without previous owners.
    pub fn active(display: impl Into<String>) -> Self {
        Self {
            display: display.into(),
            membership: Membership::Active,
            previous_owners: Vec::new(),
        }
    }
}

/// An annotator's membership status on a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Membership {
    /// Works at this port.
    #[default]
    Active,
    /// On the roster, but not active.
    Paused,
    /// Not on the roster any more.
    Removed,
    /// Works at another address.
    Moved {
        /// The new address.
        url: String,
    },
}

impl Membership {
    /// The wire value, which is older than these names.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "here",
            Self::Paused => "paused",
            Self::Removed => "left",
            Self::Moved { .. } => "moved",
        }
    }
}

/// An annotator who had this port before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousOwner {
    /// The name.
    pub annotator: String,
    /// Until when this port takes their answers.
    pub until: Millis,
}

//! annotd: one daemon for a team that annotates.

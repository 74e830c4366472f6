//! What MongoDB examines.

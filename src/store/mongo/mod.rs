//! The shared store: MongoDB.

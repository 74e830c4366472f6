//! The page in a real Chromium, as an annotator uses it; and exactly what they did in the export.

#[path = "../common/mod.rs"]
mod common;
mod first;
mod real_data;
mod relations;
mod seat;
mod twenty;

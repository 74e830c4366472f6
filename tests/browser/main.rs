//! The page in a real Chromium, as an annotator uses it; and exactly what they did in the export.

mod absent;
mod awake;
mod breaking_out;
mod bytes;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod files;
mod films;
mod fingers;
mod first;
mod gestures;
mod labels;
mod media;
mod page;
mod parts;
mod real_data;
mod relations;
mod seat;
mod spans;
mod tabs;
mod twenty;
mod unseen;
mod whose;
mod words;
mod writing;

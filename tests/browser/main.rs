//! The page in a real Chromium, as an annotator uses it; and exactly what they did in the export.

mod browser_session;
#[path = "../common/mod.rs"]
mod common;
mod composites;
mod faults;
mod first_visit;
mod interfaces_together;
mod labels;
mod markup_injection;
mod media;
mod media_errors;
mod media_files;
mod mouse;
mod nothing_unseen;
mod page;
mod page_owner;
mod real_data;
mod relations;
mod slow_line;
mod spans;
mod stale_page;
mod tabs;
mod text_input;
mod touch;
mod video;
mod words_cursor;

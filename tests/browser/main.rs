//! The page in a real Chromium, as an annotator uses it; and exactly what they did in the export.

mod answering;
mod browser_session;
mod browser_store;
#[path = "../common/mod.rs"]
mod common;
mod composites;
mod faults;
mod first_visit;
mod interfaces_together;
mod keys_and_swipes;
mod labels;
mod many_cards;
mod markup_injection;
mod markup_tricks;
mod media;
mod media_errors;
mod media_files;
mod mouse;
mod nothing_unseen;
mod page_layout;
mod page_owner;
mod real_data;
mod relations;
mod slow_line;
mod spans;
mod stale_page;
mod suggested_spans;
mod tabs;
mod text_input;
mod touch;
mod unreliable_line;
mod video;
mod words_cursor;

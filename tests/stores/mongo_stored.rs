//! What is stored in MongoDB, to the letter: the shape of every document, what lies beside the
//! tasks, and how a project of format 2 becomes one of format 3.
//!
//! `stored/mongo-format-2` is a project as the last annotd of format 2 left it; `make.py` there
//! made it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod migration;
pub mod older_daemon;
pub mod shapes;
pub mod side_documents;
pub mod world;

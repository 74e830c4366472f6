//! Plain text: a task for each line, `{"text": "…"}`. The line is the text to the letter; blank
//! lines are passed over.

use serde_json::Map;

use super::LineError;
use super::parse_error::{END_OF_LINE, Piece};
use crate::task::Body;

pub(super) fn read(line: &Piece<'_>) -> Option<Result<Body, LineError>> {
    let text = match line.text() {
        Ok(text) if text.trim().is_empty() => return None,
        Ok(text) => text,
        Err(wrong) => return Some(Err(wrong)),
    };
    let task = Map::from_iter([("text".to_owned(), text.into())]);
    Some(Body::from_object(task).map_err(|_| line.wrong(0, "a text", END_OF_LINE)))
}

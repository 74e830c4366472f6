//! Plain text: a task for each line, `{"text": "…"}`. The line is the text to the letter; blank
//! lines are passed over.

use serde_json::Map;

use super::parse_error::{END_OF_LINE, Piece};
use super::{LineError, Notes};
use crate::task::TaskJson;

/// What a file of texts with tabs probably is: Excel names its "Unicode text" so.
const MAY_BE_A_TABLE: &str = "lines hold tabs, which are kept as a part of the text; if the file is a \
                              table, give it a name in .csv";

pub(super) fn read(line: &Piece<'_>, notes: &Notes) -> Option<Result<TaskJson, LineError>> {
    let text = match line.text() {
        Ok(text) if text.trim().is_empty() => return None,
        Ok(text) => text,
        Err(wrong) => return Some(Err(wrong)),
    };
    if text.contains('\t') {
        notes.say(MAY_BE_A_TABLE.to_owned());
    }
    let task = Map::from_iter([("text".to_owned(), text.into())]);
    Some(TaskJson::from_object(task).map_err(|_| line.wrong(0, "a text", END_OF_LINE)))
}

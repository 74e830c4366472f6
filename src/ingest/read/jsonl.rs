//! JSONL: an object on each line. Blank lines are passed over.

use super::parse_error::{END_OF_LINE, Piece};
use super::{LineError, Notes};
use crate::task::TaskJson;

pub(super) fn read(line: &Piece<'_>, _: &Notes) -> Option<Result<TaskJson, LineError>> {
    let is_blank = line.bytes.trim_ascii().is_empty();
    (!is_blank).then(|| line.task(END_OF_LINE).map_err(|(wrong, _)| wrong))
}

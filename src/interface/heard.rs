//! What a task with sound has to be to be loaded: `audio` or `video`, and stretches that can be
//! shown.

use super::fits::{Unfit, list, texts, what_is};
use super::spec::Card;
use crate::task::reading;

/// What a card with sound is about.
pub(super) const CONTENT: [&str; 2] = ["audio", "video"];
/// What stands around the sound.
pub(super) const CONTEXT: [&str; 2] = ["label", "text"];

/// Checks a task with sound or a video.
pub(super) fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    texts(card, &CONTENT, "a task with `audio` or `video`")?;
    for (index, span) in list(card, "audio_spans", "stretches")?.iter().enumerate() {
        let at = format!("/audio_spans/{index}");
        if !span.is_object() {
            let expected = "a stretch, an object with `start` and `end`";
            return Err(Unfit::new(at, expected, what_is(span)));
        }
        let seconds = |key: &str| {
            let value = reading::get(span, key);
            let number = value.and_then(reading::number).filter(|seconds| *seconds >= 0.0);
            number.ok_or_else(|| match value {
                None => Unfit::new(&at, "a stretch with `start` and `end`", format!("no `{key}`")),
                Some(other) => Unfit::new(
                    format!("{at}/{key}"),
                    "seconds from the beginning of the sound",
                    what_is(other),
                ),
            })
        };
        let (start, end) = (seconds("start")?, seconds("end")?);
        if start >= end {
            let found = format!("one from {start} to {end} seconds");
            return Err(Unfit::new(at, "a stretch that ends after it begins", found));
        }
        if let Some(label) = reading::get(span, "label").filter(|label| !label.is_string()) {
            return Err(Unfit::new(format!("{at}/label"), "a label", what_is(label))
                .help("write it in quotation marks"));
        }
    }
    Ok(())
}

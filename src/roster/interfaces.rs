//! The interfaces that the format knows, whether or not this build can show them.
//!
//! With the whole list at hand the message for `relations` can say "not built yet" and the one for
//! `relation` can say "did you mean". Which of them a build can show is the caller's knowledge.

/// Every `view_id` of the format, with whether it is of no use without labels.
const FAMILY: [(&str, bool); 23] = [
    ("text", false),
    ("html", false),
    ("classification", false),
    ("choice", false),
    ("ner", false),
    ("spans", false),
    ("ner_manual", true),
    ("spans_manual", true),
    ("pos", false),
    ("pos_manual", true),
    ("dep", false),
    ("relations", true),
    ("image", false),
    ("image_manual", true),
    ("audio", false),
    ("audio_manual", true),
    ("text_input", false),
    ("compare", false),
    ("diff", false),
    ("review", false),
    ("blocks", false),
    ("pages", false),
    ("llm_io", false),
];

/// Whether the format has such an interface.
pub(super) fn in_family(name: &str) -> bool {
    FAMILY.iter().any(|(n, _)| *n == name)
}

/// Whether the interface cannot be used without labels.
pub(super) fn needs_labels(name: &str) -> bool {
    FAMILY.iter().any(|(n, labels)| *n == name && *labels)
}

/// Every interface of the format.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FAMILY.iter().map(|(n, _)| *n)
}

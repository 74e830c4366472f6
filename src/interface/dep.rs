//! `dep`: a text with arcs between its tokens, of which the annotator says whether they are right.

use super::fits::{self, Unfit, list};
use super::pieces;
use super::spec::{Card, InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "dep",
    fits,
    content: &["text"],
    context: &[],
    judges: |_| vec!["arcs", "spans"],
    tokens: |_| true,
    ..PLAIN
};

fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    fits::text_to_join(card)?;
    let arcs = list(card, "arcs", "arcs")?;
    pieces::ends_fit(&pieces::pieces(card, &card.text()), &arcs, "/arcs", "an arc")
}

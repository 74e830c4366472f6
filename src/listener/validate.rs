//! Checks an answer by what its annotator had before them.
//!
//! Between hand-out and answer the roster may have been edited, or annotd updated. The answer is
//! then held against the labels of the edition that the page says it shows (`_edition`), or else of
//! the hand-out, or else of now; and against the tokens of the hand-out. An answer of which nothing
//! is known any more, since its lease went long ago, may fit the tokens of either version.
//!
//! What is kept with the answer is the basis by which it was found to fit, so that an export writes
//! the tokens that its numbers mean.

use serde_json::{Map, Value};

use super::AnnotatorPort;
use crate::interface::{AnswerError, Interface};
use crate::store::StoreError;
use crate::task::{Basis, TOKENIZER, TaskJson, Verdict};

/// What is kept of an answer, and by what it was found to fit.
pub(super) type Received = (Verdict, Map<String, Value>, Basis);

/// Takes an answer to a task, which was handed out by `basis` if that is known.
///
/// # Errors
/// If the store cannot be asked for an edition. Inside: the first place that does not fit what the
/// annotator had before them.
pub(super) async fn receive(
    port: &AnnotatorPort,
    task: &TaskJson,
    basis: Option<Basis>,
    answer: &Map<String, Value>,
) -> Result<Result<Received, AnswerError>, StoreError> {
    let now = port.allocator.basis().await?;
    let named = answer.get("_edition").and_then(Value::as_u64);
    let named = named.and_then(|number| u32::try_from(number).ok());
    let tokenizers = match basis {
        Some(basis) => vec![basis.tokenizer],
        None => (1..=TOKENIZER).rev().collect(),
    };
    let mut editions: Vec<u32> = Vec::with_capacity(3);
    for edition in [named, basis.map(|basis| basis.edition), Some(now.edition)] {
        // The number 0 is from before editions were kept: the present one has to do.
        let edition = edition.map(|edition| if edition == 0 { now.edition } else { edition });
        if let Some(edition) = edition.filter(|edition| !editions.contains(edition)) {
            editions.push(edition);
        }
    }
    let mut first = None;
    for edition in editions {
        let Some(interface) = interface(port, edition, now).await? else { continue };
        for tokenizer in &tokenizers {
            match interface.with_tokenizer(*tokenizer).receive(task, answer) {
                Ok((verdict, data)) => {
                    let basis = Basis { edition, tokenizer: *tokenizer };
                    return Ok(Ok((verdict, data, basis)));
                }
                Err(misfit) => {
                    first.get_or_insert(misfit);
                }
            }
        }
    }
    // The present edition is always there, so something was tried.
    Ok(Err(first.unwrap_or_else(|| AnswerError {
        at: "_edition".into(),
        message: "there is no such edition".into(),
    })))
}

async fn interface(
    port: &AnnotatorPort,
    edition: u32,
    now: Basis,
) -> Result<Option<Interface>, StoreError> {
    if edition == now.edition {
        return Ok(Some(port.project.interface.clone()));
    }
    let text = port.allocator.edition(edition).await?;
    Ok(text.and_then(|text| Interface::of_edition(&text)))
}

//! Checks an answer against the edition and tokens that its annotator saw.
//!
//! Between hand-out and answer the roster may have been edited, or annotd updated. So the answer is
//! checked against the edition that the page names (`_edition`), then that of the hand-out, then
//! the present one; and against the tokens of the hand-out. If the hand-out is not known any more,
//! the answer may fit the tokens of either version.
//!
//! The basis that it fits is stored with the answer, so that an export writes the tokens to which
//! its numbers refer.

use serde_json::{Map, Value};

use super::AnnotatorPort;
use crate::interface::{AnswerError, Interface};
use crate::store::StoreError;
use crate::task::{Basis, TOKENIZER, TaskJson, Verdict};

/// The parts of an answer to store, with the basis that it fits.
pub(super) type Received = (Verdict, Map<String, Value>, Basis);

/// Takes an answer to a task, which was handed out by `basis` if that is known.
///
/// # Errors
/// If the store cannot return an edition. Inside: the first part of the answer that does not fit.
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

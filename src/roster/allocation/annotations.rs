//! `annotations` and `mix`: how many answers tasks want.

use toml::de::DeValue;

use super::MAX_ANSWERS;
use crate::roster::diagnostic::{Diagnostic, quoted};
use crate::roster::reader::{Reader, Section};
use crate::roster::schema::{ALLOCATION, MIX_PART};
use crate::roster::settings::{Annotations, Share};
use crate::roster::suggest::for_example;

/// How far the shares of a mixture may be from 1 together: decimal fractions are not exact.
const SHARES_SLACK: f64 = 1e-9;

pub(super) fn annotations(reader: &mut Reader, section: &Section<'_>) -> Option<Annotations> {
    const HELP: &str = "write a whole number such as 3, an average such as 1.2, or \"all\"";
    let (value, at) = section.get("annotations")?;
    if section.get("mix").is_some() {
        reader.report(
            Diagnostic::new("annotations and mix cannot both be given", at)
                .help("keep mix for a mixture, annotations for one number"),
        );
        return None;
    }
    match value {
        DeValue::String(text) if text == "all" => {
            reader.text(section, "annotations").map(|_| Annotations::All)
        }
        DeValue::String(text) if text.trim().parse::<f64>().is_err() => {
            let message = format!("annotations cannot be {}", quoted(text));
            reader.report(Diagnostic::new(message, at).help(HELP));
            None
        }
        DeValue::Integer(_) => reader
            .integer(section, "annotations", 1..=MAX_ANSWERS)
            .map(|n| Annotations::Each(n.value)),
        _ => {
            let average = reader.number(section, "annotations")?;
            if !(1.0..=f64::from(MAX_ANSWERS)).contains(&average.value) {
                let message = format!("annotations must be between 1 and {MAX_ANSWERS}");
                reader.report(Diagnostic::new(message, average.at).help(HELP));
                return None;
            }
            // An average of 3.0 is three each; within the bounds the conversion loses nothing.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Some(if average.value.fract() == 0.0 {
                Annotations::Each(average.value as u32)
            } else {
                Annotations::Average(average.value)
            })
        }
    }
}

pub(super) fn mix(reader: &mut Reader, section: &Section<'_>) -> Option<Vec<Share>> {
    let parts = reader.tables(section, "mix", &MIX_PART)?;
    let example = for_example(ALLOCATION.example("mix"));
    if let Some((DeValue::Array(list), at)) = section.get("mix")
        && list.is_empty()
    {
        reader.report(Diagnostic::new("mix has no parts", at).help(example));
        return None;
    }
    let mut shares = Vec::with_capacity(parts.len());
    for part in &parts.value {
        for key in ["share", "annotations"] {
            if part.lacks(key) {
                reader.report(
                    Diagnostic::new(format!("this part of mix has no {key}"), part.at.clone())
                        .help(example.clone()),
                );
            }
        }
        let share = reader.number(part, "share");
        let annotations = reader.integer(part, "annotations", 1..=MAX_ANSWERS);
        let share = share.filter(|share| {
            let fits = share.value > 0.0 && share.value <= 1.0;
            if !fits {
                reader.report(
                    Diagnostic::new("a share must be above 0 and at most 1", share.at.clone())
                        .help("write 0.7 for 70 percent"),
                );
            }
            fits
        });
        if let (Some(share), Some(annotations)) = (share, annotations) {
            shares.push(Share { share: share.value, annotations: annotations.value });
        }
    }
    // With a part missing the sum means nothing.
    let all = matches!(section.get("mix"), Some((DeValue::Array(l), _)) if l.len() == shares.len());
    let sum: f64 = shares.iter().map(|s| s.share).sum();
    if all && (sum - 1.0).abs() > SHARES_SLACK {
        let shown = decimal(sum);
        reader.report(
            Diagnostic::new(format!("the shares add up to {shown}, not to 1"), parts.at.clone())
                .help("change them so that they add up to 1"),
        );
        return None;
    }
    all.then_some(shares)
}

/// A sum of decimal fractions without its rounding error.
pub(super) fn decimal(sum: f64) -> String {
    let shown = format!("{sum:.9}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

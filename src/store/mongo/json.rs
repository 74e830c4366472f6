//! JSON as BSON and back, and when the way back leads to the same.
//!
//! A task is stored as a document, so that people can query and index what they loaded. BSON knows
//! less than JSON here and there: it has no `1.10` and no integers beyond 64 bits, no NUL in a
//! key, and its queries cannot address a key that begins with `$`. Such a part is stored as near as
//! possible, and its exact text beside it. Everything is read as raw BSON: the driver's own
//! deserialiser takes `{"$oid": …}` in a task for its own notation.
//!
//! Rejected: the text alone, which could not be queried or indexed in the database.

use mongodb::bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};
use serde_json::{Map, Number, Value};

/// The document, and whether reading it gives the same object.
pub(super) fn to_bson(object: &Map<String, Value>) -> (RawDocumentBuf, bool) {
    let mut exact = true;
    let document = document(object, &mut exact);
    (document, exact)
}

/// Levels of an answer that a document can hold. MongoDB promises a hundred in all, and an answer
/// stands three levels down.
const DEEP: usize = 90;

/// Whether an object is nested deeper than can be stored in a document.
pub(super) fn is_deep(object: &Map<String, Value>) -> bool {
    object.values().any(|value| is_deeper(value, DEEP))
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, left)),
        Value::Object(object) => object.values().any(|value| is_deeper(value, left)),
        _ => false,
    }
}

fn document(object: &Map<String, Value>, exact: &mut bool) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    for (key, value) in object {
        let value = convert(value, exact);
        if key.starts_with('$') || key.contains('\0') {
            *exact = false;
            document.append(key.replace('$', "＄").replace('\0', "␀"), value);
        } else {
            document.append(key, value);
        }
    }
    document
}

fn convert(value: &Value, exact: &mut bool) -> RawBson {
    match value {
        Value::Null => RawBson::Null,
        Value::Bool(value) => RawBson::Boolean(*value),
        Value::String(text) => RawBson::String(text.clone()),
        Value::Number(number) => convert_number(number, exact),
        Value::Array(items) => {
            let mut array = RawArrayBuf::new();
            for item in items {
                array.push(convert(item, exact));
            }
            RawBson::Array(array)
        }
        Value::Object(object) => RawBson::Document(document(object, exact)),
    }
}

fn convert_number(number: &Number, exact: &mut bool) -> RawBson {
    let text = number.as_str();
    if let Ok(whole) = text.parse::<i64>() {
        *exact &= text == whole.to_string();
        return i32::try_from(whole).map_or(RawBson::Int64(whole), RawBson::Int32);
    }
    let float = text.parse::<f64>().ok().and_then(|float| Some((float, Number::from_f64(float)?)));
    if let Some((float, read)) = float {
        *exact &= read.as_str() == text;
        RawBson::Double(float)
    } else {
        *exact = false;
        RawBson::String(text.to_owned())
    }
}

/// Why a document is no JSON.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotJson {
    /// A value of a type that JSON has not.
    #[error("{key:?} is of the type {kind}, which JSON has not")]
    Type { key: String, kind: String },
    /// Not even BSON.
    #[error("{0}")]
    Broken(#[from] mongodb::bson::raw::Error),
}

/// Writes a document as JSON, on one line.
pub(super) fn write_document(out: &mut String, document: &RawDocument) -> Result<(), NotJson> {
    out.push('{');
    for (nth, element) in document.iter().enumerate() {
        let (key, value) = element?;
        if nth > 0 {
            out.push(',');
        }
        write_text(out, key);
        out.push(':');
        write_value(out, key, value)?;
    }
    out.push('}');
    Ok(())
}

fn write_value(out: &mut String, key: &str, value: RawBsonRef<'_>) -> Result<(), NotJson> {
    match value {
        RawBsonRef::Document(document) => return write_document(out, document),
        RawBsonRef::Array(array) => {
            out.push('[');
            for (nth, item) in array.into_iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                write_value(out, key, item?)?;
            }
            out.push(']');
        }
        RawBsonRef::String(text) => write_text(out, text),
        RawBsonRef::Null => out.push_str("null"),
        RawBsonRef::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
        RawBsonRef::Int32(number) => out.push_str(&number.to_string()),
        RawBsonRef::Int64(number) => out.push_str(&number.to_string()),
        RawBsonRef::Double(number) => match Number::from_f64(number) {
            Some(number) => out.push_str(number.as_str()),
            None => return Err(no_json(key, value)),
        },
        _ => return Err(no_json(key, value)),
    }
    Ok(())
}

fn write_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).expect("a string is JSON"));
}

/// Reads one value.
pub(super) fn to_value(key: &str, value: RawBsonRef<'_>) -> Result<Value, NotJson> {
    Ok(match value {
        RawBsonRef::Document(document) => {
            let mut object = Map::new();
            for element in document {
                let (key, value) = element?;
                object.insert(key.to_owned(), to_value(key, value)?);
            }
            Value::Object(object)
        }
        RawBsonRef::Array(array) => Value::Array(
            array.into_iter().map(|item| to_value(key, item?)).collect::<Result<_, _>>()?,
        ),
        RawBsonRef::String(text) => Value::String(text.to_owned()),
        RawBsonRef::Null => Value::Null,
        RawBsonRef::Boolean(value) => Value::Bool(value),
        RawBsonRef::Int32(number) => Value::Number(number.into()),
        RawBsonRef::Int64(number) => Value::Number(number.into()),
        RawBsonRef::Double(number) => match Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => return Err(no_json(key, value)),
        },
        _ => return Err(no_json(key, value)),
    })
}

fn no_json(key: &str, value: RawBsonRef<'_>) -> NotJson {
    NotJson::Type { key: key.to_owned(), kind: format!("{:?}", value.element_type()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("an object")
    }

    fn there_and_back(text: &str) -> (String, bool) {
        let (document, exact) = to_bson(&object(text));
        let mut out = String::new();
        write_document(&mut out, &document).expect("JSON");
        let value = to_value("", RawBsonRef::Document(&document)).expect("JSON");
        assert_eq!(value.to_string(), out, "both ways of reading agree");
        (out, exact)
    }

    #[test]
    fn what_bson_knows_comes_back_as_it_was() {
        for text in [
            r#"{"z":1,"a":-9223372036854775808,"m":{"":[null,true,[]],"a.b":"\u0000\n"},"😀":1.5}"#,
            r#"{"one":1.0,"small":0.1,"deep":[[[[{"a":{}}]]]]}"#,
        ] {
            assert_eq!(there_and_back(text), (text.to_owned(), true));
        }
    }

    #[test]
    fn what_bson_does_not_know_is_told() {
        for text in [
            r#"{"n":1.10}"#,
            r#"{"n":1e3}"#,
            r#"{"n":-0}"#,
            r#"{"n":1234567890123456789012345678901234567890}"#,
            r#"{"n":1e999}"#,
            r#"{"a":[{"$oid":"5"}]}"#,
            "{\"a\\u0000b\":1}",
        ] {
            assert!(!there_and_back(text).1, "{text}");
        }
    }
}

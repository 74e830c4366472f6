//! One reading of the keys that annotd knows, for loading, for the server's checks, and for what
//! the page is sent.
//!
//! Data frames write `null` into every cell that a row lacks, and a column of whole numbers with
//! one gap becomes a column of floats. So a key that is `null` is absent, and `2.0` is 2. Only the
//! reading is so: the task itself stays to the letter, in the store and in every export.
//!
//! Rejected: a task rewritten when it is loaded, for it would come out otherwise than it went in;
//! and a reading in each interface, where one forgot `null` and the next one floats.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::{Fields, TaskJson};

/// The largest whole number that a browser counts with, 2⁵³.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// The keys of a task that are there.
pub fn fields(task: &TaskJson) -> Fields {
    let mut fields = task.fields();
    fields.retain(|_, value| value.get() != "null");
    fields
}

/// The value under a key, if it is there.
pub fn get<'v>(object: &'v Value, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The same of an object's keys.
pub fn get_in<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// A whole number from 0 on, however it is written: `2`, `2.0`, `2e0`.
pub fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| integer(value).and_then(|number| u64::try_from(number).ok()))
}

/// A whole number, however it is written.
pub fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2^53")]
        (number.abs() <= LARGEST).then_some(number as i64)
    })
}

/// A place in a text or a list.
pub fn offset(object: &Value, key: &str) -> Option<usize> {
    get(object, key).and_then(whole).and_then(|offset| usize::try_from(offset).ok())
}

/// A number to calculate with.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// Whether nothing can be read in a text. The page counts the same (writing.js).
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

/// Why an entry of a list is not an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoOption {
    /// Neither a text, a number, nor an object with an id or a text.
    Nameless,
    /// Its id is that of an option before it.
    Twice(String),
}

/// The options of a list, each as an object with an `id`. A word or a number is an option with this
/// id and this text; an object without an id has its text, or its HTML, as its id.
///
/// # Errors
/// The first entry that is no option, and why.
pub fn options(listed: &[Value]) -> Result<Vec<Map<String, Value>>, (usize, NoOption)> {
    let mut ids = HashSet::with_capacity(listed.len());
    let mut options = Vec::with_capacity(listed.len());
    for (index, entry) in listed.iter().enumerate() {
        let option = option(entry).ok_or((index, NoOption::Nameless))?;
        let id = mark(&option["id"]);
        if ids.contains(&id) {
            return Err((index, NoOption::Twice(option["id"].to_string())));
        }
        ids.insert(id);
        options.push(option);
    }
    Ok(options)
}

/// The options of a list that can be chosen, for tasks that loading would refuse now. Entries that
/// are none have an id of their own place, `null`, that no answer can name.
pub fn usable_options(listed: &[Value]) -> Vec<Map<String, Value>> {
    let nothing = || Map::from_iter([("id".to_owned(), Value::Null)]);
    listed.iter().map(|entry| option(entry).unwrap_or_else(nothing)).collect()
}

fn option(entry: &Value) -> Option<Map<String, Value>> {
    match entry {
        Value::String(word) if is_blank(word) => None,
        Value::String(_) | Value::Number(_) => {
            let text = entry.as_str().map_or_else(|| entry.to_string(), str::to_owned);
            let keys = [("id".to_owned(), entry.clone()), ("text".to_owned(), text.into())];
            Some(Map::from_iter(keys))
        }
        Value::Object(given) => {
            let mut option = given.clone();
            option.retain(|_, value| !value.is_null());
            let id = match option.get("id") {
                Some(id) => id,
                None => option.get("text").or_else(|| option.get("html"))?,
            };
            let usable = id.is_number() || id.as_str().is_some_and(|id| !is_blank(id));
            let id = usable.then(|| id.clone())?;
            option.insert("id".into(), id);
            Some(option)
        }
        _ => None,
    }
}

/// A text that is the same for ids that are one: `1` and `1.0` are, `1` and `"1"` are not.
pub fn mark(id: &Value) -> String {
    integer(id).map_or_else(|| id.to_string(), |number| number.to_string())
}

/// An object with its whole numbers under these keys written as such, and without keys that are
/// `null`; nothing if it is written so already.
pub fn plain(object: &Map<String, Value>, whole_keys: &[&str]) -> Option<Map<String, Value>> {
    let mut plain = object.clone();
    plain.retain(|_, value| !value.is_null());
    let mut changed = plain.len() < object.len();
    for key in whole_keys {
        let Some(value) = plain.get_mut(*key) else { continue };
        if value.is_i64() || value.is_u64() {
            continue;
        }
        if let Some(number) = integer(value) {
            *value = Value::Number(Number::from(number));
            changed = true;
        }
    }
    changed.then_some(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json};

    use super::*;

    #[test]
    fn a_key_that_is_null_is_absent() {
        let task = TaskJson::parse(r#"{"text":"a","spans":null,"label":"null"}"#).expect("a task");
        assert_eq!(fields(&task).keys().collect::<Vec<_>>(), ["text", "label"]);
        assert_eq!(get(&json!({"id": null}), "id"), None);
    }

    #[test]
    fn whole_numbers_are_whole_however_they_are_written() {
        for (written, read) in [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("2e0", Some(2)),
            ("20e-1", Some(2)),
            ("0.0", Some(0)),
            ("-0.0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("2.5", None),
            ("-2.0", None),
            ("1e300", None),
            ("\"2\"", None),
            ("null", None),
            ("true", None),
        ] {
            let value: Value = from_str(written).expect("JSON");
            assert_eq!(whole(&value), read, "{written}");
        }
    }

    #[test]
    fn options_are_words_numbers_or_objects_with_one_id_each() {
        let listed = from_str::<Vec<Value>>(
            r#"["A", 2.0, {"text": "B", "id": null}, {"html": "<b>c</b>"}, {"id": 7, "text": "d", "n": 1.50}]"#,
        );
        let options = options(&listed.expect("JSON")).expect("options");
        let read = serde_json::to_string(&options).expect("JSON");
        assert_eq!(
            read,
            r#"[{"id":"A","text":"A"},{"id":2.0,"text":"2.0"},{"text":"B","id":"B"},{"html":"<b>c</b>","id":"<b>c</b>"},{"id":7,"text":"d","n":1.50}]"#
        );
    }

    #[test]
    fn what_is_no_option_is_named_with_its_place() {
        let nameless = |index| Err((index, NoOption::Nameless));
        for (listed, said) in [
            (json!(["A", null]), nameless(1)),
            (json!([true]), nameless(0)),
            (json!([""]), nameless(0)),
            (json!([[1]]), nameless(0)),
            (json!([{"n": 1}]), nameless(0)),
            (json!([{"id": {"a": 1}}]), nameless(0)),
            (json!([{"id": ""}]), nameless(0)),
            (json!(["A", {"id": "A"}]), Err((1, NoOption::Twice("\"A\"".into())))),
            (json!([1, 1.0]), Err((1, NoOption::Twice("1.0".into())))),
            (json!([1, "1"]), Ok(())),
        ] {
            let listed = listed.as_array().expect("a list");
            assert_eq!(options(listed).map(|_| ()), said, "{listed:?}");
        }
    }

    #[test]
    fn an_object_is_written_plainly_only_where_it_is_not() {
        let read = |written: &str| {
            let object: Map<String, Value> = from_str(written).expect("JSON");
            plain(&object, &["start", "id"]).map(|plain| Value::Object(plain).to_string())
        };
        assert_eq!(read(r#"{"start":0,"id":1,"score":1.0}"#), None);
        assert_eq!(
            read(r#"{"start":0.0,"id":1,"score":1.0,"x":null}"#).as_deref(),
            Some(r#"{"start":0,"id":1,"score":1.0}"#)
        );
    }
}

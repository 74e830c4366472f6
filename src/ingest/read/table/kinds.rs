//! What the cells of known columns mean: one table of keys and what each of them wants.
//!
//! A cell is a text. Where a key wants a number, a list or an object, the cell is read as one; what
//! cannot be is refused. Other columns stay texts, whatever they look like: a text `NA` or `007` is
//! a text. Only where no text is wanted, the words by which data frames say that nothing is there
//! mean just that.

use serde_json::{Map, Number, Value};

/// What a key wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Bool,
    /// A list, as JSON.
    List,
    /// A list, as JSON or as words with `|` between them.
    Words,
    /// One word as a text, several as a list, or JSON.
    WordOrWords,
    /// An object, as JSON.
    Object,
    /// An object or a word.
    ObjectOrWord,
    /// JSON where the cell is a list or an object, or else a text.
    Any,
    /// A setting: JSON where the cell is some, or else a text.
    Setting,
    /// An object as JSON; another text is the value of a key of that name in it.
    Meta,
}

/// The keys that mean something to annotd. Names with points lie within an object.
const KNOWN: [(&str, Kind); 38] = [
    ("text", Kind::Text),
    ("label", Kind::Text),
    ("html", Kind::Text),
    ("image", Kind::Text),
    ("audio", Kind::Text),
    ("video", Kind::Text),
    ("title", Kind::Text),
    ("body", Kind::Text),
    ("context_before", Kind::Text),
    ("context_after", Kind::Text),
    ("answer", Kind::Text),
    ("comment", Kind::Text),
    ("skip_reason", Kind::Text),
    ("view_id", Kind::Text),
    ("field_id", Kind::Text),
    ("field_label", Kind::Text),
    ("field_placeholder", Kind::Text),
    ("user_input", Kind::Text),
    ("flagged", Kind::Bool),
    ("field_required", Kind::Bool),
    ("field_rows", Kind::Number),
    ("width", Kind::Number),
    ("height", Kind::Number),
    ("meta.priority", Kind::Number),
    ("meta.requires", Kind::WordOrWords),
    ("meta.gold", Kind::ObjectOrWord),
    ("meta", Kind::Meta),
    ("config", Kind::Object),
    ("options", Kind::Words),
    ("spans", Kind::List),
    ("tokens", Kind::List),
    ("relations", Kind::List),
    ("arcs", Kind::List),
    ("audio_spans", Kind::List),
    ("pages", Kind::List),
    ("accept", Kind::Any),
    ("reject", Kind::Any),
    ("input", Kind::Any),
];

/// Words for nothing, as data frames write them.
const NOTHING: [&str; 7] = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None"];

const NUMBER: &str = "a number with a point for decimals, such as 400 or 0.5";
const LIST: &str = "a list in JSON, such as [{\"start\": 0, \"end\": 3, \"label\": \"A\"}]";
const WORDS: &str = "a list in JSON, or words with `|` between them, such as A|B";
const OBJECT: &str = "an object in JSON, such as {\"key\": \"value\"}";

/// What a cell should have been, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) expected: &'static str,
    pub(super) help: Option<&'static str>,
}

/// What a column wants, by its name.
pub(super) fn of(path: &[String]) -> Kind {
    let name = path.join(".");
    let known = KNOWN.iter().find(|(key, _)| *key == name).map(|(_, kind)| *kind);
    known.unwrap_or(match path {
        [first, _, ..] if first == "config" => Kind::Setting,
        _ => Kind::Text,
    })
}

/// The known name that a name means which is written with capitals; nothing if it is right as it
/// is.
pub(super) fn meant(path: &[String]) -> Option<Vec<String>> {
    let lower = path.join(".").to_lowercase();
    let (first, rest) = path.split_first()?;
    let meant = if KNOWN.iter().any(|(key, _)| *key == lower) {
        lower.split('.').map(str::to_owned).collect()
    } else if !rest.is_empty() && matches!(&*first.to_lowercase(), "meta" | "config") {
        let mut meant = vec![first.to_lowercase()];
        meant.extend_from_slice(rest);
        meant
    } else {
        return None;
    };
    (meant != path).then_some(meant)
}

/// The value of a cell that is not empty; nothing where it says that there is none.
///
/// # Errors
/// What would be right, if the cell cannot be read as this.
#[expect(clippy::match_same_arms, reason = "one arm for each kind, in the order of the kinds")]
pub(super) fn value(kind: Kind, cell: &str) -> Result<Option<Value>, Unfit> {
    let trimmed = cell.trim();
    if kind == Kind::Text {
        return Ok(Some(cell.into()));
    }
    if trimmed.is_empty() || kind != Kind::Any && NOTHING.contains(&trimmed) {
        return Ok(None);
    }
    let json: Option<Value> = serde_json::from_str(trimmed).ok();
    let is_list = json.as_ref().is_some_and(Value::is_array);
    let is_object = json.as_ref().is_some_and(Value::is_object);
    let looks_like_json = trimmed.starts_with(['[', '{']);
    let refuse = |expected: &'static str| {
        // What Python prints of a list is JSON but for its quotes.
        let help = if looks_like_json {
            "this is not JSON; in Python, write the column with .map(json.dumps)"
        } else {
            "or give the column another name, if it means something else"
        };
        Err(Unfit { expected, help: Some(help) })
    };
    let value = match kind {
        Kind::Text => cell.into(),
        Kind::Number => match json.filter(Value::is_number).or_else(|| plain_number(trimmed)) {
            Some(number) => number,
            None => return refuse(NUMBER),
        },
        Kind::Bool => match &*trimmed.to_lowercase() {
            "true" => true.into(),
            "false" => false.into(),
            _ => return refuse("`true` or `false`"),
        },
        Kind::List if is_list => json.unwrap_or_default(),
        Kind::List => return refuse(LIST),
        Kind::Words | Kind::WordOrWords if is_list => json.unwrap_or_default(),
        Kind::Words | Kind::WordOrWords if looks_like_json => return refuse(WORDS),
        Kind::WordOrWords if !trimmed.contains('|') => trimmed.into(),
        Kind::Words | Kind::WordOrWords => {
            let words = trimmed.split('|').map(str::trim);
            Value::Array(words.filter(|word| !word.is_empty()).map(Value::from).collect())
        }
        Kind::Object if is_object => json.unwrap_or_default(),
        Kind::Object => return refuse(OBJECT),
        Kind::ObjectOrWord if is_object => json.unwrap_or_default(),
        Kind::ObjectOrWord if looks_like_json => return refuse(OBJECT),
        Kind::ObjectOrWord => trimmed.into(),
        Kind::Any if is_list || is_object => json.unwrap_or_default(),
        Kind::Any => cell.into(),
        Kind::Setting if looks_like_json && json.is_none() => {
            return refuse("a setting: JSON, or a text");
        }
        Kind::Setting => match (json, &*trimmed.to_lowercase()) {
            (_, "true") => true.into(),
            (_, "false") => false.into(),
            (Some(json), _) => json,
            _ => trimmed.into(),
        },
        Kind::Meta if is_object => json.unwrap_or_default(),
        Kind::Meta if trimmed.starts_with('{') => return refuse(OBJECT),
        Kind::Meta => Value::Object(Map::from_iter([("meta".to_owned(), cell.into())])),
    };
    Ok(Some(value))
}

/// A number that is not one of JSON: with `+` before it, or with leading zeros.
fn plain_number(text: &str) -> Option<Value> {
    let number: i64 = text.parse().ok()?;
    Some(Value::Number(Number::from(number)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(key: &str, cell: &str) -> Result<Option<Value>, Unfit> {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        value(of(&path), cell)
    }

    #[test]
    fn a_cell_becomes_what_its_key_wants() {
        for (key, cell, expected) in [
            ("text", "NA", json!("NA")),
            ("label", "1", json!("1")),
            ("number", "1", json!("1")),
            ("meta.source", "null", json!("null")),
            ("meta.priority", "3", json!(3)),
            ("meta.priority", " 007 ", json!(7)),
            ("width", "400", json!(400)),
            ("options", "A|B", json!(["A", "B"])),
            ("options", "A", json!(["A"])),
            ("options", r#"[{"id":1,"text":"one"}]"#, json!([{"id": 1, "text": "one"}])),
            ("spans", "[]", json!([])),
            ("accept", r#"["A"]"#, json!(["A"])),
            ("accept", "The first reply", json!("The first reply")),
            ("input", "[Applause] Thanks", json!("[Applause] Thanks")),
            ("reject", "None", json!("None")),
            ("meta.gold", "accept", json!("accept")),
            ("meta.gold", r#"{"accept":["A"]}"#, json!({"accept": ["A"]})),
            ("meta.requires", "es", json!("es")),
            ("meta.requires", "es|expert", json!(["es", "expert"])),
            ("config.choice_style", "multiple", json!("multiple")),
            ("config.field_required", "TRUE", json!(true)),
            ("config.labels", r#"["A"]"#, json!(["A"])),
            ("meta", "0", json!({"meta": "0"})),
            ("meta", r#"{"n":1}"#, json!({"n": 1})),
            ("flagged", "TRUE", json!(true)),
        ] {
            assert_eq!(read(key, cell), Ok(Some(expected)), "{key}: {cell}");
        }
        let number = read("width", "400.0").expect("a number").expect("a number");
        assert_eq!(number.to_string(), "400.0");
    }

    #[test]
    fn nothing_is_nothing_where_no_text_is_wanted() {
        for cell in ["NA", "NaN", "null", "None", " "] {
            for key in ["meta.priority", "width", "options", "spans", "config", "flagged"] {
                assert_eq!(read(key, cell), Ok(None), "{key}: {cell}");
            }
        }
    }

    #[test]
    fn a_cell_that_cannot_be_read_is_refused_with_a_remedy() {
        for (key, cell, expected) in [
            ("meta.priority", "high", NUMBER),
            ("width", "1,5", NUMBER),
            ("spans", "0-3:A", LIST),
            ("options", "['A', 'B']", WORDS),
            ("tokens", "{}", LIST),
            ("config", "3", OBJECT),
            ("meta.gold", "{'accept': 1}", OBJECT),
        ] {
            let unfit = read(key, cell).expect_err(key);
            assert_eq!(unfit.expected, expected, "{key}: {cell}");
            assert!(unfit.help.is_some());
        }
        let python = read("options", "['A', 'B']").expect_err("Python");
        assert!(python.help.expect("help").contains("json.dumps"));
    }

    #[test]
    fn capitals_are_no_other_name() {
        let meant = |name: &str| {
            let path: Vec<String> = name.split('.').map(str::to_owned).collect();
            meant(&path).map(|path| path.join("."))
        };
        assert_eq!(meant("Text"), Some("text".into()));
        assert_eq!(meant("META.Priority"), Some("meta.priority".into()));
        assert_eq!(meant("Meta.Source"), Some("meta.Source".into()));
        for right in ["text", "meta.Source", "Author", "ID"] {
            assert_eq!(meant(right), None, "{right}");
        }
    }
}

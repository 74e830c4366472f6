//! What is right is read, from every format and packing, to the letter.

use std::fs;
use std::io::{self, Read};

use annotd::exchange::read::Format::{self, Csv, Json, Jsonl, Tsv};
use annotd::exchange::read::{from_reader, open};
use proptest::prelude::*;

use super::{gzip, read, texts, zstd};

#[test]
fn blank_lines_byte_order_marks_and_carriage_returns_do_no_harm() {
    let text = b"\xef\xbb\xbf\r\n{\"a\":1}\r\n  \n\n{\"b\":2}";
    assert_eq!(texts(None, text), ["{\"a\":1}", "{\"b\":2}"]);
    let lines: Vec<u64> =
        read("t", None, text).into_iter().map(|entry| entry.expect("a task").line).collect();
    assert_eq!(lines, [2, 5]);
    assert_eq!(texts(Some(Json), b"\xef\xbb\xbf[{\"a\":1}]"), ["{\"a\":1}"]);
    assert_eq!(texts(Some(Csv), b"\xef\xbb\xbfa\r\nx\r\n"), ["{\"a\":\"x\"}"]);
    assert!(texts(None, b"").is_empty());
    assert!(texts(None, b"\xef\xbb\xbf").is_empty());
}

#[test]
fn json_is_an_array_an_object_or_several() {
    assert_eq!(texts(Some(Json), b"[]"), [""; 0]);
    assert_eq!(texts(Some(Json), b" {\n \"a\" : [ 1.10 ] } \n"), ["{\"a\":[1.10]}"]);
    assert_eq!(texts(Some(Json), b"{\"a\":1}\n{\"b\":2}"), ["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!(texts(None, b"\n [{\"a\":\"]}\\\"\"},{}]"), ["{\"a\":\"]}\\\"\"}", "{}"]);
}

#[test]
fn tables_make_objects_of_strings() {
    let text = "text,meta.source,meta.n,label\n\
                \"a, \"\"b\"\"\nc\",web,1,\n\
                ,,,\n\
                =1,,,X\n";
    assert_eq!(
        texts(Some(Csv), text.as_bytes()),
        [
            r#"{"text":"a, \"b\"\nc","meta":{"source":"web","n":"1"}}"#,
            r#"{"text":"=1","label":"X"}"#
        ]
    );
    let lines: Vec<u64> = read("t", Some(Csv), text.as_bytes())
        .into_iter()
        .map(|entry| entry.expect("a task").line)
        .collect();
    assert_eq!(lines, [2, 5]);
    assert_eq!(
        texts(Some(Tsv), b"text\tlabel\nsay \"so\", you\tX"),
        [r#"{"text":"say \"so\", you","label":"X"}"#]
    );
}

#[test]
fn a_name_tells_the_format() {
    for (name, format) in [
        ("a.jsonl", Some(Jsonl)),
        ("a.NDJSON.GZ", Some(Jsonl)),
        ("b/a.json", Some(Json)),
        ("a.json.zst", Some(Json)),
        ("a.b.csv", Some(Csv)),
        ("a.tsv.gz", Some(Tsv)),
        ("a.txt", None),
        ("a", None),
        ("a.gz", None),
    ] {
        assert_eq!(Format::of_name(name), format, "{name}");
    }
}

#[test]
fn files_are_opened_by_name_and_their_bytes_counted() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("tasks.csv.gz");
    let packed = gzip(b"text\na\nb\n");
    fs::write(&path, &packed).expect("written");
    let mut tasks = open(&path).expect("opened");
    let meter = tasks.meter();
    assert_eq!(meter.total(), Some(packed.len() as u64));
    assert_eq!(tasks.by_ref().flatten().count(), 2);
    assert_eq!(meter.bytes_read(), packed.len() as u64);
    let missing = directory.path().join("none.jsonl");
    let error = open(&missing).err().expect("an error").to_string();
    assert!(error.contains("none.jsonl: No such file or directory"), "{error}");
    let error = open(directory.path()).err().expect("an error").to_string();
    assert!(error.ends_with("it is a directory; name the files in it"), "{error}");
}

/// `[` and then objects without end.
struct Endless(Vec<u8>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.0.len() < buffer.len() {
            self.0.extend(b"{\"a\":1},");
        }
        buffer.copy_from_slice(&self.0[..buffer.len()]);
        self.0.drain(..buffer.len());
        Ok(buffer.len())
    }
}

#[test]
fn an_array_is_read_an_element_at_a_time() {
    let tasks = from_reader("t", Some(Json), Box::new(Endless(b"[".to_vec())));
    assert_eq!(tasks.take(50_000).flatten().count(), 50_000);
}

/// JSON as somebody may have written it: any numbers, any escapes, white space left out.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        string(),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            object_of(inner),
        ]
    })
}

/// A string with raw characters and with escapes.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if u32::from(c) < 0x20 => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        }),
        prop::sample::select(vec![
            "\\n",
            "\\/",
            "\\u00e9",
            "\\ud83d\\ude00",
            "]",
            "}",
            ",",
            "\\\""
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn object_of(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((string(), values), 0..6).prop_map(|pairs| {
        let pairs: Vec<String> =
            pairs.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        format!("{{{}}}", pairs.join(","))
    })
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(objects in prop::collection::vec(object_of(value()), 0..8)) {
        let lines = objects.join("\n");
        let array = format!("[{}]", objects.join(" ,\n "));
        prop_assert_eq!(&texts(Some(Jsonl), lines.as_bytes()), &objects);
        prop_assert_eq!(&texts(None, &gzip(lines.as_bytes())), &objects);
        prop_assert_eq!(&texts(None, &zstd(lines.as_bytes())), &objects);
        prop_assert_eq!(&texts(Some(Json), array.as_bytes()), &objects);
        prop_assert_eq!(&texts(None, &gzip(array.as_bytes())), &objects);
        let several = [gzip(lines.as_bytes()), gzip(b"\n{}")].concat();
        prop_assert_eq!(texts(None, &several).len(), objects.len() + 1);
    }

    #[test]
    fn tables_come_back_as_they_were_written(
        rows in prop::collection::vec(prop::collection::vec("[a-z ,;\"\t\r\né😀]{0,6}", 3), 0..6),
        delimiter in prop::sample::select(vec![b',', b'\t']),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).expect("written");
        for row in &rows {
            writer.write_record(row).expect("written");
        }
        let text = writer.into_inner().expect("written");
        let format = if delimiter == b',' { Csv } else { Tsv };
        let expected: Vec<String> = rows
            .iter()
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .map(|row| {
                let pairs = ["a", "b", "c"].into_iter().zip(row).filter(|(_, cell)| !cell.is_empty());
                let task: serde_json::Map<_, _> =
                    pairs.map(|(name, cell)| (name.to_owned(), cell.clone().into())).collect();
                serde_json::Value::Object(task).to_string()
            })
            .collect();
        prop_assert_eq!(texts(Some(format), &text), expected);
    }

    #[test]
    fn nothing_panics_and_everything_ends(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [None, Some(Json), Some(Csv), Some(Tsv)] {
            for entry in read("t", format, &bytes) {
                if let Err(wrong) = entry {
                    prop_assert!(wrong.line >= 1 && wrong.column >= 1);
                    wrong.excerpt();
                }
            }
        }
    }

    #[test]
    fn a_damaged_line_has_a_place_and_the_next_one_is_read(
        object in object_of(value()),
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(vec!["", "\"", "}", "[", ",", "\\", "x", "😀", "\u{1}"]),
    ) {
        let (at, c) = object.char_indices().nth(at.index(object.chars().count())).expect("a place");
        let line = [&object[..at], with, &object[at + c.len_utf8()..]].concat();
        let text = format!("{line}\n{{\"next\":1}}");
        let entries = read("t", Some(Jsonl), text.as_bytes());
        let last = entries.last().expect("the next line");
        prop_assert_eq!(last.as_ref().expect("a task").line, 2);
        if let Some(Err(wrong)) = entries.first() {
            prop_assert_eq!(wrong.line, 1);
            let length = u64::try_from(line.chars().count()).expect("short");
            prop_assert!((1..=length + 1).contains(&wrong.column), "{}", wrong);
            prop_assert_eq!(&*wrong.text, &*line);
        }
    }
}

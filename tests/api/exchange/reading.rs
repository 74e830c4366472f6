//! What is right is read, from every format and packing, to the letter.

use std::fs;
use std::io::{self, Read};

use annotd::ingest::read::Format::{self, Csv, Json, Jsonl, Tsv, Txt};
use annotd::ingest::read::{from_reader, open};
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
fn tables_of_spreadsheets_and_data_frames_are_read() {
    let two = [r#"{"text":"one","label":"A"}"#, r#"{"text":"two","label":"A"}"#];
    for text in [
        "text,label\rone,A\rtwo,A\r",
        "text,label\r\r\none,A\r\r\ntwo,A\r\r\n",
        "text;label\r\none;A\r\ntwo;A\r\n",
        "text\tlabel\none\tA\ntwo\tA\n",
        "sep=;\r\ntext;label\r\none;A\r\ntwo;A\r\n",
        "\u{feff}\"sep=;\"\ntext;label\none;A\ntwo;A\n",
        ",text,label\n0,one,A\n1,two,A\n2,,\n",
        "\"\",\"text\",\"label\"\n\"1\",\"one\",\"A\"\n\"2\",\"two\",\"A\"\n",
        "\"text\",\"label\"\n\"1\",\"one\",\"A\"\n\"2\",\"two\",\"A\"\n",
        "Unnamed: 0,text,label\n0,one,A\n1,two,A\n",
        "text,label,,\none,A,,\ntwo,A,,\n",
        "Text,LABEL\none,A\ntwo,A\n",
        " text , label\none,A\ntwo,A\n\u{1a}",
    ] {
        assert_eq!(texts(Some(Csv), text.as_bytes()), two, "{text:?}");
    }
}

#[test]
fn lines_of_a_table_are_counted_whatever_ends_them() {
    for text in ["a,b\r1,2\r3\r", "a,b\r\n1,2\r\n3\r\n", "a,b\n1,2\n3"] {
        let lines: Vec<u64> = read("t", Some(Csv), text.as_bytes())
            .into_iter()
            .map(|entry| entry.map_or_else(|wrong| wrong.line, |entry| entry.line))
            .collect();
        assert_eq!(lines, [2, 3], "{text:?}");
    }
    // A line break within quotes is a line of the file, and a part of the text.
    let text = "a,b\r\"x\ry\",1\r2\r";
    let read = read("t", Some(Csv), text.as_bytes());
    assert_eq!(read[0].as_ref().expect("a task").body.as_str(), r#"{"a":"x\ry","b":"1"}"#);
    assert_eq!(read[1].as_ref().expect_err("a short row").line, 4);
}

#[test]
fn tsv_has_no_quotes_unless_its_names_are_in_some() {
    let text = "id\ttext\n1\t\"Stop now\n2\tsecond\n3\tthird \"headline\"\n";
    assert_eq!(
        texts(Some(Tsv), text.as_bytes()),
        [
            r#"{"id":"1","text":"\"Stop now"}"#,
            r#"{"id":"2","text":"second"}"#,
            r#"{"id":"3","text":"third \"headline\""}"#,
        ]
    );
    let quoted = "\"id\"\t\"text\"\n\"1\"\t\"a\tb\"\n";
    assert_eq!(texts(Some(Tsv), quoted.as_bytes()), [r#"{"id":"1","text":"a\tb"}"#]);
}

#[test]
fn cells_become_what_their_keys_want() {
    let text = "image,width,height,options,meta.priority,config.choice_style,note\n\
                a.png,400,300.0,A|B,3,multiple,NA\n";
    assert_eq!(
        texts(Some(Csv), text.as_bytes()),
        [concat!(
            r#"{"image":"a.png","width":400,"height":300.0,"options":["A","B"],"#,
            r#""meta":{"priority":3},"config":{"choice_style":"multiple"},"note":"NA"}"#
        )]
    );
}

#[test]
fn what_is_read_otherwise_than_it_is_written_is_said() {
    let said = |format: Format, text: &str| {
        let mut tasks =
            from_reader("t", Some(format), Box::new(io::Cursor::new(text.as_bytes().to_vec())));
        let notes = tasks.notes();
        assert!(tasks.by_ref().all(|entry| entry.is_ok()));
        notes.all()
    };
    assert_eq!(said(Csv, "Text,label\na,A\nb,A\n"), ["read `Text` as `text`"]);
    assert_eq!(
        said(Csv, ";text\n0;a\n"),
        [
            "the cells are separated by `;`",
            "the first column has the numbers of the rows; it was left out"
        ]
    );
    assert!(said(Tsv, "text\n\"a \"\"b\"\"\"\n")[0].contains("name a table with quotes .csv"));
    assert!(said(Txt, "text\tsource\na\tdesk\n")[0].contains("give it a name in .csv"));
    assert!(said(Txt, "text, source\n").is_empty());
    for text in ["text,label\na,A\n", "text\na\n", "meta.Source,Author\na,A\n"] {
        assert_eq!(said(Csv, text), [""; 0], "{text:?}");
    }
}

#[test]
fn plain_text_is_a_task_for_each_line() {
    let expected = [r#"{"text":"first é"}"#, r#"{"text":" second \"one\" "}"#];
    for text in ["first é\n second \"one\" \n", "first é\r\n\r\n second \"one\" \u{1a}"] {
        assert_eq!(texts(Some(Txt), text.as_bytes()), expected);
    }
    assert_eq!(texts(Some(Txt), b"\n{\"a\":1}\n"), [r#"{"a":1}"#]);
    assert_eq!(texts(Some(Txt), b"[{\"a\":1}]"), [r#"{"a":1}"#]);
    let wrong = read("t", Some(Txt), b"a\n\xff\nb");
    assert_eq!(wrong[1].as_ref().expect_err("not UTF-8").line, 2);
    assert_eq!(wrong.len(), 3);
}

#[test]
fn an_old_line_break_ends_a_line_of_json_too() {
    assert_eq!(texts(None, b"{\"a\":1}\r{\"b\":2}\r\x1a"), [r#"{"a":1}"#, r#"{"b":2}"#]);
    let wrong = read("t", Some(Json), b"[{\"a\":1},\r{\"b\" 2}]");
    assert_eq!(wrong[1].as_ref().expect_err("no colon").line, 2);
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
        ("a.txt", Some(Txt)),
        ("a.log", None),
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

/// JSON as a person may have written it: any numbers, any escapes, white space left out.
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
        delimiter in prop::sample::select(vec![b',', b';', b'\t']),
        end in prop::sample::select(vec![
            csv::Terminator::CRLF, csv::Terminator::Any(b'\n'), csv::Terminator::Any(b'\r'),
        ]),
    ) {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(end)
            .from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).expect("written");
        for row in &rows {
            writer.write_record(row).expect("written");
        }
        let text = writer.into_inner().expect("written");
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
        prop_assert_eq!(texts(Some(Csv), &text), expected);
    }

    #[test]
    fn nothing_panics_and_everything_ends(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [None, Some(Json), Some(Csv), Some(Tsv), Some(Txt)] {
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
            prop_assert_eq!(&*wrong.refused.text, &*line);
        }
    }
}

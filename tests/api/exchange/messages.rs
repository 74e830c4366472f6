//! One small case for every mistake, with the message it must give.

use annotd::ingest::read::Format::{self, Csv, Json, Jsonl, Tsv};

use super::{gzip, read, zstd};

/// What reading gives, in short: tasks as they are, mistakes as their messages, `!` before those
/// that end it.
fn outcome(format: Option<Format>, bytes: &[u8]) -> Vec<String> {
    read("t", format, bytes)
        .into_iter()
        .map(|entry| match entry {
            Ok(entry) => entry.body.to_string(),
            Err(wrong) if wrong.fatal => format!("!{wrong}"),
            Err(wrong) => wrong.to_string(),
        })
        .collect()
}

fn check(format: Format, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(outcome(Some(format), text.as_bytes()), *expected, "{text}");
    }
}

/// One line of JSONL with one mistake.
fn check_lines(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let text = format!("\n{text}\n{{}}");
        let expected = [format!("t:2:{expected}"), "{}".into()];
        assert_eq!(outcome(Some(Jsonl), text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn the_structure_of_an_object() {
    check_lines(&[
        (r#"{"a": 1 "b": 2}"#, "9: expected `,` or `}`, found `\"b\"`"),
        (r#"{"ü😀": "日本" 7}"#, "13: expected `,` or `}`, found `7`"),
        (r#"{"a": 1; "b": 2}"#, "8: expected `,` or `}`, found `;`"),
        (r#"{"a": [1 2]}"#, "10: expected `,` or `]`, found `2`"),
        (r#"{"a" 1}"#, "6: expected `:`, found `1`"),
        (r#"{"a": 1,}"#, "9: expected a key in double quotes after the comma, found `}`"),
        (r#"{"a": [1,]}"#, "10: expected a value after the comma, found `]`"),
        (r#"{"a": 1, 2}"#, "10: expected a key in double quotes, found `2`"),
        ("{a: 1}", "2: expected a key in double quotes, found `a`"),
        ("{'a': 1}", "2: expected a key in double quotes, found `'` (JSON has double quotes only)"),
        (r#"{"a": 'x'}"#, "7: expected a value, found `'` (JSON has double quotes only)"),
        (r#"{"a": 1 /* b */}"#, "9: expected `,` or `}`, found `/`"),
        (
            r#"{"a": 1}, {"b": 2}"#,
            "9: expected the end of the line, found `,` (one object on each line)",
        ),
        (
            r#"{"a": 1}{"b": 2}"#,
            "9: expected the end of the line, found `{` (one object on each line)",
        ),
    ]);
}

#[test]
fn lines_that_end_too_early() {
    check_lines(&[
        (
            "{",
            "2: expected the rest of the object up to `}`, found the end of the line \
             (each line is an object; other JSON is named .json)",
        ),
        (r#"{"a""#, "5: expected the rest of the object up to `}`, found the end of the line"),
        (r#"{"a":"#, "6: expected a value, found the end of the line"),
        (r#"{"a": nul"#, "10: expected a value, found the end of the line"),
        (r#"{"a": ["#, "8: expected the rest of the list up to `]`, found the end of the line"),
        (r#"{"a": "é"#, "9: expected the rest of the string up to `\"`, found the end of the line"),
        ("{\"a\": 1\r", "8: expected the rest of the object up to `}`, found the end of the line"),
    ]);
}

#[test]
fn words_and_numbers() {
    let no_such = "(JSON has no such number; write null, or leave the key out)";
    let digits = "(no leading zeros, and digits on both sides of the point)";
    check_lines(&[
        (r#"{"a": tru}"#, "7: expected a value, found `tru`"),
        (r#"{"a": True}"#, "7: expected a value, found `True` (JSON writes true)"),
        (r#"{"a": False}"#, "7: expected a value, found `False` (JSON writes false)"),
        (r#"{"a": None}"#, "7: expected a value, found `None` (JSON writes null)"),
        (r#"{"a": NaN}"#, &format!("7: expected a value, found `NaN` {no_such}")),
        (r#"{"a": -Infinity}"#, &format!("7: expected a number, found `-Infinity` {no_such}")),
        (r#"{"a": 01}"#, &format!("7: expected a number, found `01` {digits}")),
        (r#"{"a": 1.}"#, &format!("7: expected a number, found `1.` {digits}")),
        (r#"{"a": 1e}"#, &format!("7: expected a number, found `1e` {digits}")),
        (r#"{"a": -}"#, &format!("7: expected a number, found `-` {digits}")),
        (r#"{"a": .5}"#, "7: expected a value, found `.5`"),
        (r#"{"a": +1}"#, "7: expected a value, found `+1`"),
        (r#"{"a": 0x1F}"#, "8: expected `,` or `}`, found `x1F`"),
        (r#"{"a": 1_000}"#, "8: expected `,` or `}`, found `_000`"),
        ("plain words", "1: expected a value, found `plain`"),
        ("\u{a0}{}", "1: expected a value, found the character U+00A0"),
        (
            &format!("{{\"a\": {}}}", "x".repeat(40)),
            "7: expected a value, found `xxxxxxxxxxxxxxxxxxxxxxxx…`",
        ),
    ]);
}

#[test]
fn strings() {
    let escape = "expected an escape such as `\\n`, `\\\\` or `\\u00e9`";
    let pair = "expected a pair of surrogates such as `\\ud83d\\ude00`";
    let half = "(a character such as an emoji was cut in half; write it whole, or `\\ufffd`)";
    let control = "(control characters within a string are escaped)";
    check_lines(&[
        (r#"{"a": "\x41"}"#, &format!("8: {escape}, found `\\x`")),
        (r#"{"a": "\u12G4"}"#, &format!("8: {escape}, found `\\u12G4`")),
        (r#"{"a": "\u12"}"#, &format!("8: {escape}, found `\\u12`")),
        (r#"{"a": "\ud83d"}"#, &format!("8: {pair}, found `\\ud83d` {half}")),
        (r#"{"a": "\ud83d x"}"#, &format!("8: {pair}, found `\\ud83d` {half}")),
        (r#"{"a": "\ud83d\n"}"#, &format!("8: {pair}, found `\\ud83d` {half}")),
        (r#"{"a": "\ude00 x"}"#, &format!("8: {pair}, found `\\ude00` {half}")),
        (r#"{"a": "\ud83d\u0041"}"#, &format!("8: {pair}, found `\\ud83d` {half}")),
        (r#"{"a": "\ud83d\ud83d"}"#, &format!("8: {pair}, found `\\ud83d` {half}")),
        (r#"{"a": "\ud83d\ude00\ude01"}"#, &format!("20: {pair}, found `\\ude01` {half}")),
        (
            "{\"a\": \"x\ty\"}",
            &format!("9: expected `\\n`, `\\t` or `\\u00…`, found a tab {control}"),
        ),
        (
            "{\"a\": \"x\u{1}y\"}",
            &format!("9: expected `\\n`, `\\t` or `\\u00…`, found the character U+0001 {control}"),
        ),
    ]);
}

#[test]
fn what_is_json_and_no_task() {
    let object = "expected an object such as {\"text\": \"…\"}";
    check_lines(&[
        (
            "  [{}]",
            &format!("3: {object}, found an array (a file that is one array is named .json)"),
        ),
        ("3", &format!("1: {object}, found a number")),
        ("\"a\"", &format!("1: {object}, found a string")),
        ("null", &format!("1: {object}, found null")),
        (
            &format!("{{\"[\":{}{}}}", "[".repeat(80), "]".repeat(80)),
            "85: expected at most 80 levels of nesting, found more",
        ),
        (
            &format!("{{\"\\\"[\":{}{}}}", "[".repeat(300), "]".repeat(300)),
            "87: expected at most 80 levels of nesting, found more",
        ),
    ]);
}

#[test]
fn a_line_that_is_too_long_is_passed_over() {
    let exactly = format!("{{\"a\":\"{}\"}}", "x".repeat((8 << 20) - 8));
    assert_eq!(exactly.len(), 8 << 20);
    assert_eq!(outcome(Some(Jsonl), format!("{exactly}\r\n{{}}").as_bytes()), [&exactly, "{}"]);
    let longer = exactly.replacen('x', "xx", 1);
    for text in [format!("{longer}\n{{}}"), format!("{longer}{longer}\n{{}}")] {
        assert_eq!(
            outcome(Some(Jsonl), text.as_bytes()),
            [
                "t:1:8388609: expected a line of at most 8 MiB, found a longer one \
                 (keep large content elsewhere and give its address)",
                "{}",
            ]
        );
    }
    assert_eq!(
        outcome(Some(Json), format!("[{longer}, {{}}]").as_bytes()),
        [
            "t:1:8388610: expected an object of at most 8 MiB, found a longer one \
             (keep large content elsewhere and give its address)",
            "{}",
        ]
    );
    let text = format!("a,b\n{},1\nx,y\n\"{}", "x".repeat(9 << 20), "y".repeat(9 << 20));
    assert_eq!(
        outcome(Some(Csv), text.as_bytes()),
        [
            "t:2:8388609: expected a row of at most 8 MiB, found a longer one \
             (keep large content elsewhere and give its address)",
            r#"{"a":"x","b":"y"}"#,
            "!t:4:1: expected a closing quote for the cell that begins here, \
             found none within 8 MiB",
        ]
    );
}

#[test]
fn json_files() {
    let object = "expected an object such as {\"text\": \"…\"}";
    check(
        Json,
        &[
            ("", &["!t:1:1: expected `[` or `{`, found the end of the file"]),
            ("\n x", &["!t:2:2: expected `[` or `{`, found `x`"]),
            ("[", &["!t:1:2: expected an object or `]`, found the end of the file"]),
            ("[}", &["!t:1:2: expected an object or `]`, found `}`"]),
            ("[{},\n]", &["{}", "!t:2:1: expected an object after the comma, found `]`"]),
            ("[{},,{}]", &["{}", "!t:1:5: expected an object after the comma, found `,`"]),
            ("[{} {}]", &["{}", "!t:1:5: expected `,` or `]`, found `{`"]),
            ("[{}", &["{}", "!t:1:4: expected `,` or `]`, found the end of the file"]),
            ("[{}] [", &["{}", "!t:1:6: expected the end of the file, found `[`"]),
            ("{},{}", &["{}", "!t:1:3: expected another object or the end of the file, found `,`"]),
            (
                "[\n {\"a\": 1},\n {\"b\":\n \"é\" 3},\n {}]",
                &["{\"a\":1}", "!t:4:6: expected `,` or `}`, found `3`"],
            ),
            ("[{\"a\": [1}, {}]", &["!t:1:10: expected `,` or `]`, found `}`"]),
            ("[{\"a\": \"x}, {\"b\": 1}]", &["!t:1:15: expected `,` or `}`, found `b`"]),
            (
                "[{\"a\": {\"b\": 1}",
                &["!t:1:16: expected the rest of the object up to `}`, found the end of the file"],
            ),
            (
                "[null, {}, [{}]]",
                &[
                    &format!("t:1:2: {object}, found null"),
                    "{}",
                    &format!("t:1:12: {object}, found an array"),
                ],
            ),
            ("[nul, {}]", &[&format!("!t:1:2: {object}, found `nul`")]),
            (
                "[NaN]",
                &["!t:1:2: expected a value, found `NaN` \
                 (JSON has no such number; write null, or leave the key out)"],
            ),
        ],
    );
}

#[test]
fn tables() {
    let first = "expected 2 cells, as in the first row";
    check(
        Csv,
        &[
            ("a,b\n1\n2,3", &[&format!("t:2:2: {first}, found 1"), r#"{"a":"2","b":"3"}"#]),
            (
                "a,b\n\"é\",2,3",
                &[&format!(
                    "t:2:7: {first}, found 3 (a cell that holds the delimiter is put in double \
                     quotes)"
                )],
            ),
            (
                "a,b\n\"x\" y,1\n2,3",
                &[
                    "t:2:4: expected `,` or the end of the line after the closing quote, found a \
                     space (a quote within a quoted cell is written twice)",
                    r#"{"a":"2","b":"3"}"#,
                ],
            ),
            (
                "a,b\n\n1,\"x\n2,3\n",
                &["!t:3:3: expected a closing quote for the cell that begins here, \
                   found the end of the file"],
            ),
            ("a,b, a\n", &["!t:1:5: expected a name that no other column has, found `a`"]),
            (
                "a,,b\n1,,2\n3,x,4\n",
                &[
                    r#"{"a":"1","b":"2"}"#,
                    "t:3:3: expected an empty cell, found `x` in a column without a name (name the \
                     column in the first row, or write the table without its index: df.to_csv(path, \
                     index=False), write.csv(d, path, row.names = FALSE))",
                ],
            ),
            (
                "\"\"\n",
                &["!t:1:1: expected a name for the column, found an empty cell \
                   (the first row has a name for each column)"],
            ),
            (
                "meta.priority,text\nhigh,a\n2,b\n",
                &[
                    "t:2:1: expected a number with a point for decimals, such as 400 or 0.5 in the \
                     column `meta.priority`, found `high` (or give the column another name, if it \
                     means something else)",
                    r#"{"meta":{"priority":2},"text":"b"}"#,
                ],
            ),
            (
                "text,options\na,\"['A', 'B']\"\n",
                &[
                    "t:2:3: expected a list in JSON, or words with `|` between them, such as A|B in \
                   the column `options`, found `['A', 'B']` (this is not JSON; in Python, write the \
                   column with .map(json.dumps))",
                ],
            ),
            (
                "a.,b\n",
                &["!t:1:1: expected a name for the column, found `a.` \
                   (the first row has a name for each column)"],
            ),
            (
                "meta.x,meta\n",
                &["!t:1:8: expected a value or an object under a key, not both, \
                   found `meta` beside `meta.x`"],
            ),
        ],
    );
    check(
        Tsv,
        &[(
            "a\tb\n\"x\"y\t1\n\"2\n",
            &[
                r#"{"a":"\"x\"y","b":"1"}"#,
                "t:3:3: expected 2 cells, as in the first row, found 1 (in TSV no cell has a tab or a \
                 line break; name a table with quotes .csv)",
            ],
        )],
    );
}

#[test]
fn tables_that_are_one_object() {
    let help = "(pandas writes them with df.to_json(path, orient=\"records\", lines=True), to a file \
                named .jsonl)";
    for (text, found) in [
        (r#"{"text":{"0":"one","1":"two"},"label":{"0":"A","1":"A"}}"#, "by columns"),
        (r#"{"text":["one","two"]}"#, "by columns"),
        (
            r#"{"columns":["text"],"index":[0],"data":[["one"]]}"#,
            "as names and rows (orient=\"split\")",
        ),
        (r#"{"0":{"text":"one"},"1":{"text":"two"}}"#, "by its index"),
    ] {
        let expected = format!(
            "!t:1:1: expected one JSON object for each task, found a table written {found} {help}"
        );
        for format in [Json, Jsonl] {
            assert_eq!(outcome(Some(format), text.as_bytes()), std::slice::from_ref(&expected));
        }
    }
    for task in [r#"{"text":"a","meta":{"0":"x"}}"#, r#"{"text":"a","columns":[1],"data":[2]}"#] {
        assert_eq!(outcome(Some(Json), task.as_bytes()), [task]);
    }
}

#[test]
fn what_is_not_utf_8() {
    let help = "(save the file as UTF-8)";
    let wrong = format!("t:1:9: expected UTF-8, found byte 0xE9 {help}");
    assert_eq!(outcome(Some(Jsonl), b"{\"\xc3\xa9a\": \"\xe9\"}\n{}"), [&wrong, "{}"]);
    assert_eq!(outcome(Some(Json), b"[{\"\xc3\xa9\": \"\xe9\"}]"), [format!("!{wrong}")]);
    assert_eq!(
        outcome(Some(Csv), b"a,b\n\xff,1\n2,3"),
        [format!("t:2:1: expected UTF-8, found byte 0xFF {help}"), r#"{"a":"2","b":"3"}"#.into()]
    );
    assert_eq!(
        outcome(Some(Csv), b"caf\xe9,b\n1,2"),
        [format!("!t:1:4: expected UTF-8, found byte 0xE9 {help}")]
    );
    for without_mark in [&b"\0t\0e"[..], b"t\0e\0"] {
        let found = "UTF-16 without its byte order mark (save the file as UTF-8)";
        assert_eq!(
            outcome(Some(Csv), without_mark),
            [format!("!t:1:1: expected readable text, found {found}")]
        );
    }
    assert_eq!(
        outcome(None, b"\xff\xfe\0\0{\0\0\0"),
        ["!t:1:1: expected readable text, found UTF-32 (save the file as UTF-8)"]
    );
}

/// A text as Windows writes it.
fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn utf_16_with_its_mark_says_the_same_as_utf_8() {
    for (format, text) in [
        (Some(Jsonl), "{\"a\":\"é𝔘\"}\r\n{\"é𝔘\": x}\n{\"b\":[1.10]}"),
        (None, "{\"a\":1}\r\n"),
        (Some(Json), "[{\"a\":\"日本\"}, {\"b\": 2}, {\"c\" 3}]"),
        (Some(Csv), "text,label\r\n\"é, \"\"ü\"\"\",X\r\n"),
        (Some(Tsv), "text\tlabel\r\né \"ü\"\tX\r\n"),
        (Some(Format::Txt), "é\r\n\r\n日本𝔘\r\n"),
        (Some(Format::Txt), ""),
    ] {
        let expected = outcome(format, text.as_bytes());
        for big in [false, true] {
            assert_eq!(outcome(format, &utf16(text, big)), expected, "{text}");
            assert_eq!(outcome(format, &gzip(&utf16(text, big))), expected, "{text}");
        }
    }
    let mut cut = utf16("{\"a\":1}\n{\"b\":\"𝔘\"}", false);
    cut.truncate(cut.len() - 6);
    let found = "half of a character in UTF-16 (the file is damaged there, or not UTF-16)";
    assert_eq!(
        outcome(Some(Jsonl), &cut),
        ["{\"a\":1}".to_owned(), format!("!t:2:7: expected readable text, found {found}")]
    );
}

#[test]
fn what_is_no_json_and_has_no_name_says_how_tables_are_loaded() {
    let help = "(without a name that tells the format it is read as JSONL; a table is loaded from a file \
                named .csv or .tsv, lines of text from one named .txt)";
    let said = outcome(None, b"text,label\na,b\n");
    assert!(said[0].ends_with(help), "{said:?}");
    assert!(!said[1].contains(help), "{said:?}");
    let said = outcome(Some(Jsonl), b"text,label\n");
    assert!(!said[0].contains("named .csv"), "{said:?}");
}

#[test]
fn files_that_are_something_else() {
    for (bytes, found) in [
        (&b"PK\x03\x04"[..], "a ZIP archive or a spreadsheet (unpack it, or save as CSV)"),
        (b"\xfd7zXZ\0", "an xz file (unpack it, or use .gz or .zst)"),
        (b"BZh9", "a bzip2 file (unpack it, or use .gz or .zst)"),
        (b"PAR1", "a Parquet file (save it as JSONL)"),
    ] {
        let expected = format!("!t:1:1: expected readable text, found {found}");
        assert_eq!(outcome(None, bytes), [expected]);
    }
}

#[test]
fn a_packed_file_that_was_cut_short_gives_what_it_has() {
    let lines: Vec<String> =
        (0..20_000).map(|n| format!("{{\"n\":{n},\"x\":{}}}\n", n * n % 9973)).collect();
    let lines = lines.concat();
    let cut = "found the end of the file (the file was cut short, perhaps while it was copied)";
    for (name, packed) in [("gzip", gzip(lines.as_bytes())), ("zstd", zstd(lines.as_bytes()))] {
        let got = read("t", None, &packed[..packed.len() * 3 / 4]);
        let (last, before) = got.split_last().expect("something");
        assert!(before.len() > 5_000, "{name}: {}", before.len());
        for (entry, line) in before.iter().zip(lines.lines()) {
            assert_eq!(entry.as_ref().expect("a task").body.as_str(), line);
        }
        let wrong = last.as_ref().expect_err("cut short");
        assert!(wrong.fatal);
        assert_eq!(wrong.line, before.len() as u64 + 1);
        let expected = format!("expected the rest of the {name} data, {cut}");
        assert!(wrong.to_string().ends_with(&expected), "{wrong}");
        // Without its last bytes, which hold the check sum, everything is there, and still wrong.
        let got = read("t", None, &packed[..packed.len() - 2]);
        assert!(got.last().expect("something").is_err(), "{name}");
    }
    let mut damaged = gzip(lines.as_bytes());
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    let got = outcome(None, &damaged);
    let last = got.last().expect("something");
    assert!(last.starts_with("!t:") && last.contains("expected whole gzip data, found "), "{last}");
}

#[test]
fn an_excerpt_shows_the_place() {
    let excerpt = |bytes: &[u8]| {
        let wrong = read("t", None, bytes).into_iter().find_map(Result::err);
        wrong.expect("a mistake").excerpt()
    };
    assert_eq!(excerpt(b"\n{\"a\": tru}"), "2 | {\"a\": tru}\n  |       ^");
    assert_eq!(excerpt(b"[{\"a\":\n\t\"\xc3\xa9\" 3}]"), "2 |  \"é\" 3}\n  |      ^");
    let long = format!("{{\"a\": \"{}\" 3, \"b\": \"{}\"}}", "x".repeat(99), "y".repeat(99));
    let (line, caret) = (excerpt(long.as_bytes()), format!("  | {}^", " ".repeat(41)));
    assert_eq!(line.lines().nth(1), Some(&*caret));
    assert_eq!(line.lines().next().expect("a line").chars().count(), 4 + 1 + 40 + 40 + 1);
}

#[test]
fn a_reject_holds_the_line_and_the_reason() {
    let wrong = read("t", Some(Jsonl), b"{\"a\": tru}").remove(0).expect_err("a mistake");
    assert_eq!(
        wrong.reject(),
        r#"{"file":"t","line":1,"column":7,"reason":"t:1:7: expected a value, found `tru`","text":"{\"a\": tru}"}"#
    );
}

#[test]
fn an_exported_table_of_answers_is_no_table_of_tasks() {
    let text = b"date,coder,diff,id,answer,text\n2026-01-01,a,1,x,accept,one\n";
    let told = outcome(Some(Csv), text);
    assert_eq!(told.len(), 1, "{told:?}");
    let help = "export with --format jsonl: that is loaded as the tasks it came from";
    assert!(
        told[0].contains("annotd's own table of answers") && told[0].contains(help),
        "{told:?}"
    );
}

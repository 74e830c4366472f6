//! Random tasks of each interface, as text: most are whole, many have oddities, some are wrong.

use annotd::interface::Settings;
use annotd::task::{TOKENIZER, tokenize};
use serde_json::{Map, Value, json};

/// Numbers that follow from a name and a number.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(name: &str, number: u64) -> Self {
        let seed = name.bytes().fold(number, |sum, byte| {
            sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(byte))
        });
        Self(seed)
    }

    /// A number below this.
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default() % below.max(1)
    }

    /// Whether it is so, of a hundred times as often.
    fn often(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

/// An object as text: its keys with their values.
type Object = Vec<(String, String)>;

fn written(object: &[(String, String)]) -> String {
    let keys: Vec<String> =
        object.iter().map(|(key, value)| format!("{}:{value}", quoted(key))).collect();
    format!("{{{}}}", keys.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

fn listed(of: &[String]) -> String {
    format!("[{}]", of.join(","))
}

const PIECES: [&str; 26] = [
    "Ana",
    "can't",
    "3.5",
    "l’Europe",
    "O'Brien",
    "state-of-the-art",
    "คำปฏิญาณ",
    "น้ำ",
    "日本語",
    "中文",
    "שָׁלוֹם",
    "سلام",
    "cafe\u{301}",
    "👩‍🚀",
    "🇩🇪",
    "𝔘",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "<b>",
    "&amp;",
    "\"",
    "\\",
    "\u{200b}",
    "…",
];

fn text(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(8) {
        text += dice.pick(&PIECES);
        if dice.often(70) {
            text.push(' ');
        }
    }
    text
}

/// A whole number in one of the ways that files have it.
fn whole(dice: &mut Dice, number: usize) -> String {
    match dice.below(8) {
        0 => format!("{number}.0"),
        1 => format!("{number}e0"),
        _ => number.to_string(),
    }
}

/// A value that is no text.
fn no_text(dice: &mut Dice) -> String {
    dice.pick(&["5", "null", "[\"a\"]", "{\"0\":\"a\"}", "\"\"", "\" \"", "true"]).to_owned()
}

/// Adds a key that may be missing or null.
fn maybe(dice: &mut Dice, object: &mut Object, key: &str, value: impl FnOnce(&mut Dice) -> String) {
    match dice.below(10) {
        0 | 1 => {}
        2 | 3 => object.push((key.into(), "null".into())),
        _ => object.push((key.into(), value(dice))),
    }
}

fn text_field(dice: &mut Dice, key: &str) -> (String, String) {
    let value = if dice.often(3) { no_text(dice) } else { quoted(&text(dice)) };
    (key.into(), value)
}

/// Tokens of a text, cut anywhere between its words.
fn tokens(dice: &mut Dice, text: &str) -> Vec<(usize, usize)> {
    let points: Vec<char> = text.chars().collect();
    let mut places = Vec::new();
    let mut start = 0;
    while start < points.len() {
        if points[start].is_whitespace() {
            start += 1;
            continue;
        }
        let most = start + 1 + dice.below(6);
        let end = (start + 1..most.min(points.len()))
            .find(|end| points[*end].is_whitespace())
            .unwrap_or(most.min(points.len()));
        places.push((start, end));
        start = end;
    }
    places
}

fn token_list(dice: &mut Dice, text: &str, places: &[(usize, usize)]) -> String {
    let points: Vec<char> = text.chars().collect();
    let with_ids = dice.often(70);
    let wrong = dice.often(6);
    let list: Vec<String> = places
        .iter()
        .enumerate()
        .map(|(id, (start, end))| {
            let mut token = Object::new();
            if dice.often(80) {
                token.push((
                    "text".into(),
                    quoted(&points[*start..*end].iter().collect::<String>()),
                ));
            }
            let shift = usize::from(wrong && dice.often(30));
            token.push(("start".into(), whole(dice, start + shift)));
            token.push(("end".into(), whole(dice, *end)));
            if with_ids {
                token.push(("id".into(), whole(dice, id)));
            } else if dice.often(30) {
                token.push(("id".into(), "null".into()));
            }
            maybe(dice, &mut token, "ws", |_| "true".into());
            if dice.often(8) {
                token.push(("disabled".into(), "true".into()));
            }
            maybe(dice, &mut token, "pos", |_| "\"NOUN\"".into());
            written(&token)
        })
        .collect();
    listed(&list)
}

fn span_list(dice: &mut Dice, text: &str, places: &[(usize, usize)]) -> String {
    let length = text.chars().count();
    let many = dice.below(4);
    let list: Vec<String> = (0..many)
        .map(|_| {
            let (start, end) = if dice.often(70) && !places.is_empty() {
                let from = dice.below(places.len());
                let to = (from + dice.below(3)).min(places.len() - 1);
                (places[from].0, places[to].1)
            } else {
                let start = dice.below(length + 1);
                (start, start + dice.below(4))
            };
            let mut span: Object =
                vec![("start".into(), whole(dice, start)), ("end".into(), whole(dice, end))];
            let label = dice.pick(&["\"A\"", "\"B\"", "\"OLD é\"", "\"A\"", "\"B\"", "\"\""]);
            if dice.often(97) {
                span.push(("label".into(), label.into()));
            }
            maybe(dice, &mut span, "token_start", |_| "null".into());
            maybe(dice, &mut span, "score", |_| "1.50".into());
            written(&span)
        })
        .collect();
    listed(&list)
}

fn relation_list(dice: &mut Dice, many_tokens: usize) -> String {
    let many = dice.below(3);
    let list: Vec<String> = (0..many)
        .map(|_| {
            let ends = (dice.below(many_tokens + 1), dice.below(many_tokens));
            let mut relation: Object =
                vec![("head".into(), whole(dice, ends.1)), ("child".into(), whole(dice, ends.0))];
            maybe(dice, &mut relation, "label", |_| "\"A\"".into());
            maybe(dice, &mut relation, "n", |_| "1e3".into());
            written(&relation)
        })
        .collect();
    listed(&list)
}

fn option_list(dice: &mut Dice) -> String {
    let list: Vec<String> = (0..dice.below(5))
        .map(|number| match dice.below(6) {
            0 => quoted(&format!("word {number}")),
            1 => whole(dice, 100 + number),
            2 => {
                let mut option = vec![("text".into(), quoted(&format!("text {number}")))];
                maybe(dice, &mut option, "id", |_| "null".into());
                written(&option)
            }
            3 => format!("{{\"id\":{},\"html\":\"<b>h</b>\",\"image\":null}}", whole(dice, number)),
            4 if dice.often(10) => dice.pick(&["null", "\"word 0\"", "true", "{}"]).to_owned(),
            _ => format!("{{\"id\":\"id é {number}\",\"text\":\"o\"}}"),
        })
        .collect();
    listed(&list)
}

fn shape_list(dice: &mut Dice) -> String {
    let list: Vec<String> = (0..dice.below(4))
        .map(|_| {
            let (left, top) = (dice.below(30), dice.below(30));
            let (right, bottom) = (left + 1 + dice.below(40), top + 1 + dice.below(30));
            let mut shape: Object = vec![("label".into(), dice.pick(&["\"A\"", "\"OLD\""]).into())];
            match dice.below(5) {
                0 => {
                    for (key, value) in
                        [("x", left), ("y", top), ("width", right - left), ("height", bottom - top)]
                    {
                        shape.push((key.into(), whole(dice, value)));
                    }
                    maybe(dice, &mut shape, "points", |_| "null".into());
                }
                1 => {
                    shape.push(("type".into(), "\"polygon\"".into()));
                    let points = format!("[[{left}.0,{top}],[{right},{top}.5],[{right},{bottom}]]");
                    shape.push(("points".into(), points));
                }
                2 => shape.push(("points".into(), format!("[[{left},{top}],[{right},{bottom}]]"))),
                3 if dice.often(10) => shape.push(("points".into(), "[]".into())),
                _ => {
                    shape.push(("type".into(), "\"rect\"".into()));
                    let points = format!(
                        "[[{left},{top}],[{left},{bottom}],[{right},{bottom}],[{right},{top}]]"
                    );
                    shape.push(("points".into(), points));
                    maybe(dice, &mut shape, "x", |dice| whole(dice, left));
                    maybe(dice, &mut shape, "center", |_| "null".into());
                }
            }
            written(&shape)
        })
        .collect();
    listed(&list)
}

fn stretch_list(dice: &mut Dice) -> String {
    let list: Vec<String> = (0..dice.below(4))
        .map(|_| {
            let start = dice.below(50);
            let end = start + dice.below(20);
            let mut stretch: Object =
                vec![("start".into(), whole(dice, start)), ("end".into(), format!("{end}.250"))];
            maybe(dice, &mut stretch, "label", |_| "\"A\"".into());
            maybe(dice, &mut stretch, "id", |_| "7.0".into());
            written(&stretch)
        })
        .collect();
    listed(&list)
}

/// One of two that are compared.
fn side(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => no_text(dice),
        1 => written(&[("text".into(), quoted(&text(dice))), ("html".into(), "null".into())]),
        2 => written(&[("html".into(), quoted("<i>x</i>"))]),
        _ => quoted(&text(dice)),
    }
}

/// The keys that an interface asks for.
fn keys(view: &str, dice: &mut Dice) -> Object {
    let mut task = Object::new();
    let text = text(dice);
    let places = if dice.often(50) {
        tokens(dice, &text)
    } else {
        tokenize(&text, TOKENIZER).iter().map(|token| (token.start, token.end)).collect()
    };
    let shown = if dice.often(4) { no_text(dice) } else { quoted(&text) };
    match view {
        "text" | "classification" | "text_input" | "ner" | "spans" | "pos" => {
            task.push(("text".into(), shown));
            maybe(dice, &mut task, "spans", |dice| span_list(dice, &text, &places));
        }
        "choice" => {
            task.push(("text".into(), shown));
            maybe(dice, &mut task, "options", option_list);
            maybe(dice, &mut task, "accept", |dice| {
                dice.pick(&["[]", "[\"id é 0\"]", "[0]", "[\"A\"]"]).into()
            });
        }
        "html" => {
            task.push(text_field(dice, "html"));
            maybe(dice, &mut task, "q", |_| quoted(&text));
        }
        "ner_manual" | "spans_manual" | "pos_manual" => {
            task.push(("text".into(), shown));
            maybe(dice, &mut task, "tokens", |dice| token_list(dice, &text, &places));
            maybe(dice, &mut task, "spans", |dice| span_list(dice, &text, &places));
        }
        "dep" | "relations" => {
            task.push(("text".into(), shown));
            maybe(dice, &mut task, "tokens", |dice| token_list(dice, &text, &places));
            maybe(dice, &mut task, "spans", |dice| span_list(dice, &text, &places));
            let key = if view == "dep" { "arcs" } else { "relations" };
            maybe(dice, &mut task, key, |dice| relation_list(dice, places.len()));
        }
        "image" | "image_manual" => {
            task.push(text_field(dice, "image"));
            maybe(dice, &mut task, "spans", shape_list);
            maybe(dice, &mut task, "width", |dice| whole(dice, 40));
            maybe(dice, &mut task, "height", |dice| whole(dice, 30));
        }
        "audio" | "audio_manual" => {
            let key = dice.pick(&["audio", "video"]);
            task.push(text_field(dice, key));
            maybe(dice, &mut task, "audio_spans", stretch_list);
        }
        "compare" | "diff" => {
            maybe(dice, &mut task, "input", side);
            task.push(("accept".into(), side(dice)));
            task.push(("reject".into(), side(dice)));
        }
        "llm_io" => {
            task.push(text_field(dice, "prompt"));
            maybe(dice, &mut task, "response", |_| quoted(&text));
        }
        _ => {}
    }
    if view == "text_input" {
        maybe(dice, &mut task, "user_input", |dice| {
            dice.pick(&["\"so\"", "\"\"", "[1.50]", "3"]).into()
        });
        maybe(dice, &mut task, "field_suggestions", |_| "[\"x\",1.0,null]".into());
    }
    task
}

fn blocks(dice: &mut Dice) -> (Object, Value) {
    let (mut task, shows) = match dice.below(5) {
        0 => (keys("audio", dice), json!({"view_id": "audio"})),
        1 => (keys("llm_io", dice), json!({"view_id": "llm_io"})),
        2 => (keys("html", dice), json!({"view_id": "html", "html_template": "<b>{{q}}</b>"})),
        3 => (keys("relations", dice), json!({"view_id": "relations"})),
        _ => (keys("ner_manual", dice), json!({"view_id": "ner_manual"})),
    };
    if dice.often(50) {
        task.push(("options".into(), option_list(dice)));
    }
    let mut blocks = vec![shows];
    if dice.often(80) {
        blocks.push(if dice.often(50) {
            json!({"view_id": "choice", "text": null})
        } else {
            json!({"view_id": "choice", "text": false, "options": ["x", {"text": "y"}, 3]})
        });
    }
    if dice.often(50) {
        blocks.push(json!({"view_id": "text_input", "field_id": "why"}));
    }
    if dice.often(30) {
        blocks.push(json!({"view_id": "classification", "html_template": "<i>{{text}}{{q}}</i>"}));
    }
    (task, Value::Array(blocks))
}

/// A task of this interface and the settings of its project.
pub(crate) fn task(view: &str, dice: &mut Dice) -> (Settings, String) {
    let mut config = Map::new();
    for key in ["ner_manual_highlight_chars", "allow_newline_highlight"] {
        if dice.often(25) {
            config.insert(key.into(), true.into());
        }
    }
    if dice.often(50) {
        config.insert("choice_style".into(), "multiple".into());
    }
    if dice.often(50) {
        config.insert("relations_span_labels".into(), json!(["A", "B"]));
    }
    let mut task = match view {
        "blocks" => {
            let (task, blocks) = blocks(dice);
            config.insert("blocks".into(), blocks);
            task
        }
        "pages" => {
            let pages: Vec<String> = (0..=dice.below(2))
                .map(|_| {
                    let view = dice.pick(&[
                        "text",
                        "choice",
                        "ner_manual",
                        "text_input",
                        "image_manual",
                        "audio_manual",
                        "relations",
                        "html",
                    ]);
                    let mut page = keys(view, dice);
                    page.push(("view_id".into(), quoted(view)));
                    written(&page)
                })
                .collect();
            vec![("pages".into(), listed(&pages))]
        }
        view => keys(view, dice),
    };
    if matches!(view, "choice" | "classification") && dice.often(20) {
        config.insert("html_template".into(), "<p>{{q}}: {{meta.a}}</p>".into());
        task.retain(|(key, _)| key != "text");
        task.push(("q".into(), quoted(&text(dice))));
    }
    for (key, value) in [
        ("label", "\"A\""),
        ("meta", "{\"a\":1.10,\"b\":null}"),
        ("config", "{\"choice_style\":null}"),
        ("title", "\"t\""),
        ("z", "[1e3,-0.0,123456789012345678901234567890]"),
        ("comment", "null"),
        ("flagged", "null"),
        ("body", "null"),
    ] {
        maybe(dice, &mut task, key, |_| value.into());
    }
    for _ in 0..dice.below(task.len()) {
        let last = task.len() - 1;
        let place = dice.below(last);
        task.swap(place, last);
    }
    (Settings { labels: vec!["A".into(), "B".into()], config }, written(&task))
}

use serde_json::json;

use super::*;
use crate::task::{TOKENIZER, tokenize};

fn interface(view: &str, config: &Value) -> Interface {
    let config = config.as_object().expect("an object").clone();
    Interface::new(view, Settings { labels: vec!["X".into()], config }).expect("it is there")
}

fn content(view: &str, config: &Value) -> Identity {
    Identity::new(Rule::Content, interface(view, config), None)
}

fn made(identity: &Identity, line: &Value) -> IdentifiedTask {
    identity.make(TaskJson::from_value(line).expect("an object")).expect("a task")
}

fn id(identity: &Identity, line: &Value) -> String {
    made(identity, line).task.id.to_string()
}

/// How many tasks there are in lines that differ in one key alone.
fn tasks(identity: &Identity, base: &Value, key: &str, values: &[Value]) -> usize {
    let mut ids: Vec<String> = values
        .iter()
        .map(|value| {
            let mut line = base.clone();
            line[key] = value.clone();
            id(identity, &line)
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

/// A task that every interface can show, with keys that annotd does not know.
fn base() -> Value {
    json!({
        "text": "Ada in Rome", "html": "<b>x</b>", "image": "a.png", "audio": "a.wav", "video": "a.mp4",
        "prompt": "p", "response": "r", "input": {"text": "i"}, "accept": {"text": "y"},
        "reject": {"text": "z"}, "options": [{"id": 1, "text": "one"}], "label": "X", "title": "t",
        "pages": [{"view_id": "text", "text": "a page"}], "meta": {"source": "desk"}, "odd": 1,
    })
}

/// Five values for each key that could be seen.
fn visible() -> Vec<(&'static str, Vec<Value>)> {
    let texts = || (0..5).map(|n| json!(format!("{n}"))).collect::<Vec<_>>();
    let spans = |n: usize| json!([{"start": 0, "end": 3, "label": format!("L{n}")}]);
    let each = |make: &dyn Fn(usize) -> Value| (0..5).map(make).collect::<Vec<_>>();
    let mut all: Vec<(&str, Vec<Value>)> = [
        "text",
        "html",
        "image",
        "audio",
        "video",
        "prompt",
        "response",
        "label",
        "title",
        "context",
        "model",
        "score",
        "source",
        "path",
        "context_before",
        "user_input",
        "why",
        // Names that begin with `_` and are not the system's, and some that the page is sent.
        "_src",
        "_",
        "_score",
        "_page",
        "_tokens",
    ]
    .map(|key| (key, texts()))
    .into();
    all.extend([
        ("accept", each(&|n| json!({"text": format!("{n}")}))),
        ("reject", each(&|n| json!({"text": format!("{n}")}))),
        ("input", each(&|n| json!({"text": format!("{n}")}))),
        ("llm", each(&|n| json!({"prompt": format!("{n}")}))),
        ("options", each(&|n| json!([{"id": n, "text": "o"}]))),
        ("spans", each(&spans)),
        ("arcs", each(&|n| json!([{"head": 0, "child": n}]))),
        ("relations", each(&|n| json!([{"head": 0, "child": n, "label": "X"}]))),
        ("audio_spans", each(&|n| json!([{"start": n, "end": n + 1, "label": "X"}]))),
        ("width", each(&|n| json!(n))),
        ("tokens", each(&|n| json!([{"text": "A", "start": 0, "end": n, "id": 0}]))),
        ("meta", each(&|n| json!({"source": n}))),
        ("config", each(&|n| json!({"choice_style": "single", "n": n}))),
        ("pages", each(&|n| json!([{"view_id": "choice", "text": format!("{n}")}]))),
    ]);
    all
}

/// The keys in which an annotator produces something.
fn produced(view: &str) -> &'static [&'static str] {
    match view {
        "choice" => &["accept"],
        "ner_manual" | "spans_manual" | "pos_manual" => &["spans"],
        // The size is the answer's where the task has none.
        "image_manual" => &["spans", "width"],
        "relations" => &["relations"],
        "audio_manual" => &["audio_spans"],
        "text_input" => &["user_input"],
        _ => &[],
    }
}

/// The keys that answers set, also those in which an annotator only judges.
fn answer_keys(view: &str) -> impl Iterator<Item = &'static str> {
    let judged = (view == "relations").then_some("spans");
    produced(view).iter().copied().chain(judged)
}

/// The keys that a card shows as the task has them, and that another interface sets.
fn judged(view: &str) -> &'static [&'static str] {
    match view {
        "text" | "html" | "classification" | "choice" | "ner" | "spans" | "pos" | "relations" => {
            &["spans"]
        }
        "dep" => &["arcs", "spans"],
        "compare" | "diff" => &["accept", "reject"],
        "image" => &["spans", "width", "height"],
        "audio" => &["audio_spans"],
        _ => &[],
    }
}

#[test]
fn five_lines_that_differ_in_one_visible_key_are_five_tasks_for_every_interface() {
    for view in Interface::names() {
        let identity = content(view, &json!({"blocks": [{"view_id": "text"}]}));
        for (key, values) in visible() {
            let expected = if produced(view).contains(&key) { 1 } else { 5 };
            assert_eq!(tasks(&identity, &base(), key, &values), expected, "{view}: {key}");
        }
    }
}

#[test]
fn five_lines_that_differ_in_one_visible_key_are_five_tasks_for_blocks_of_every_two() {
    let names: Vec<&str> = Interface::names()
        .into_iter()
        .filter(|view| !matches!(*view, "blocks" | "pages"))
        .collect();
    let mut pairs = 0;
    for one in &names {
        for other in &names {
            // No two blocks may set the same key.
            if answer_keys(one).any(|key| answer_keys(other).any(|set| set == key)) {
                continue;
            }
            let blocks = json!([{"view_id": one}, {"view_id": other}]);
            let identity = content("blocks", &json!({"blocks": blocks}));
            for (key, values) in visible() {
                let is_produced = produced(one).contains(&key) || produced(other).contains(&key);
                let is_judged = judged(one).contains(&key) || judged(other).contains(&key);
                let expected = if is_produced && !is_judged { 1 } else { 5 };
                let found = tasks(&identity, &base(), key, &values);
                assert_eq!(found, expected, "{one} and {other}: {key}");
            }
            pairs += 1;
        }
    }
    assert!(pairs > 300, "{pairs}");
}

/// A template, a key and a setting as a file may have them: with escapes that a parser undoes.
#[test]
fn five_lines_are_five_tasks_however_a_key_or_a_template_that_shows_it_is_written() {
    let escaped = |word: &str| -> String {
        word.chars()
            .flat_map(|c| format!("\\u{:04x}", u32::from(c)).chars().collect::<Vec<_>>())
            .collect()
    };
    let different = |view: &str, config: &Value, line: &dyn Fn(usize) -> String| {
        let identity = content(view, config);
        let ids: std::collections::HashSet<String> = (0..5)
            .map(|n| {
                let body = TaskJson::parse(&line(n)).expect("an object");
                identity.make(body).expect("a task").task.id.to_string()
            })
            .collect();
        ids.len()
    };
    for key in ["größe", "accept", "comment", "_src", "an odd.one", "user_input"] {
        let name = key.split('.').next().expect("a name");
        for template in
            ["{{x}}", "{{ x }}", "{{{x}}}", "{{&x}}", "{{#x}}a{{/x}}", "{{\t^x}}a{{/x}}"]
        {
            let template = template.replace('x', name);
            for (setting, key, template) in [
                (
                    "html_template".to_owned(),
                    key.to_owned(),
                    serde_json::to_string(&template).expect("JSON"),
                ),
                (escaped("html_template"), key.to_owned(), format!("\"{}\"", escaped(&template))),
                ("html_template".to_owned(), escaped(key), format!("\"{}\"", escaped(&template))),
            ] {
                let own = |n: usize| {
                    let config = format!("{{\"{setting}\":{template}}}");
                    format!(
                        "{{\"text\":\"a\",\"{key}\":[\"{n}\"],\"options\":[\"0\"],\"config\":{config}}}"
                    )
                };
                for view in ["html", "choice", "text_input"] {
                    assert_eq!(different(view, &json!({}), &own), 5, "{view}: {}", own(0));
                }
            }
        }
    }
}

/// A text field may stand under any key; a setting under that key still changes the card.
#[test]
fn five_lines_that_differ_in_a_setting_are_five_tasks_also_where_a_text_is_written_under_its_name()
{
    for setting in crate::interface::setting_names::SETTINGS {
        let values: Vec<Value> = (0..5).map(|n| json!(format!("{n}"))).collect();
        let base = json!({"text": "a"});
        let field = json!({"field_id": setting});
        let block = json!({"blocks": [{"view_id": "text_input", "field_id": setting}]});
        for (view, config) in [("text_input", &field), ("blocks", &block)] {
            let identity = content(view, config);
            assert_eq!(tasks(&identity, &base, setting, &values), 5, "{view}: {setting}");
        }
    }
}

/// A store that was made with the first edition: the same lines are the same tasks, so that a file
/// that was loaded adds nothing.
#[test]
fn stores_of_the_first_edition_go_on_by_it() {
    let first = |view: &str, line: &str| {
        let identity = Identity::new(Rule::FirstContent, interface(view, &json!({})), None);
        let made = identity.make(TaskJson::parse(line).expect("an object")).expect("a task");
        made.task.id.to_string()
    };
    let (a, b) = (r#"{"text":"a","_src":1}"#, r#"{"text":"a","_src":2}"#);
    assert_eq!(first("text", a), first("text", b));
    assert_eq!(first("text", a), id(&content("text", &json!({})), &json!({"text": "a"})));
    let template = |n: u8| {
        format!(
            r#"{{"gr\u00f6\u00dfe":1,"accept":["{n}"],"config":{{"html_templ\u0061te":"{{{{accept}}}}"}}}}"#
        )
    };
    assert_eq!(first("choice", &template(1)), first("choice", &template(2)));
}

#[test]
fn a_suggestion_counts_where_another_block_shows_it_and_not_where_the_block_hides_it() {
    let lines = [json!([]), json!([{"start": 0, "end": 3, "label": "X"}])];
    let base = json!({"text": "Ada in Rome"});
    for (beside, expected) in [
        (json!({"view_id": "ner"}), 2),
        (json!({"view_id": "choice"}), 2),
        (json!({"view_id": "choice", "text": null}), 1),
        (json!({"view_id": "choice", "html_template": "<b>{{text}}</b>"}), 1),
        (json!({"view_id": "html", "html_template": "<b>{{#spans}}{{label}}{{/spans}}</b>"}), 2),
        (json!({"view_id": "html", "html": "<b>x</b>", "text": null}), 1),
        (json!({"view_id": "text_input"}), 1),
        (json!({"view_id": "dep"}), 2),
    ] {
        let blocks = json!({"blocks": [{"view_id": "spans_manual"}, beside]});
        let identity = content("blocks", &blocks);
        assert_eq!(tasks(&identity, &base, "spans", &lines), expected, "{blocks}");
    }
}

#[test]
fn a_task_that_was_stored_while_any_set_key_was_a_suggestion_is_still_in_order() {
    let views = ["ner", "spans_manual", "audio", "audio_manual"];
    let blocks: Vec<Value> = views.iter().map(|view| json!({"view_id": view})).collect();
    let blocks = interface("blocks", &json!({"blocks": blocks}));
    let identity = Identity::new(Rule::FirstContent, blocks, None);
    let plain = json!({"text": "Ada", "audio": "a.wav"});
    let mut suggests = plain.clone();
    suggests["spans"] = json!([{"start": 0, "end": 3, "label": "X"}]);
    suggests["audio_spans"] = json!([{"start": 0, "end": 3, "label": "X"}]);
    assert_ne!(id(&identity, &plain), id(&identity, &suggests));
    let stored = TaskJson::from_value(&suggests).expect("an object");
    let was = id(&identity, &plain);
    assert!(identity.readings(&stored).any(|task| task.id.as_str() == was));
}

#[test]
fn an_answer_that_a_block_shows_is_known_by_its_id_alone() {
    let blocks = json!({"blocks": [{"view_id": "ner"}, {"view_id": "spans_manual"}]});
    let identity = content("blocks", &blocks);
    let spans = |label: &str| json!([{"start": 0, "end": 3, "label": label}]);
    let body = |value: &Value| TaskJson::from_value(value).expect("an object");
    let added = json!({"spans": spans("NEW")});
    let added = added.as_object().expect("an object");
    let line = body(&json!({"text": "Ada", "spans": spans("NEW")}));
    for stored in [json!({"text": "Ada"}), json!({"text": "Ada", "spans": spans("OLD")})] {
        assert_eq!(identity.difference(&line, &body(&stored), &[added]), None, "{stored}");
        let others = identity.difference(&line, &body(&stored), &[]);
        assert_eq!(others, Some("spans".into()), "{stored}");
    }
}

#[test]
fn a_page_counts_as_a_task_of_its_own_interface_does() {
    let identity = content("pages", &json!({}));
    let pages = |pages: Value| id(&identity, &json!({"pages": pages}));
    let plain = pages(json!([{"view_id": "ner_manual", "text": "Ada in Rome"}]));
    let spans = json!([{"start": 0, "end": 3, "label": "X"}]);
    assert_eq!(
        plain,
        pages(json!([{"view_id": "ner_manual", "text": "Ada in Rome", "spans": spans}]))
    );
    assert_ne!(plain, pages(json!([{"view_id": "ner_manual", "text": "Ada in Bonn"}])));
    let judged = json!([{"view_id": "ner", "text": "Ada in Rome", "spans": spans}]);
    assert_ne!(pages(judged), pages(json!([{"view_id": "ner", "text": "Ada in Rome"}])));
}

#[test]
fn spans_between_which_relations_are_drawn_count_unless_spans_may_be_drawn() {
    let lines = [json!([]), json!([{"start": 0, "end": 3, "label": "X"}])];
    let base = json!({"text": "Ada in Rome"});
    assert_eq!(tasks(&content("relations", &json!({})), &base, "spans", &lines), 2);
    let draws = content("relations", &json!({"relations_span_labels": ["X"]}));
    assert_eq!(tasks(&draws, &base, "spans", &lines), 1);
    // An answer says that there are none where the task says nothing.
    let none = json!({"text": "Ada in Rome", "spans": []});
    let judges = content("relations", &json!({}));
    assert_eq!(id(&judges, &base), id(&judges, &none));
}

#[test]
fn what_only_steers_annotd_does_not_count() {
    let identity =
        Identity::new(Rule::Content, interface("text", &json!({})), Some("meta.for.whom"));
    let plain = id(&identity, &json!({"text": "a"}));
    for meta in [
        json!({"priority": 3}),
        json!({"requires": ["es"], "gold": "reject"}),
        json!({"for": {"whom": ["andy"]}}),
        json!({}),
        json!(null),
    ] {
        assert_eq!(plain, id(&identity, &json!({"text": "a", "meta": meta})), "{meta}");
    }
    for meta in [json!({"for": {}}), json!({"for": {"whom": 1, "why": 2}}), json!({"n": 1})] {
        assert_ne!(plain, id(&identity, &json!({"text": "a", "meta": meta})), "{meta}");
    }
}

#[test]
fn numbers_are_their_values_and_null_is_absent() {
    let identity = content("image_manual", &json!({}));
    let plain = id(&identity, &json!({"image": "a.png", "width": 640, "meta": {"n": 0.5}}));
    let line = r#"{"label":null,"image":"a.png","width":640.0,"meta":{"n":5e-1,"z":null}}"#;
    let same = identity.make(TaskJson::parse(line).expect("an object")).expect("a task");
    assert_eq!(plain, same.task.id.to_string());
    assert_eq!(same.task.body.as_str(), line, "the line itself is kept to the letter");
}

#[test]
fn tokens_that_would_be_computed_do_not_count_where_spans_are_drawn_on_them() {
    let plain = json!({"text": "Ada  in Rome"});
    let (manual, text) = (content("ner_manual", &json!({})), content("text", &json!({})));
    for version in 1..=TOKENIZER {
        let tokens = serde_json::to_value(tokenize("Ada  in Rome", version)).expect("JSON");
        let with = json!({"text": "Ada  in Rome", "tokens": tokens});
        assert_eq!(id(&manual, &plain), id(&manual, &with), "{version}");
        assert_ne!(id(&text, &plain), id(&text, &with), "{version}");
        let other = json!({"text": "Ada  in Rome", "tokens": [tokens[0], tokens[1]]});
        assert_ne!(id(&manual, &plain), id(&manual, &other), "{version}");
    }
}

#[test]
fn a_hash_that_follows_from_the_content_says_nothing_and_another_makes_another_task() {
    for view in ["text", "ner_manual", "choice", "audio_manual"] {
        let identity = content(view, &json!({}));
        let plain = json!({"text": "hi my name is 0"});
        let same = json!({
            "text": "hi my name is 0", "_input_hash": -784_135_307, "_task_hash": -978_533_357,
        });
        assert_eq!(id(&identity, &plain), id(&identity, &same), "{view}");
        let mut ids = vec![id(&identity, &plain)];
        for hash in [json!(1), json!(-5_000_000_000_i64), json!("7")] {
            let line = json!({"text": "hi my name is 0", "_task_hash": hash});
            let made = made(&identity, &line);
            ids.push(made.task.id.to_string());
            let line = json!({"text": "hi my name is 0", "_input_hash": hash});
            ids.push(id(&identity, &line));
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{view}");
    }
}

#[test]
fn an_answer_is_the_task_it_was_given_to() {
    let spans = json!([{"start": 0, "end": 3, "label": "X", "token_start": 0, "token_end": 0}]);
    for (view, task, adds) in [
        ("text", json!({"text": "Ada"}), json!({})),
        ("ner_manual", json!({"text": "Ada"}), json!({"spans": spans})),
        ("choice", json!({"text": "Ada", "options": ["a"]}), json!({"accept": ["a"]})),
        ("text_input", json!({"text": "Ada"}), json!({"user_input": "so"})),
        ("audio_manual", json!({"audio": "a.wav", "label": "X"}), json!({"audio_spans": []})),
        ("relations", json!({"text": "Ada"}), json!({"relations": [], "spans": []})),
        ("image_manual", json!({"image": "a.png"}), json!({"spans": []})),
    ] {
        let identity = content(view, &json!({}));
        let first = made(&identity, &task).task;
        let mut line = task.as_object().expect("an object").clone();
        if let Some(tokens) = identity.interface.computed_tokens(&first.body) {
            line.insert("tokens".into(), tokens);
        }
        line.extend(adds.as_object().expect("an object").clone());
        for (key, value) in [
            ("_input_hash", json!(first.input_hash)),
            ("_task_hash", json!(first.task_hash)),
            ("_view_id", json!(view)),
            ("answer", json!("accept")),
            ("flagged", json!(true)),
            ("comment", json!("odd")),
            ("_timestamp", json!(3)),
            ("_annotator_id", json!("p-andy")),
            ("_session_id", json!("p-andy")),
            ("_id", json!(first.id)),
        ] {
            line.insert(key.into(), value);
        }
        let again = made(&identity, &line.into());
        assert_eq!(again.task.id, first.id, "{view}");
        assert_eq!(again.claims, None, "{view}");
    }
}

#[test]
fn what_a_template_may_show_counts_unless_an_annotator_has_said_it() {
    let template = content("html", &json!({"html_template": "{{question}} {{answer}}"}));
    let base = json!({"question": "Where?"});
    let answers = [json!("Rome"), json!("Bonn")];
    assert_eq!(tasks(&template, &base, "answer", &answers), 2);
    let comments = [json!("one"), json!("two")];
    assert_eq!(tasks(&template, &base, "comment", &comments), 2);
    let answered = json!({"question": "Where?", "answer": "accept"});
    assert_eq!(tasks(&template, &answered, "comment", &comments), 1);
    assert_eq!(id(&template, &base), id(&template, &answered));
    let plain = content("text", &json!({}));
    assert_eq!(tasks(&plain, &json!({"text": "a"}), "comment", &comments), 1);
    let block = json!({"blocks": [{"view_id": "html", "html_template": "{{comment}}"}]});
    assert_eq!(tasks(&content("blocks", &block), &base, "comment", &comments), 2);
    let own = json!({"q": 1, "config": {"html_template": "{{comment}}"}});
    assert_eq!(tasks(&content("html", &json!({})), &own, "comment", &comments), 2);
}

#[test]
fn a_line_that_claims_to_be_a_task_says_in_which_key_it_differs() {
    let identity = content("ner_manual", &json!({}));
    let body = |value: Value| TaskJson::from_value(&value).expect("an object");
    let stored = body(json!({"text": "Ada", "title": "t", "spans": [1], "n": 2}));
    let added = json!({"mood": "good"});
    let added = added.as_object().expect("an object");
    let differs = |line: Value| identity.difference(&body(line), &stored, &[added]);
    let same = json!({
        "text": "Ada", "title": "t", "n": 2.0, "spans": [], "mood": "good", "tokens": [], "_late": true,
        "answer": "accept", "none": null,
    });
    assert_eq!(differs(same), None);
    assert_eq!(differs(json!({"text": "Eve", "title": "t", "n": 2})), Some("text".into()));
    assert_eq!(differs(json!({"text": "Ada", "n": 2})), Some("title".into()));
    assert_eq!(differs(json!({"text": "Ada", "title": null, "n": 2})), Some("title".into()));
    let more = json!({"text": "Ada", "title": "t", "n": 2, "mood": "bad"});
    assert_eq!(differs(more), Some("mood".into()));
}

#[test]
fn a_path_or_prodigys_hash_can_be_the_rule() {
    let by = |rule: &str| {
        let rule = Rule::from_text(rule).expect("a rule");
        Identity::new(rule, interface("text", &json!({})), None)
    };
    let path = by("meta.id");
    let line = |id: Value| json!({"text": "a", "meta": {"id": id}});
    assert_eq!(id(&path, &line(json!(7))), id(&path, &json!({"meta": {"id": "7"}})));
    assert_ne!(id(&path, &line(json!(7))), id(&path, &line(json!(8))));
    for wrong in [json!({"text": "a"}), line(json!(null)), line(json!("")), line(json!([1]))] {
        assert!(path.make(TaskJson::from_value(&wrong).expect("an object")).is_err(), "{wrong}");
    }
    let hash = by("task_hash");
    let five = json!({"text": "a", "_task_hash": 5});
    assert_eq!(id(&hash, &five), id(&hash, &json!({"text": "b", "_task_hash": 5.0})));
    assert_eq!(
        id(&hash, &json!({"text": "a", "label": "X"})),
        id(&hash, &json!({"text": "a", "label": "X", "title": "t"}))
    );
    assert!(Rule::from_text("meta..id").is_none() && Rule::from_text("").is_none());
    for text in ["content", "task_hash", "format-2", "meta.id", "id"] {
        assert_eq!(Rule::from_text(text).expect("a rule").as_str(), text);
    }
    for rule in [
        Rule::Content,
        Rule::FirstContent,
        Rule::TaskHash,
        Rule::Format2,
        Rule::Path("meta.id".into()),
    ] {
        assert_eq!(Rule::from_stored(rule.stored()), Some(rule.clone()), "{rule}");
        assert_eq!(Rule::from_text(rule.stored()).is_none(), rule == Rule::Content);
    }
    assert!(Rule::FirstContent.is_named_as(&Rule::Content));
}

#[test]
fn suggestions_that_differ_are_told_apart_beside_the_identity() {
    let identity = content("ner_manual", &json!({}));
    let with = |spans: Value| made(&identity, &json!({"text": "Ada", "spans": spans}));
    let (one, other) = (with(json!([{"start": 0}])), with(json!([{"start": 1}])));
    assert_eq!(one.task.id, other.task.id);
    assert_ne!(one.suggestions_hash, other.suggestions_hash);
    assert_eq!(one.suggestions_hash, with(json!([{"start": 0.0}])).suggestions_hash);
    assert_eq!(made(&identity, &json!({"text": "Ada"})).suggestions_hash, None);
}

/// Stores and exports hold them: after a change of one, every file that is loaded again is new.
#[test]
fn identities_by_content_stay_what_they_are() {
    for (view, line, expected) in [
        ("text", r#"{"text":"hi my name is 0"}"#, "4afde0084b1049925dae57d946d6420e"),
        (
            "text",
            r#"{"_task_hash":7,"text":"hi my name is 0"}"#,
            "e6192aa961eee392a7ab2e842fda5ab3",
        ),
        (
            "ner_manual",
            r#"{"text":"Größe 1.50 \"m\"","spans":[],"meta":{"n":[1.50,null,true]}}"#,
            "38110f8b2dbe110320ae3ac80814aa65",
        ),
    ] {
        let made = content(view, &json!({})).make(TaskJson::parse(line).expect("an object"));
        assert_eq!(made.expect("a task").task.id.as_str(), expected, "{line}");
    }
}

#[test]
fn a_key_that_the_card_shows_counts_although_a_text_is_written_there() {
    for key in ["text", "html", "label", "title", "image"] {
        let identity = content("text_input", &json!({"field_id": key}));
        let task = |value: &str| json!({"text": "a", "html": "b", "n": 1, key: value});
        assert_ne!(id(&identity, &task("one")), id(&identity, &task("two")), "{key}");
    }
    let identity = content("choice", &json!({"html_template": "<p>{{ accept }}</p>"}));
    let task = |id: &str| json!({"options": ["A", "B"], "accept": [id]});
    assert_ne!(id(&identity, &task("A")), id(&identity, &task("B")));
    let plain = content("choice", &json!({}));
    assert_eq!(id(&plain, &task("A")), id(&plain, &task("B")));
}

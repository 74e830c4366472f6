//! Values and defaults of a roster, key by key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use annotd::allocation::order::Order;
use annotd::allocation::{Ignore, Route, Split, WhenShort};
use annotd::roster::{
    Access, Annotations, Diagnostic, Disagreement, Repeat, RosterDiff, Rules, Setting, Share,
    StoreKind, explain, read, store_kind,
};

use super::{KNOWN, SMALL, samples, valid, wrong};

#[test]
fn what_is_not_said_has_its_default() {
    let roster = valid(SMALL);
    assert_eq!(roster.store.url, "annotd.db");
    assert_eq!(roster.server.bind.to_string(), "127.0.0.1");
    assert_eq!(roster.server.access, None);
    assert_eq!(roster.server.access(), Access::Open);
    assert_eq!(roster.lead.port, 9000);
    assert_eq!(roster.allocation, Rules::default());
    // One by one as well: a changed default changes what running projects do.
    let by_default = Rules {
        annotations: Annotations::Each(1),
        mix: None,
        split: Split::Exact,
        route: Route::Open,
        assign_field: None,
        on_disagreement: None,
        lease: Duration::from_secs(1800),
        steal_after: Some(Duration::from_secs(86_400)),
        when_short: WhenShort::Hold,
        order: Order::Loaded,
        ignore: Ignore::Answer,
        seed: 0,
        gold: 0.1,
        repeat: None,
    };
    assert_eq!(roster.allocation, by_default);
    assert!(roster.annotators.iter().all(|a| a.active));
    assert!(
        roster.annotators.iter().all(|a| a.quota.is_none() && a.weight.total_cmp(&1.0).is_eq())
    );
    assert_eq!(roster.annotators[0].display_name(), "andy");
}

#[test]
fn what_is_said_is_read() {
    let roster = valid(&samples()["valid-whole"]);
    assert_eq!(roster.project.labels, ["PERSON", "الشرطة", "😀"]);
    assert_eq!(roster.project.instructions.as_deref().map(String::as_str), Some("codebook.md"));
    assert_eq!(roster.project.tasks.len(), 2);
    assert_eq!(roster.project.media.as_deref().map(String::as_str), Some("pictures"));
    let from = ["https://images.example.org", "http://127.0.0.1:8080", "https://[::1]"];
    assert_eq!(roster.project.media_from, from);
    assert_eq!(roster.project.config["choice_style"].as_str(), Some("multiple"));
    assert_eq!(roster.project.config["theme"]["sizes"][1].as_float(), Some(2.5));
    assert_eq!(roster.server.access, Some(Access::Open));
    assert_eq!(roster.server.access(), Access::Open);
    assert_eq!(roster.server.cert.as_deref().map(String::as_str), Some("tls/chain.pem"));
    assert_eq!(roster.server.key.as_deref().map(String::as_str), Some("tls/key.pem"));
    let url = "https://{name}.annotate.example.org:{port}/";
    assert_eq!(roster.server.url.as_deref(), Some(url));
    let rules = Rules {
        annotations: Annotations::Each(2),
        mix: None,
        split: Split::Hash,
        route: Route::Balanced,
        assign_field: Some("meta.target_annotator".to_owned()),
        on_disagreement: Some(Disagreement {
            extra: 2,
            max: 4,
            by: vec!["li".to_owned(), "zach".to_owned()],
            threshold: 0.75,
        }),
        lease: Duration::from_secs(5400),
        steal_after: Some(Duration::from_secs(36 * 3600)),
        when_short: WhenShort::Partial,
        order: Order::FinishFirst,
        ignore: Ignore::Skip,
        seed: 2026,
        gold: 0.05,
        repeat: Some(Repeat { share: 0.02, after: 50 }),
    };
    assert_eq!(roster.allocation, rules);
    assert_eq!(roster.lead.port, 80);
    assert_eq!(roster.annotators[0].quota, Some(200));
    assert!(roster.annotators[0].weight.total_cmp(&0.5).is_eq());
    assert_eq!(roster.annotators[0].display_name(), "Andy H.");
    assert_eq!(roster.annotators[0].tags, ["es", "expert"]);
    assert_eq!(roster.annotators[1].port, 0x2333);
    assert_eq!(roster.active().count(), 2);
}

/// What a sample's `[allocation]` says, by the sample's name without `valid-`.
fn rules_of_the_samples() -> BTreeMap<&'static str, Rules> {
    use Annotations::{All, Average, Each};
    let plain = Rules::default;
    let share = |share, annotations| Share { share, annotations };
    let by_zach =
        |threshold| Some(Disagreement { extra: 1, max: 2, by: vec!["zach".to_owned()], threshold });
    let by_anybody = |threshold| Some(Disagreement { extra: 1, max: 2, by: Vec::new(), threshold });
    let again = |share, after| Some(Repeat { share, after });
    let uneven = || Some(vec![share(0.7, 1), share(0.3, 2)]);
    let halves = || Some(vec![share(0.5, 1), share(0.5, 2)]);
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    let (partial, finish_first) = (WhenShort::Partial, Order::FinishFirst);
    let sixty = Each(60);
    let who = Some("meta.who".to_owned());
    BTreeMap::from([
        ("config-of-prodigy", plain()),
        ("annotations-all", Rules { annotations: All, ..plain() }),
        ("annotations-all-route-open", Rules { annotations: All, ..plain() }),
        ("annotations-average", Rules { annotations: Average(1.2), ..plain() }),
        ("mix", Rules { mix: uneven(), ..plain() }),
        ("mix-split-hash", Rules { mix: uneven(), split: Split::Hash, ..plain() }),
        ("mix-route-balanced", Rules { mix: halves(), route: Route::Balanced, ..plain() }),
        ("split-hash", Rules { split: Split::Hash, ..plain() }),
        ("route-balanced", Rules { route: Route::Balanced, ..plain() }),
        ("route-hash", Rules { route: Route::Hash, ..plain() }),
        ("disagreement", Rules { on_disagreement: by_zach(1.0), ..plain() }),
        ("disagreement-by-inactive", Rules { on_disagreement: by_zach(1.0), ..plain() }),
        ("disagreement-threshold", Rules { on_disagreement: by_anybody(0.8), ..plain() }),
        ("steal-after", Rules { steal_after: hours(2), ..plain() }),
        ("steal-after-never", Rules { steal_after: None, ..plain() }),
        ("when-short-partial", Rules { when_short: partial, ..plain() }),
        ("order-random", Rules { order: Order::Random(0), ..plain() }),
        ("order-finish-first", Rules { order: finish_first, ..plain() }),
        (
            "order-finish-first-most",
            Rules { annotations: sixty, when_short: partial, order: finish_first, ..plain() },
        ),
        ("ignore-answer", plain()),
        ("ignore-skip", Rules { ignore: Ignore::Skip, ..plain() }),
        ("seed", Rules { seed: 7, ..plain() }),
        ("seed-largest", Rules { seed: 4_294_967_295, ..plain() }),
        ("gold", Rules { gold: 0.25, ..plain() }),
        ("gold-none", Rules { gold: 0.0, ..plain() }),
        ("gold-most", Rules { gold: 0.5, ..plain() }),
        ("repeat", Rules { repeat: again(0.05, 7), ..plain() }),
        ("repeat-share-alone", Rules { repeat: again(0.05, 20), ..plain() }),
        ("gold-and-repeat-most", Rules { gold: 0.3, repeat: again(0.5, 10_000), ..plain() }),
        (
            "more-annotations-than-people",
            Rules { annotations: Each(5), assign_field: who, ..plain() },
        ),
        ("everybody-paused", Rules { annotations: Each(2), ..plain() }),
        ("access-key", plain()),
        ("bind-not-loopback", plain()),
        ("blocks", plain()),
        ("carriage-returns", plain()),
        ("identity", plain()),
        ("path-in-single-quotes", plain()),
        ("inline", plain()),
        ("quota", plain()),
        ("renamed", plain()),
        ("smallest", plain()),
        ("tls", plain()),
        ("url", plain()),
        ("weight", plain()),
    ])
}

#[test]
fn a_new_name_that_is_no_label_is_told_and_taken() {
    let text = |renamed: &str, more: &str| {
        let project = format!(
            "interface = \"ner_manual\"\nlabels = [\"PERSON\", \"PLACE\"]\nrenamed = {{ PER = \"{renamed}\" }}\n{more}"
        );
        SMALL.replace("interface = \"classification\"", &project)
    };
    let warned = |text: &str| -> Vec<(String, String, (usize, usize))> {
        let roster = valid(text);
        let told = roster.places.warnings().iter().map(|warning| {
            let help = warning.help.clone().unwrap_or_default();
            (warning.message.clone(), help, warning.line_column(text))
        });
        told.collect()
    };
    let slip = warned(&text("PERSN", ""));
    assert_eq!(slip.len(), 1, "{slip:?}");
    assert_eq!(slip[0].0, "\"PER\" is renamed to \"PERSN\", which is no label");
    assert_eq!((slip[0].1.as_str(), slip[0].2), ("did you mean \"PERSON\"?", (6, 19)));
    assert!(warned(&text("SOMETHING", ""))[0].1.contains("no label any more"));
    assert!(warned(&text("PLACE", "")).is_empty());
    for config in [
        "relations_span_labels = [\"X\"]",
        "blocks = [{ view_id = \"ner_manual\", labels = [\"X\"] }]",
        "blocks = [{ view_id = \"classification\", label = \"X\" }]",
        "blocks = [{ view_id = \"relations\", config = { relations_span_labels = [\"X\"] } }]",
    ] {
        let config = format!("[project.config]\n{config}\n");
        assert_eq!(warned(&text("X", &config)), [], "{config}");
    }
    // Where the labels are the tasks' own, the roster does not know them.
    assert!(
        warned(&SMALL.replace("\"classification\"", "\"text\"\nrenamed = { A = \"B\" }"))
            .is_empty()
    );
}

#[test]
fn no_field_stands_under_a_key_that_answers_have() {
    use annotd::interface::{Interface, Settings};
    use annotd::task::TaskJson;
    let names = [
        "answer",
        "comment",
        "flagged",
        "skip_reason",
        "config",
        "meta",
        "html_template",
        "tokens",
        "_id",
        "user_input",
        "why",
        "text",
        "label",
        "spans",
    ];
    for name in names {
        let config = format!("\"text\"\n[project.config]\nfield_id = \"{name}\"");
        let read = read(&SMALL.replace("\"classification\"", &config), &KNOWN);
        let interface = Interface::new("text_input", Settings::default()).expect("it is there");
        let task = TaskJson::parse(&format!("{{\"text\":\"a\",\"field_id\":\"{name}\"}}"));
        let fits = interface.can_show(&task.expect("a task"));
        assert_eq!(read.is_ok(), fits.is_ok(), "{name}");
    }
}

#[test]
fn renamed_labels_are_read_with_their_present_names() {
    let renamed = valid(&samples()["valid-renamed"]).project.renamed;
    let names: Vec<(&str, &str)> =
        renamed.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    assert_eq!(names, [("GONE", "NEVER_A_LABEL"), ("LOC ", "PLACE"), ("PER", "PERSON")]);
}

#[test]
fn every_rule_of_allocation_is_read_as_it_is_written() {
    let samples = samples();
    let expected = rules_of_the_samples();
    for (name, text) in &samples {
        let Some(name) = name.strip_prefix("valid-") else { continue };
        if name == "whole" {
            continue; // what_is_said_is_read
        }
        let rules = expected.get(name).unwrap_or_else(|| panic!("{name}: what does it say?"));
        assert_eq!(valid(text).allocation, *rules, "{name}");
    }
    for name in expected.keys() {
        assert!(samples.contains_key(&format!("valid-{name}")), "there is no sample valid-{name}");
    }
}

#[test]
fn callers_from_elsewhere_need_a_key_unless_the_roster_opens_the_ports() {
    let access = |server: &str| {
        let roster = valid(&format!("{SMALL}\n[server]\n{server}\n"));
        roster.server.access()
    };
    for here in ["", "bind = \"127.0.0.1\"", "bind = \"127.8.9.1\"", "bind = \"::1\""] {
        assert_eq!(access(here), Access::Open, "{here}");
        assert_eq!(access(&format!("{here}\naccess = \"key\"")), Access::Key, "{here}");
    }
    for there in ["bind = \"0.0.0.0\"", "bind = \"::\"", "bind = \"192.168.1.7\""] {
        assert_eq!(access(there), Access::Key, "{there}");
        assert_eq!(access(&format!("{there}\naccess = \"open\"")), Access::Open, "{there}");
    }
    let samples = samples();
    assert_eq!(valid(&samples["valid-bind-not-loopback"]).server.access(), Access::Key);
    assert_eq!(valid(&samples["valid-access-key"]).server.access(), Access::Key);
    let url = valid(&samples["valid-url"]).server.url;
    assert_eq!(url.as_deref(), Some("https://{name}.annotate.example.org/"), "with its slash");
    // What is said is what was so anyway.
    let said = valid(&format!("{SMALL}\n[server]\naccess = \"open\"\n"));
    let plain = valid(SMALL);
    assert_eq!(RosterDiff::between(&plain, &said), RosterDiff::default());
    assert_eq!(plain.annotators, said.annotators);
}

#[test]
fn quotas_and_weights_are_those_of_their_annotators() {
    let samples = samples();
    let of = |name: &str| -> Vec<_> {
        let roster = valid(&samples[name]);
        roster.annotators.iter().map(|a| (a.quota, a.weight.to_string())).collect()
    };
    assert_eq!(of("valid-quota"), [(None, "1".to_owned()), (Some(200), "1".to_owned())]);
    assert_eq!(of("valid-weight"), [(None, "1".to_owned()), (None, "0.5".to_owned())]);
}

#[test]
fn finish_first_counts_all_active_annotators() {
    let team = |active: usize| {
        let mut text = "[project]\nname = \"demo\"\ninterface = \"text\"\n[allocation]\n\
            annotations = \"all\"\norder = \"finish-first\"\n"
            .to_owned();
        for i in 0..80 {
            let (port, active) = (9010 + i, i < active);
            let _ =
                writeln!(text, "[[annotator]]\nname = \"p{i}\"\nport = {port}\nactive = {active}");
        }
        text
    };
    assert_eq!(valid(&team(60)).allocation.order, Order::FinishFirst);
    let problems = wrong(&team(61));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("not for 61"), "{}", problems[0].message);
}

#[test]
fn every_rule_of_allocation_is_seen_to_change() {
    let plain = valid(SMALL);
    for (name, text) in samples() {
        let Ok(roster) = read(&text, &KNOWN) else { continue };
        let changed = roster.allocation != plain.allocation;
        let seen = RosterDiff::between(&plain, &roster).settings.contains(&Setting::Allocation);
        assert_eq!(changed, seen, "{name}");
    }
}

#[test]
fn the_places_of_values_can_be_found_for_what_only_the_outside_can_tell() {
    let text = &samples()["valid-whole"];
    let roster = valid(text);
    let said = |path: &str| &text[roster.place(path)];
    assert_eq!(said("store.url"), "\"mongodb://127.0.0.1:27017/annotd?replicaSet=rs0\"");
    assert_eq!(said("lead.port"), "80");
    assert_eq!(said("annotator.1.port"), "0x2333");
    assert_eq!(said("project.interface"), "\"ner_manual\"");
    // Not written out: the heading.
    assert_eq!(said("annotator.1.display"), "[[annotator]]");
    assert_eq!(said("server.cert"), "\"tls/chain.pem\"");
    let instructions = roster.project.instructions.as_ref().expect("instructions");
    assert_eq!(&text[instructions.at.clone()], "\"codebook.md\"");

    let missing = Diagnostic::new("there is no file codebook.md", instructions.at.clone())
        .label("looked for here")
        .help("write it, or delete the line");
    let shown = explain(&[missing], text, "annotators.toml", false);
    assert!(shown.contains("annotators.toml:7:16"), "{shown}");
    assert!(shown.contains("^^^^^^^^^^^^^ looked for here"), "{shown}");
}

#[test]
fn passwords_are_kept_out_of_what_is_shown() {
    let text = format!("{SMALL}\n[store]\nurl = \"mongodb://me:geheim@db/annotd\"\nx = 1\n");
    assert!(!explain(&wrong(&text), &text, "f", false).contains("geheim"));
    let roster = valid(&text.replace("x = 1", ""));
    assert!(!format!("{roster:?}").contains("geheim"));
    assert_eq!(roster.store.url, "mongodb://me:geheim@db/annotd");
}

#[test]
fn a_store_url_from_elsewhere_gets_the_same_treatment() {
    assert_eq!(store_kind("annotd.db"), Ok(StoreKind::File));
    assert_eq!(store_kind("/var/lib/annotd/a:b.db"), Ok(StoreKind::File));
    assert_eq!(store_kind("mongodb://a,b/annotd"), Ok(StoreKind::Mongo));
    assert_eq!(store_kind("mongodb+srv://cluster.example/annotd"), Ok(StoreKind::Mongo));
    assert!(store_kind("redis://h").is_err());
    assert!(store_kind("mongodb:/h").is_err());
}

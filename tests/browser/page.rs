//! The page around the interfaces: history, keys, remarks, skips with a reason, swipes, words,
//! weight.

use annotd::interface::Interface;
use fantoccini::actions::{InputSource, PointerAction, TouchActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{Seat, WORD};
use crate::common::browser::Browser;
use crate::common::daemon::Project;
use crate::markup_injection::tasks;

fn texts(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({"text": format!("Text number {n}."), "meta": {"n": n}})).collect()
}

async fn answer(seat: &Seat, keys: &[char]) {
    let card = seat.card().await;
    seat.press(keys).await;
    seat.wait_for_another(&card).await;
}

#[tokio::test]
async fn an_earlier_answer_is_found_looked_at_and_changed() {
    let seat = Seat::open("interface = \"text\"", &texts(4)).await;
    answer(&seat, &['a']).await;
    answer(&seat, &['f', 'x']).await;
    seat.saved().await;
    let here = seat.card().await;
    seat.press(&['y']).await;
    let listed =
        |count: usize| format!("document.querySelectorAll('[data-past]').length === {count}");
    seat.wait_for("the answers", &listed(2)).await;
    // Given today, so the time alone.
    let when = "document.querySelector('.past time').textContent";
    let clock = format!(r"/^\d{{1,2}}:\d\d(\s[AP]M)?$/.test({when})");
    assert_eq!(seat.eval(&clock).await, json!(true), "{}", seat.eval(when).await);
    seat.accessible().await;
    seat.picture("history").await;
    seat.press(&['f', 'l', 'a', 'g', 'g', 'e', 'd']).await;
    seat.wait_for("the flagged one", &listed(1)).await;
    seat.press(&[Key::Down.into(), Key::Enter.into()]).await;
    seat.wait_for("its card", "document.querySelector('.card').textContent.includes('number 2')")
        .await;
    let was = "document.querySelector('[data-answer=reject]').classList.contains('was')";
    assert_eq!(seat.eval(was).await, json!(true));
    seat.press(&['a']).await;
    let back = format!("document.querySelector('[data-task-id]')?.dataset.taskId === {here:?}");
    seat.wait_for("the card where it began", &back).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&2], json!({"answer": "accept", "flagged": true}));
    // By the mouse, and back without a change.
    seat.click("#history-button").await;
    seat.wait_for("the answers", &listed(2)).await;
    seat.click("[data-past]:last-of-type").await;
    seat.wait_for("another card", &format!("!({back})")).await;
    seat.click("[data-command=forward]").await;
    seat.wait_for("the card where it began", &back).await;
    seat.close().await;
}

#[tokio::test]
async fn a_remark_and_a_reason_for_a_skip_go_with_the_answer() {
    let settings =
        "interface = \"text\"\n[project.config]\nskip_reasons = [\"unclear\", \"not a text\"]";
    let seat = Seat::open(settings, &texts(3)).await;
    let card = seat.card().await;
    seat.press(&['c']).await;
    seat.wait_for("the field", "document.activeElement?.tagName === 'TEXTAREA'").await;
    seat.press(&['a', 'x', ' ', 'y']).await;
    seat.accessible().await;
    seat.press(&[Key::Enter.into()]).await;
    seat.wait_for("the remark", "document.querySelector('.remark').textContent === 'ax y'").await;
    assert_eq!(seat.card().await, card, "letters of a remark answer nothing");
    let asked = "document.querySelector('dialog[data-dialog=skip]') !== null";
    seat.press(&[' ']).await;
    seat.wait_for("the question", asked).await;
    seat.accessible().await;
    seat.picture("skip").await;
    seat.press(&['2']).await;
    seat.wait_for_another(&card).await;
    let card = seat.card().await;
    seat.press(&[' ']).await;
    seat.wait_for("the question", asked).await;
    seat.press(&[Key::Enter.into()]).await;
    seat.wait_for_another(&card).await;
    seat.click("[data-answer=ignore]").await;
    seat.wait_for("the question", asked).await;
    seat.click("[data-reason=unclear]").await;
    seat.wait_for("the end", "document.body.dataset.state === 'done'").await;
    seat.saved().await;
    let stored = seat.stored();
    assert_eq!(
        stored[&1],
        json!({"answer": "ignore", "comment": "ax y", "skip_reason": "not a text"})
    );
    assert_eq!(stored[&2], json!({"answer": "ignore"}));
    assert_eq!(stored[&3], json!({"answer": "ignore", "skip_reason": "unclear"}));
    seat.close().await;
}

#[tokio::test]
async fn a_change_that_is_not_answered_again_is_told_and_kept() {
    let seat = Seat::open("interface = \"ner_manual\"\nlabels = [\"THING\"]", &texts(3)).await;
    answer(&seat, &['a']).await;
    let second = seat.card().await;
    seat.press(&[Key::Backspace.into()]).await;
    seat.wait_for_another(&second).await;
    let says = |words: &str| {
        format!(
            "document.querySelector('.previous-answer:not([hidden])')?.textContent.includes({words:?})"
        )
    };
    seat.wait_for("the answer", &says("Answer again to change it")).await;
    seat.press(&[Key::Right.into(), '1']).await;
    seat.wait_for("that it is changed", &says("Changed since your answer")).await;
    seat.click("[data-command=forward]").await;
    let told =
        "document.querySelector('#notice:not([hidden])')?.textContent.includes('kept as a draft')";
    seat.wait_for("that it is not sent", told).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["spans"], json!([]));
    let second = seat.card().await;
    seat.press(&[Key::Backspace.into()]).await;
    seat.wait_for_another(&second).await;
    seat.wait_for("the change", &says("Changed since your answer")).await;
    answer(&seat, &['a']).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["spans"][0]["label"], "THING");
    seat.close().await;
}

#[tokio::test]
async fn a_task_is_flagged_without_a_keyboard() {
    let seat = Seat::open("interface = \"text\"", &texts(2)).await;
    let card = seat.card().await;
    let flagged = |yes: bool| {
        format!("(document.querySelector('.flagged:not([hidden])') !== null) === {yes}")
    };
    for _ in 0..2 {
        seat.click("#menu-button").await;
        seat.click("dialog [data-command=flag]").await;
        seat.wait_for("the flag", &flagged(true)).await;
        seat.click(".flagged").await;
        seat.wait_for("no flag", &flagged(false)).await;
    }
    seat.click("#menu-button").await;
    seat.click("dialog [data-command=flag]").await;
    seat.wait_for("the flag", &flagged(true)).await;
    seat.picture("flagged").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["flagged"], json!(true));
    seat.close().await;
}

#[tokio::test]
async fn nothing_that_comes_to_a_card_moves_its_text_under_the_hand() {
    let words = vec!["word"; 40].join(" ");
    let task = json!({"text": words});
    let seat = Seat::open(
        "interface = \"ner_manual\"\nlabels = [\"ORGANISATION\"]",
        &[task.clone(), task],
    )
    .await;
    let card = seat.card().await;
    let place = |what: &str| {
        format!(
            "JSON.stringify([document.querySelector('.card:not(.offscreen) .tokens').getBoundingClientRect().{what}])"
        )
    };
    let (top, height) = (seat.eval(&place("top")).await, seat.eval(&place("height")).await);
    seat.press(&['f']).await;
    seat.wait_for("the flag", "document.querySelector('.flagged:not([hidden])') !== null").await;
    assert_eq!(seat.eval(&place("top")).await, top, "a flag");
    // Labels make the text longer, by whole lines.
    for _ in 0..12 {
        seat.press(&[Key::Right.into(), Key::Right.into(), '1']).await;
    }
    seat.wait_for("more lines", &format!("{} !== {height:?}", place("height"))).await;
    assert_eq!(seat.eval(&place("top")).await, top, "labels");
    // In another window it finds its place anew.
    seat.browser.client.set_window_size(1280, 640).await.expect("a size");
    seat.wait_for("another place", &format!("{} !== {top:?}", place("top"))).await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.close().await;
}

#[tokio::test]
async fn a_card_begins_at_the_same_height_whatever_its_length() {
    let long = vec!["Many words."; 400].join(" ");
    let lengths = ["Short.", "Some more words than that, on one line or two.", &long];
    for settings in ["interface = \"text\"", "interface = \"ner_manual\"\nlabels = [\"A\"]"] {
        let tasks: Vec<Value> = lengths.iter().map(|text| json!({"text": text})).collect();
        let seat = Seat::open(settings, &tasks).await;
        let first_line = "(() => { const range = document.createRange(); \
            range.selectNodeContents(document.querySelector('.card:not(.offscreen) .text')); \
            return range.getClientRects()[0].top; })()";
        let mut tops = Vec::new();
        for _ in lengths {
            let card = seat.card().await;
            tops.push(seat.eval(first_line).await);
            // What comes beneath it moves nothing.
            seat.press(&['f']).await;
            tops.push(seat.eval(first_line).await);
            seat.press(&['a']).await;
            seat.wait_for_another(&card).await;
        }
        assert!(tops.iter().all(|top| *top == tops[0] && top.is_number()), "{tops:?}");
        seat.close().await;
    }
}

#[tokio::test]
async fn keys_are_changed_by_the_annotator_and_stay_changed() {
    let settings = "interface = \"text\"\n[project.config]\nkeymap = { reject = \"k\" }";
    let seat = Seat::open(settings, &texts(4)).await;
    seat.card().await;
    let on = |verdict: &str| {
        format!("document.querySelector('[data-answer={verdict}] kbd').textContent")
    };
    assert_eq!(seat.eval(&on("reject")).await, "k");
    seat.press(&['h']).await;
    seat.click("[data-command=keys]").await;
    seat.accessible().await;
    seat.picture("keys").await;
    let told = "document.querySelector('.key-status').textContent";
    seat.click("[data-change=accept]").await;
    seat.press(&['k']).await;
    seat.wait_for(
        "the page to say that it is taken",
        &format!("{told}.startsWith('k is already used')"),
    )
    .await;
    seat.click("[data-change=accept]").await;
    seat.press(&['q']).await;
    seat.wait_for("the key on its button", &format!("{} === 'q'", on("accept"))).await;
    seat.press(&[Key::Escape.into()]).await;
    answer(&seat, &['q']).await;
    seat.reload().await;
    assert_eq!(seat.eval(&on("accept")).await, "q");

    // Single characters off: they work with Alt.
    seat.press(&['h']).await;
    seat.click("[data-command=keys]").await;
    seat.click("#singles").await;
    seat.wait_for("the button to say so", &format!("{} === 'alt q'", on("accept"))).await;
    seat.press(&[Key::Escape.into()]).await;
    let card = seat.card().await;
    seat.press(&['q', 'k', ' ']).await;
    assert_eq!(seat.card().await, card, "alone they do nothing");
    seat.press_with(Key::Alt, 'q').await;
    seat.wait_for_another(&card).await;
    seat.press_with(Key::Alt, 'h').await;
    seat.click("[data-command=keys]").await;
    seat.click("[data-command=usual-keys]").await;
    seat.wait_for("the usual keys", &format!("{} === 'a'", on("accept"))).await;
    seat.press(&[Key::Escape.into()]).await;
    answer(&seat, &['a']).await;
    seat.close().await;
}

#[tokio::test]
async fn a_finger_answers_by_swiping() {
    let seat = Seat::open("interface = \"text\"", &texts(3)).await;
    let swipe = async |from: f64, to: f64| {
        let steps = 6;
        let place = |x: f64| PointerAction::MoveTo { duration: None, x: x.round(), y: 300.0 };
        let mut finger = TouchActions::new("finger".to_owned())
            .then(place(from))
            .then(PointerAction::Down { button: 0 });
        for step in 1..=steps {
            finger = finger.then(place(from + (to - from) * f64::from(step) / f64::from(steps)));
        }
        let finger = finger.then(PointerAction::Up { button: 0 });
        seat.browser.client.perform_actions(finger).await.expect("a finger moves");
    };
    let card = seat.card().await;
    swipe(500.0, 560.0).await;
    assert_eq!(seat.card().await, card, "short of the threshold nothing happens");
    swipe(400.0, 700.0).await;
    seat.wait_for_another(&card).await;
    let card = seat.card().await;
    swipe(700.0, 400.0).await;
    seat.wait_for_another(&card).await;
    let card = seat.card().await;
    seat.click("#menu-button").await;
    seat.click("[data-swipe-choice=off]").await;
    seat.accessible().await;
    seat.picture("menu").await;
    seat.press(&[Key::Escape.into()]).await;
    swipe(400.0, 700.0).await;
    assert_eq!(seat.card().await, card, "it is switched off");
    seat.saved().await;
    let stored = seat.stored();
    assert_eq!(
        (&stored[&1]["answer"], &stored[&2]["answer"]),
        (&json!("accept"), &json!("reject"))
    );
    seat.close().await;
}

#[tokio::test]
async fn a_swipe_answers_the_card_on_which_it_began_or_none() {
    let seat = Seat::open("interface = \"text\"", &texts(4)).await;
    let card = seat.card().await;
    // The finger comes down, a key answers, the finger goes up: within one task of the browser.
    let swipe = |between: &str| {
        format!(
            "(() => {{ const at = (kind, x) => document.querySelector('.card:not(.offscreen)').dispatchEvent(new PointerEvent(kind, \
               {{bubbles: true, pointerId: 7, pointerType: 'touch', clientX: x, clientY: 300}})); \
             at('pointerdown', 300); at('pointermove', 400); {between}; at('pointermove', 600); at('pointerup', 600); \
             return true; }})()"
        )
    };
    let key = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'x', code: 'KeyX', bubbles: true, cancelable: true}))";
    seat.eval(&swipe(key)).await;
    seat.wait_for_another(&card).await;
    let second = seat.card().await;
    seat.eval(&swipe("0")).await;
    seat.wait_for_another(&second).await;
    seat.saved().await;
    let answers: Vec<Value> =
        seat.stored().into_values().map(|one| one["answer"].clone()).collect();
    assert_eq!(answers, ["reject", "accept"]);
    seat.close().await;
}

#[tokio::test]
async fn the_page_speaks_the_language_that_is_chosen_and_remembers_it() {
    let seat = Seat::open("interface = \"text\"", &texts(2)).await;
    seat.card().await;
    seat.click("#menu-button").await;
    seat.click("[data-language-choice=de]").await;
    let german = "document.documentElement.lang === 'de' && \
                  document.querySelector('[data-answer=accept]')?.textContent.includes('annehmen')";
    seat.wait_for("German", german).await;
    seat.browser.listen_for_errors().await;
    seat.reload().await;
    seat.wait_for("German still", german).await;
    seat.click("#menu-button").await;
    seat.click("[data-density-choice=compact]").await;
    seat.press(&[Key::Escape.into()]).await;
    seat.reload().await;
    assert_eq!(seat.eval("document.documentElement.dataset.density").await, "compact");
    seat.close().await;
}

#[tokio::test]
async fn laid_out_from_right_to_left_the_page_fits_a_phone() {
    let seat = Seat::open("interface = \"text\"", &texts(2)).await;
    seat.browser.client.set_window_size(390, 844).await.expect("a size");
    seat.card().await;
    seat.press(&['a']).await;
    seat.eval("document.documentElement.dir = 'rtl'").await;
    let wide = "document.documentElement.scrollWidth <= innerWidth";
    seat.wait_for("a page no wider than the window", wide).await;
    seat.press(&['y']).await;
    seat.wait_for("the answers", "document.querySelectorAll('[data-past]').length === 1").await;
    seat.picture("history-rtl-phone").await;
    seat.close().await;
}

#[tokio::test]
async fn the_page_weighs_less_than_120_kb_and_asks_nobody_else() {
    for interface in Interface::names() {
        let blocks = "\n[project.config]\nblocks = [{ view_id = \"text\" }, { view_id = \"choice\" }, \
                      { view_id = \"text_input\" }]";
        let config = if interface == "blocks" { blocks } else { "" };
        let settings = format!("interface = {interface:?}\nlabels = [\"A\", \"B\"]{config}");
        // What is made of others weighs what they weigh: here of two or three.
        let tasks = match interface {
            "blocks" => vec![json!({"text": "sunny"})],
            "pages" => vec![json!({"pages": [
                {"view_id": "choice", "text": "sunny"}, {"view_id": "text_input", "text": "rainy"},
            ]})],
            _ => tasks(interface, "sunny").expect("a task for each interface"),
        };
        let seat = Seat::open(&settings, &tasks[..1]).await;
        seat.card().await;
        let weight = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
            .reduce((sum, entry) => sum + entry.transferSize, 0)";
        let weight = seat.eval(weight).await.as_f64().expect("a number");
        println!("{interface}: {weight} bytes");
        assert!(weight > 10_000.0 && weight < 120_000.0, "{interface}: {weight} bytes");
        seat.stayed_here().await;
        seat.close().await;
    }
}

#[tokio::test]
async fn done_and_waiting_for_others_are_told_apart() {
    let rules = "annotations = 1";
    let project = Project::new("demo", "interface = \"text\"", "demo.db", rules, &["andy", "mara"]);
    let seat = Seat::open_project(project, &texts(1)).await;
    seat.card().await;
    let other = Browser::start().await;
    other.client.goto(&seat.daemon.addresses().of("mara")).await.expect("the page opens");
    let says = |words: &str| {
        format!("document.querySelector('.empty-state')?.textContent.includes({words:?})")
    };
    other.wait_for("the note", &says("Others are working on the remaining tasks")).await;
    other.close().await;
    seat.press(&['a']).await;
    seat.wait_for("the note", &says("You are done. Thank you.")).await;
    seat.close().await;
}

/// The card that lies ready (ahead.js), laid out and shut.
const READY: &str = "document.querySelector('.card.offscreen.collapsed') !== null";

#[tokio::test]
async fn the_card_that_lies_ready_is_out_of_reach_until_its_turn() {
    let tasks: Vec<Value> = (1..=12)
        .map(|n| json!({"text": format!("Ready number {n} lies here"), "meta": {"n": n}}))
        .collect();
    let settings = "interface = \"ner_manual\"\nlabels = [\"THING\", \"OTHER\"]";
    let seat = Seat::open(settings, &tasks).await;
    let first = seat.card().await;
    seat.wait_for("the next one", READY).await;
    for _ in 0..25 {
        seat.press(&[Key::Tab.into()]).await;
        let reached = "document.activeElement?.closest('.offscreen') !== null";
        assert_eq!(seat.eval(reached).await, json!(false), "Tab goes around it");
    }
    seat.accessible().await;
    assert_eq!(seat.eval("window.find('number 2')").await, json!(false), "nor does a search");
    seat.eval("document.querySelector('.card').focus()").await;
    // What is made on a card is that card's, and the one ahead knows nothing of it.
    seat.press(&[Key::Right.into(), '1']).await;
    seat.press(&['a']).await;
    seat.wait_for_another(&first).await;
    let second = seat.card().await;
    let text = "document.querySelector('.card:not(.offscreen)').textContent.includes('number 2')";
    assert_eq!(seat.eval(text).await, json!(true));
    assert_eq!(seat.eval("document.querySelector('mark') === null").await, json!(true));
    seat.wait_for("the third", READY).await;
    seat.press(&[Key::Right.into(), Key::Right.into(), '2']).await;
    seat.click("[data-command=undo]").await;
    seat.wait_for_another(&second).await;
    seat.wait_for("the first span", "document.querySelector('mark')?.dataset.label === 'THING'")
        .await;
    // Back to the second, which was drawn ahead again with what is half done on it.
    seat.wait_for("the second", READY).await;
    seat.press(&['x']).await;
    assert_eq!(seat.card().await, second);
    seat.wait_for("the second span", "document.querySelector('mark')?.dataset.label === 'OTHER'")
        .await;
    seat.press(&['a']).await;
    seat.wait_for_another(&second).await;
    seat.saved().await;
    let stored = seat.stored();
    assert_eq!(
        (&stored[&1]["answer"], &stored[&2]["answer"]),
        (&json!("reject"), &json!("accept"))
    );
    assert_eq!((&stored[&1]["spans"][0]["label"]), &json!("THING"));
    assert_eq!((&stored[&2]["spans"][0]["label"]), &json!("OTHER"));
    seat.close().await;
}

#[tokio::test]
async fn a_long_text_is_whole_although_only_what_is_in_sight_is_laid_out() {
    let words: Vec<String> =
        (0..2_000).map(|n| format!("word{n}{}", if n % 100 == 99 { "\n" } else { "" })).collect();
    let task = |n: i64| {
        let text = format!("Card {n} {}", words.join(" "));
        let at = text.find("word1990").expect("it is there");
        json!({"text": text, "spans": [{"start": at, "end": at + 8, "label": "THING"}], "meta": {"n": n}})
    };
    let settings = "interface = \"spans_manual\"\nlabels = [\"THING\", \"OTHER\"]";
    let seat = Seat::open(settings, &[task(1), task(2), task(3)]).await;
    let first = seat.card().await;
    seat.press(&['.']).await;
    // The only span lies at the end: the page goes there, and there is something to see.
    let in_sight = "(() => { const tag = document.querySelector('.tag'); const box = tag.getBoundingClientRect(); \
                    return box.width > 0 && box.top > 0 && box.bottom < innerHeight && \
                    document.elementFromPoint(box.left + 2, box.top + 2)?.closest('.tag') === tag; })()";
    seat.wait_for("the span", in_sight).await;
    seat.picture("far-down").await;
    seat.press(&['2']).await;
    seat.press(&['a']).await;
    seat.wait_for_another(&first).await;
    let second = seat.card().await;
    let painted = format!(
        "(({{left, top}}) => document.elementFromPoint(left + 2, top + 6)?.closest('.card:not(.offscreen) .tokens') instanceof Element)\
         (({WORD})('Card').getBoundingClientRect())"
    );
    assert_eq!(seat.eval(&painted).await, json!(true), "it begins at the top");
    seat.press(&['a']).await;
    seat.wait_for_another(&second).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["spans"][0]["label"], json!("OTHER"));
    seat.close().await;
}

/// Each answer takes this browser half a second to write.
const SLOW: &str = "(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...given) {
      const request = put.apply(this, given);
      const end = performance.now() + 500;
      const hold = () => { if (performance.now() < end) this.getKey(0).onsuccess = hold; };
      if (this.name === 'outbox') hold();
      return request;
    };
    return true;
})()";

#[tokio::test]
async fn on_a_slow_disk_every_key_counts_for_the_card_it_was_pressed_on() {
    let options = json!([{"id": "o1", "text": "One"}, {"id": "o2", "text": "Two"}, {"id": "o3", "text": "Three"}]);
    let tasks: Vec<Value> = (1..=12)
        .map(|n| json!({"text": format!("Number {n}"), "options": options, "meta": {"n": n}}))
        .collect();
    let settings = "interface = \"choice\"\n[project.config]\nchoice_style = \"multiple\"";
    let seat = Seat::open(settings, &tasks).await;
    seat.card().await;
    assert_eq!(seat.eval(SLOW).await, json!(true));
    seat.press(&['1', 'a', '2', 'a', '3', 'a']).await;
    seat.saved().await;
    let shown = "document.querySelector('.card').textContent.includes('Number 4')";
    seat.wait_for("the fourth", shown).await;
    // Back to a card whose answer is still being written, and another answer to it.
    seat.press(&['1', 'a', '2', Key::Backspace.into(), '3', 'x']).await;
    seat.saved().await;
    let stored = seat.stored();
    for (n, verdict, chosen) in [
        (1, "accept", json!(["o1"])),
        (2, "accept", json!(["o2"])),
        (3, "accept", json!(["o3"])),
        (4, "reject", json!(["o1", "o3"])),
    ] {
        assert_eq!(
            (&stored[&n]["answer"], &stored[&n]["accept"]),
            (&json!(verdict), &chosen),
            "{n}"
        );
    }
    assert_eq!(stored.get(&5), None);
    seat.close().await;
}

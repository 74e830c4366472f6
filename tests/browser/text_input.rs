//! `text_input`: a letter is a letter wherever the focus went, keys answer when the annotator says
//! so, and an empty field is not accepted by accident; and who has the focus on a card of several
//! parts.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::Seat;

const FOCUS: &str = "document.activeElement.matches('.field')";

const NOTICE: &str = "document.querySelector('#notice').textContent";

async fn write(seat: &Seat, text: &str) {
    seat.press(&text.chars().collect::<Vec<char>>()).await;
}

async fn press(seat: &Seat, key: Key) {
    seat.press(&[key.into()]).await;
}

/// Does something that answers the card, and waits for the next one.
async fn answers(seat: &Seat, act: impl AsyncFnOnce()) {
    let card = seat.card().await;
    act().await;
    seat.wait_for_another(&card).await;
}

fn texts(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({"text": format!("Task {n}."), "meta": {"n": n}})).collect()
}

async fn has_focus(seat: &Seat) {
    seat.card().await;
    seat.wait_for("the field to have the focus", FOCUS).await;
}

async fn held(seat: &Seat) -> Value {
    seat.eval("document.querySelector('.field').value").await
}

/// What a button says its key is.
async fn key_on(seat: &Seat, command: &str) -> Value {
    let shown = format!(
        "(() => {{ const key = document.querySelector('.answers kbd[data-key={command}]'); \
         const before = getComputedStyle(key, '::before').content.replaceAll('\"', ''); \
         const shown = getComputedStyle(key).fontSize === '0px' ? '' : key.textContent; \
         return (before === 'none' ? '' : before) + shown; }})()"
    );
    seat.eval(&shown).await
}

#[tokio::test]
async fn enter_accepts_from_the_field_and_escape_makes_commands_of_keys() {
    let tasks: Vec<Value> = (1..=4)
        .map(|n| json!({"text": format!("Task {n}."), "user_input": n, "meta": {"n": n}}))
        .collect();
    let settings = "interface = \"text_input\"\n[project.config]\nfield_suggestions = [\"axa\"]";
    let seat = Seat::open(settings, &tasks).await;
    has_focus(&seat).await;
    for (command, key) in
        [("accept", "⏎"), ("reject", "esc x"), ("ignore", "esc space"), ("undo", "esc ⌫")]
    {
        assert_eq!(key_on(&seat, command).await, key);
    }
    answers(&seat, async || {
        seat.press(&[Key::Backspace.into(), 'a']).await;
        seat.press_with(Key::Control, Key::Enter).await;
    })
    .await;
    has_focus(&seat).await;
    answers(&seat, async || seat.press(&['x', Key::Enter.into()]).await).await;
    has_focus(&seat).await;
    // Enter after an arrow is for the suggestions, if they are open, and never for the card.
    let third = seat.card().await;
    press(&seat, Key::Down).await;
    press(&seat, Key::Enter).await;
    assert_eq!(seat.card().await, third);
    press(&seat, Key::Escape).await;
    assert_eq!(key_on(&seat, "accept").await, "a");
    assert_eq!(key_on(&seat, "reject").await, "x");
    // Untouched, and not a text: it comes back as it is.
    answers(&seat, async || seat.press(&['x']).await).await;
    has_focus(&seat).await;
    seat.saved().await;
    let stored = seat.stored();
    assert_eq!(stored[&1], json!({"answer": "accept", "user_input": "a"}));
    assert_eq!(stored[&2], json!({"answer": "accept", "user_input": "2x"}));
    assert_eq!(stored[&3], json!({"answer": "reject", "user_input": 3}));
    seat.close().await;
}

#[tokio::test]
async fn no_letter_beside_the_field_becomes_a_verdict() {
    let seat = Seat::open("interface = \"text_input\"", &texts(3)).await;
    let card = seat.card().await;
    has_focus(&seat).await;
    write(&seat, "an").await;
    seat.click(".card .text").await;
    assert_eq!(seat.eval(FOCUS).await, json!(false), "a click beside it takes the focus away");
    write(&seat, " axe").await;
    assert_eq!(held(&seat).await, "an axe");
    seat.click(".card .text").await;
    press(&seat, Key::Backspace).await;
    assert_eq!(held(&seat).await, "an ax", "backspace takes a letter, not the card");
    assert_eq!(seat.card().await, card);
    // From a dialog the focus goes back to the button that opened it.
    seat.click("#menu-button").await;
    seat.find("dialog[data-dialog=menu]").await;
    press(&seat, Key::Escape).await;
    write(&seat, "e").await;
    assert_eq!(held(&seat).await, "an axe");
    press(&seat, Key::Backspace).await;
    // Escape beside the field is Escape.
    seat.click(".card .text").await;
    press(&seat, Key::Escape).await;
    assert_eq!(key_on(&seat, "accept").await, "a");
    answers(&seat, async || seat.press(&['a']).await).await;

    // Back with the keyboard: the field waits, so that backspace goes on walking.
    let second = seat.card().await;
    has_focus(&seat).await;
    press(&seat, Key::Escape).await;
    press(&seat, Key::Backspace).await;
    seat.wait_for_another(&second).await;
    assert_eq!(seat.card().await, card);
    assert_eq!(seat.eval(FOCUS).await, json!(false));
    press(&seat, Key::Backspace).await;
    seat.wait_for("the page to say that this is the first", &format!("{NOTICE} !== ''")).await;
    assert_eq!(held(&seat).await, "an ax");
    write(&seat, "e!").await;
    assert_eq!(held(&seat).await, "an axe!", "a letter is a letter here too");
    answers(&seat, async || press(&seat, Key::Enter).await).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1], json!({"answer": "accept", "user_input": "an axe!"}));
    assert_eq!(seat.stored().len(), 1);
    seat.close().await;
}

#[tokio::test]
async fn an_empty_field_is_accepted_only_when_it_is_meant() {
    let seat = Seat::open("interface = \"text_input\"", &texts(3)).await;
    let card = seat.card().await;
    has_focus(&seat).await;
    press(&seat, Key::Enter).await;
    let said = "The field is empty. Accept again to leave it empty.";
    assert_eq!(seat.eval(NOTICE).await, said);
    write(&seat, " ").await;
    assert_eq!(seat.eval(NOTICE).await, "", "the words go with the next key");
    press(&seat, Key::Enter).await;
    assert_eq!(seat.eval(NOTICE).await, said, "a blank is nothing");
    assert_eq!(seat.card().await, card);
    answers(&seat, async || press(&seat, Key::Enter).await).await;
    // By the mouse: the letters after the words are still letters.
    let card = seat.card().await;
    seat.click("[data-answer=accept]").await;
    assert_eq!(seat.eval(NOTICE).await, said);
    write(&seat, "a").await;
    assert_eq!(held(&seat).await, "a");
    assert_eq!(seat.card().await, card);
    answers(&seat, async || seat.click("[data-answer=accept]").await).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1], json!({"answer": "accept", "user_input": " "}));
    assert_eq!(seat.stored()[&2], json!({"answer": "accept", "user_input": "a"}));
    seat.close().await;
}

#[tokio::test]
async fn a_required_field_may_be_rejected_empty_but_not_accepted() {
    let settings = "interface = \"text_input\"\n[project.config]\nfield_required = true\n\
                    field_rows = 3\nfield_label = \"Why?\"";
    let seat = Seat::open(settings, &texts(2)).await;
    has_focus(&seat).await;
    assert_eq!(key_on(&seat, "accept").await, "ctrl ⏎");
    for _ in 0..3 {
        seat.press_with(Key::Control, Key::Enter).await;
        assert_eq!(seat.eval(NOTICE).await, "“Why?” must not be empty.");
    }
    seat.accessible().await;
    seat.picture("text_input_refused").await;
    press(&seat, Key::Escape).await;
    answers(&seat, async || seat.press(&['x']).await).await;
    has_focus(&seat).await;
    answers(&seat, async || {
        seat.press(&['s', Key::Enter.into(), 'o']).await;
        seat.press_with(Key::Control, Key::Enter).await;
    })
    .await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1], json!({"answer": "reject", "user_input": ""}));
    assert_eq!(seat.stored()[&2], json!({"answer": "accept", "user_input": "s\no"}));
    seat.close().await;
}

#[tokio::test]
async fn a_field_beneath_a_text_to_be_marked_leaves_the_keys_to_the_text() {
    let settings = "interface = \"blocks\"\nlabels = [\"PER\", \"LOC\"]\n[project.config]\nblocks = [\n\
        { view_id = \"ner_manual\" },\n\
        { view_id = \"text_input\", field_id = \"why\", field_label = \"Why?\" },\n]";
    let task = json!({"text": "Ada was in Rome.", "meta": {"n": 1}});
    let seat = Seat::open(settings, &[task]).await;
    seat.card().await;
    assert_eq!(seat.eval(FOCUS).await, json!(false), "the text comes first");
    seat.press(&[Key::Right.into(), '1']).await;
    seat.find("mark[data-label=PER]").await;
    seat.click("[data-field=why]").await;
    write(&seat, "a1x").await;
    assert_eq!(key_on(&seat, "accept").await, "ctrl ⏎");
    // Back to the text with the mouse: its keys are its own again.
    seat.double_click("word Rome").await;
    seat.find("mark[data-span='11-15']").await;
    assert_eq!(key_on(&seat, "accept").await, "a");
    seat.press(&['2']).await;
    seat.find("[data-label=LOC][aria-pressed=true]").await;
    assert_eq!(held(&seat).await, "a1x");
    seat.click("[data-field=why]").await;
    press(&seat, Key::Enter).await;
    assert_eq!(seat.eval(FOCUS).await, json!(false), "Enter leaves a field of several");
    answers(&seat, async || seat.press(&['a']).await).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["why"], "a1x");
    assert_eq!(seat.stored()[&1]["spans"].as_array().map(Vec::len), Some(2));
    seat.close().await;
}

//! `text_input`: a letter is a letter wherever the focus went, keys answer when the annotator has
//! left the field, and an empty field is not accepted by accident; and who has the focus on a card of several
//! parts.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;

const FOCUS: &str = "document.activeElement.matches('.field')";

const NOTICE: &str = "document.querySelector('#notice').textContent";

async fn write(session: &BrowserSession, text: &str) {
    session.press(&text.chars().collect::<Vec<char>>()).await;
}

async fn press(session: &BrowserSession, key: Key) {
    session.press(&[key.into()]).await;
}

/// Does something that answers the card, and waits for the next one.
async fn answers(session: &BrowserSession, act: impl AsyncFnOnce()) {
    let card = session.card().await;
    act().await;
    session.wait_for_another(&card).await;
}

fn texts(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({"text": format!("Task {n}."), "meta": {"n": n}})).collect()
}

async fn has_focus(session: &BrowserSession) {
    session.card().await;
    session.wait_for("the field to have the focus", FOCUS).await;
}

async fn held(session: &BrowserSession) -> Value {
    session.eval("document.querySelector('.field').value").await
}

/// What a button says its key is.
async fn key_on(session: &BrowserSession, command: &str) -> Value {
    let shown = format!(
        "(() => {{ const key = document.querySelector('.answers kbd[data-key={command}]'); \
         const before = getComputedStyle(key, '::before').content.replaceAll('\"', ''); \
         const shown = getComputedStyle(key).fontSize === '0px' ? '' : key.textContent; \
         return (before === 'none' ? '' : before) + shown; }})()"
    );
    session.eval(&shown).await
}

#[tokio::test]
async fn enter_accepts_from_the_field_and_escape_makes_commands_of_keys() {
    let tasks: Vec<Value> = (1..=4)
        .map(|n| json!({"text": format!("Task {n}."), "user_input": n, "meta": {"n": n}}))
        .collect();
    let settings = "interface = \"text_input\"\n[project.config]\nfield_suggestions = [\"axa\"]";
    let session = BrowserSession::open(settings, &tasks).await;
    has_focus(&session).await;
    for (command, key) in
        [("accept", "⏎"), ("reject", "esc x"), ("ignore", "esc space"), ("undo", "esc ⌫")]
    {
        assert_eq!(key_on(&session, command).await, key);
    }
    answers(&session, async || {
        session.press(&[Key::Backspace.into(), 'a']).await;
        session.press_with(Key::Control, Key::Enter).await;
    })
    .await;
    has_focus(&session).await;
    answers(&session, async || session.press(&['x', Key::Enter.into()]).await).await;
    has_focus(&session).await;
    // Enter after an arrow is for the suggestions, if they are open, and never for the card.
    let third = session.card().await;
    press(&session, Key::Down).await;
    press(&session, Key::Enter).await;
    assert_eq!(session.card().await, third);
    press(&session, Key::Escape).await;
    assert_eq!(key_on(&session, "accept").await, "a");
    assert_eq!(key_on(&session, "reject").await, "x");
    // Untouched, and not a text: it comes back as it is.
    answers(&session, async || session.press(&['x']).await).await;
    has_focus(&session).await;
    session.saved().await;
    let stored = session.stored();
    assert_eq!(stored[&1], json!({"answer": "accept", "user_input": "a"}));
    assert_eq!(stored[&2], json!({"answer": "accept", "user_input": "2x"}));
    assert_eq!(stored[&3], json!({"answer": "reject", "user_input": 3}));
    session.close().await;
}

#[tokio::test]
async fn no_letter_beside_the_field_becomes_a_verdict() {
    let session = BrowserSession::open("interface = \"text_input\"", &texts(3)).await;
    let card = session.card().await;
    has_focus(&session).await;
    write(&session, "an").await;
    session.click(".card .text").await;
    assert_eq!(session.eval(FOCUS).await, json!(false), "a click beside it takes the focus away");
    write(&session, " axe").await;
    assert_eq!(held(&session).await, "an axe");
    session.click(".card .text").await;
    press(&session, Key::Backspace).await;
    assert_eq!(held(&session).await, "an ax", "backspace takes a letter, not the card");
    assert_eq!(session.card().await, card);
    // From a dialog the focus goes back to the button that opened it.
    session.click("#menu-button").await;
    session.find("dialog[data-dialog=menu]").await;
    press(&session, Key::Escape).await;
    write(&session, "e").await;
    assert_eq!(held(&session).await, "an axe");
    press(&session, Key::Backspace).await;
    // Escape beside the field is Escape.
    session.click(".card .text").await;
    press(&session, Key::Escape).await;
    assert_eq!(key_on(&session, "accept").await, "a");
    answers(&session, async || session.press(&['a']).await).await;

    // Back with the keyboard: the field waits, so that backspace goes on walking.
    let second = session.card().await;
    has_focus(&session).await;
    press(&session, Key::Escape).await;
    press(&session, Key::Backspace).await;
    session.wait_for_another(&second).await;
    assert_eq!(session.card().await, card);
    assert_eq!(session.eval(FOCUS).await, json!(false));
    press(&session, Key::Backspace).await;
    session.wait_for("the page to say that this is the first", &format!("{NOTICE} !== ''")).await;
    assert_eq!(held(&session).await, "an ax");
    write(&session, "e!").await;
    assert_eq!(held(&session).await, "an axe!", "a letter is a letter here too");
    answers(&session, async || press(&session, Key::Enter).await).await;
    session.saved().await;
    assert_eq!(session.stored()[&1], json!({"answer": "accept", "user_input": "an axe!"}));
    assert_eq!(session.stored().len(), 1);
    session.close().await;
}

#[tokio::test]
async fn an_empty_field_is_accepted_only_when_it_is_meant() {
    let session = BrowserSession::open("interface = \"text_input\"", &texts(3)).await;
    let card = session.card().await;
    has_focus(&session).await;
    press(&session, Key::Enter).await;
    let said = "The field is empty. Accept again to leave it empty.";
    assert_eq!(session.eval(NOTICE).await, said);
    write(&session, " ").await;
    assert_eq!(session.eval(NOTICE).await, "", "the words go with the next key");
    press(&session, Key::Enter).await;
    assert_eq!(session.eval(NOTICE).await, said, "a blank is nothing");
    assert_eq!(session.card().await, card);
    answers(&session, async || press(&session, Key::Enter).await).await;
    // By the mouse: the letters after the words are still letters.
    let card = session.card().await;
    session.click("[data-answer=accept]").await;
    assert_eq!(session.eval(NOTICE).await, said);
    write(&session, "a").await;
    assert_eq!(held(&session).await, "a");
    assert_eq!(session.card().await, card);
    answers(&session, async || session.click("[data-answer=accept]").await).await;
    session.saved().await;
    assert_eq!(session.stored()[&1], json!({"answer": "accept", "user_input": " "}));
    assert_eq!(session.stored()[&2], json!({"answer": "accept", "user_input": "a"}));
    session.close().await;
}

#[tokio::test]
async fn a_required_field_may_be_rejected_empty_but_not_accepted() {
    let settings = "interface = \"text_input\"\n[project.config]\nfield_required = true\n\
                    field_rows = 3\nfield_label = \"Why?\"";
    let session = BrowserSession::open(settings, &texts(2)).await;
    has_focus(&session).await;
    assert_eq!(key_on(&session, "accept").await, "ctrl ⏎");
    for _ in 0..3 {
        session.press_with(Key::Control, Key::Enter).await;
        assert_eq!(session.eval(NOTICE).await, "“Why?” must not be empty.");
    }
    session.accessible().await;
    session.picture("text_input_refused").await;
    press(&session, Key::Escape).await;
    answers(&session, async || session.press(&['x']).await).await;
    has_focus(&session).await;
    answers(&session, async || {
        session.press(&['s', Key::Enter.into(), 'o']).await;
        session.press_with(Key::Control, Key::Enter).await;
    })
    .await;
    session.saved().await;
    assert_eq!(session.stored()[&1], json!({"answer": "reject", "user_input": ""}));
    assert_eq!(session.stored()[&2], json!({"answer": "accept", "user_input": "s\no"}));
    session.close().await;
}

#[tokio::test]
async fn a_field_beneath_a_text_to_be_marked_leaves_the_keys_to_the_text() {
    let settings = "interface = \"blocks\"\nlabels = [\"PER\", \"LOC\"]\n[project.config]\nblocks = [\n\
        { view_id = \"ner_manual\" },\n\
        { view_id = \"text_input\", field_id = \"why\", field_label = \"Why?\" },\n]";
    let task = json!({"text": "Ada was in Rome.", "meta": {"n": 1}});
    let session = BrowserSession::open(settings, &[task]).await;
    session.card().await;
    assert_eq!(session.eval(FOCUS).await, json!(false), "the text comes first");
    session.press(&[Key::Right.into(), '1']).await;
    session.find("mark[data-label=PER]").await;
    session.click("[data-field=why]").await;
    write(&session, "a1x").await;
    assert_eq!(key_on(&session, "accept").await, "ctrl ⏎");
    // Back to the text with the mouse: its keys are its own again.
    session.double_click("word Rome").await;
    session.find("mark[data-span='11-15']").await;
    assert_eq!(key_on(&session, "accept").await, "a");
    session.press(&['2']).await;
    session.find("[data-label=LOC][aria-pressed=true]").await;
    assert_eq!(held(&session).await, "a1x");
    session.click("[data-field=why]").await;
    press(&session, Key::Enter).await;
    assert_eq!(session.eval(FOCUS).await, json!(false), "Enter leaves a field of several");
    answers(&session, async || session.press(&['a']).await).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["why"], "a1x");
    assert_eq!(session.stored()[&1]["spans"].as_array().map(Vec::len), Some(2));
    session.close().await;
}

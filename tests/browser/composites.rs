//! `html`, `text_input`, `compare`, `diff`, `llm_io`, `blocks` and `pages`: with the keyboard
//! alone, with the mouse alone, and what is special about each.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser_session::{BrowserSession, Trial, try_out};

/// Types into the page, letter by letter.
async fn write(session: &BrowserSession, text: &str) {
    session.press(&text.chars().collect::<Vec<char>>()).await;
}

fn key(key: Key) -> char {
    key.into()
}

/// What the field with the focus holds.
const IN_FIELD: &str = "document.activeElement.value ?? null";

async fn says(session: &BrowserSession, css: &str) -> String {
    session.find(css).await.text().await.expect("it has text")
}

#[tokio::test]
async fn html_and_templates_are_answered_by_keyboard_and_by_mouse() {
    let trial = Trial {
        name: "html",
        settings: "interface = \"html\"",
        first: json!({"html": "<h2>Notice</h2><p>The square is <b>closed</b>.</p>", "meta": {"n": 1}}),
        second: json!({
            "headline": "Fire & <b>smoke</b>", "facts": [{"k": "where", "v": "Rome"}, {"k": "when", "v": "May"}],
            "config": {"html_template":
                "<h2>{{headline}}</h2><table>{{#facts}}<tr><th>{{k}}</th><td>{{v}}</td></tr>{{/facts}}</table>"},
            "meta": {"n": 2},
        }),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(
        trial,
        async |session| assert_eq!(says(session, ".html b").await, "closed"),
        async |session| {
            assert_eq!(says(session, ".html h2").await, "Fire & <b>smoke</b>");
            assert_eq!(says(session, ".html tr:last-child").await, "when May");
        },
    )
    .await;
}

#[tokio::test]
async fn a_text_is_written_by_keyboard_and_suggested_by_mouse() {
    let trial = Trial {
        name: "text_input",
        settings: "interface = \"text_input\"\n[project.config]\nfield_label = \"Why?\"\n\
                   field_placeholder = \"in a few words\"\nfield_rows = 3\n\
                   field_suggestions = [\"a slip\", \"a joke\"]\nfield_id = \"why\"",
        first: json!({"text": "Sweden won the final.", "meta": {"n": 1}}),
        second: json!({"text": "The gallery reopens in May.", "why": "unclear", "meta": {"n": 2}}),
        by_keyboard: json!({"answer": "accept", "why": "a fax, ax!\nx"}),
        by_mouse: json!({"answer": "accept", "why": "unclear\na joke"}),
    };
    try_out(
        trial,
        async |session| {
            write(session, "a fax, ax!\nx").await;
            assert_eq!(session.eval(IN_FIELD).await, json!("a fax, ax!\nx"), "keys are letters");
            session.press(&[key(Key::Escape)]).await;
        },
        async |session| session.click(".suggestions button:last-child").await,
    )
    .await;
}

#[tokio::test]
async fn two_texts_are_compared_by_keyboard_and_by_mouse() {
    let trial = Trial {
        name: "compare",
        settings: "interface = \"compare\"",
        first: json!({
            "input": "Der Platz war leer.", "accept": "The square was empty.",
            "reject": "The place was hollow.", "mapping": {"A": "accept", "B": "reject"}, "meta": {"n": 1},
        }),
        second: json!({
            "input": {"text": "Er kam, sah und siegte."},
            "accept": {"html": "He came, he saw, <b>he won</b>."},
            "reject": {"text": "He came, saw and was victorious over all of them."},
            "meta": {"n": 2},
        }),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(
        trial,
        async |session| {
            assert_eq!(says(session, "[data-side=A] .text").await, "The square was empty.");
            assert_eq!(says(session, "[data-side=B] .text").await, "The place was hollow.");
        },
        async |session| assert_eq!(says(session, "[data-side=A] b").await, "he won"),
    )
    .await;
}

#[tokio::test]
async fn a_difference_is_readable_without_colour() {
    let trial = Trial {
        name: "diff",
        settings: "interface = \"diff\"",
        first: json!({
            "accept": {"text": "The square was empty."}, "reject": {"text": "The square is empty."},
            "meta": {"n": 1},
        }),
        second: json!({
            "input": "As it was, and as it is:",
            "accept": "Police said that two of the men were taken to hospital on Monday night.",
            "reject": "Police say that two of the protesters were taken to a hospital on Monday.",
            "meta": {"n": 2},
        }),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(
        trial,
        async |session| {
            let marks = "['ins', 'del'].map((name) => { const one = document.querySelector('.difference ' + name); \
                return [one.childNodes[1].data, getComputedStyle(one).textDecorationLine]; })";
            assert_eq!(
                session.eval(marks).await,
                json!([["was", "underline"], ["is", "line-through"]])
            );
            // Which text an answer takes stands above the answers, with a sample of each.
            let legend = "['ins', 'del'].map((name) => { const one = document.querySelector('#question li > ' + name); \
                return [one.parentElement.innerText.replace(/\\s+/g, ' '), getComputedStyle(one).textDecorationLine]; })";
            assert_eq!(
                session.eval(legend).await,
                json!([
                    ["✓ new Accept: the new text is right.", "underline"],
                    ["✗ old Reject: the old text stays.", "line-through"]
                ])
            );
            let heard = "document.querySelector('.difference').textContent";
            assert_eq!(session.eval(heard).await, "The square [old: is][new: was] empty.");
        },
        async |_| (),
    )
    .await;
}

#[tokio::test]
async fn a_prompt_stands_with_its_response() {
    let trial = Trial {
        name: "llm_io",
        settings: "interface = \"llm_io\"",
        first: json!({"prompt": "Name a river.", "response": "The Rhine.", "meta": {"n": 1}}),
        second: json!({
            "llm": {"prompt": "Be brief. ".repeat(200), "response": "Label: ASSAULT\nReason: batons."},
            "meta": {"n": 2},
        }),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(
        trial,
        async |session| assert_eq!(says(session, "section.exchange .text").await, "The Rhine."),
        async |session| {
            assert_eq!(session.eval("document.querySelector('details').open").await, json!(false));
            session.click("summary").await;
            assert_eq!(session.eval("document.querySelector('details').open").await, json!(true));
        },
    )
    .await;
}

#[tokio::test]
async fn on_a_phone_a_prompt_leaves_room_for_its_response() {
    let task =
        json!({"prompt": "Be brief, be kind. ".repeat(30), "response": "Yes.", "meta": {"n": 1}});
    let session = BrowserSession::open("interface = \"llm_io\"", &[task]).await;
    session.card().await;
    let open = "document.querySelector('details').open";
    assert_eq!(session.eval(open).await, json!(true));
    let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
    session.browser.tell("Emulation.setDeviceMetricsOverride", &size);
    session.reload().await;
    assert_eq!(session.eval(open).await, json!(false));
    let bottom =
        "document.querySelector('section.exchange').getBoundingClientRect().bottom < innerHeight";
    assert_eq!(session.eval(bottom).await, json!(true));
    session.close().await;
}

const BLOCKS: &str = "interface = \"blocks\"\nlabels = [\"PER\", \"LOC\"]\n[project.config]\n\
    choice_style = \"multiple\"\nblocks = [\n\
    { view_id = \"html\", html_template = \"<b>{{from}}</b>\", text = false },\n\
    { view_id = \"ner_manual\" },\n\
    { view_id = \"choice\", text = false, options = [{ id = 8, text = \"clear\" }, { id = 9, text = \"doubtful\" }] },\n\
    { view_id = \"text_input\", field_id = \"why\", field_label = \"Why?\" },\n\
    { view_id = \"text_input\", field_id = \"more\", field_label = \"More\", field_rows = 2 },\n]";

#[tokio::test]
async fn blocks_are_filled_in_by_keyboard_and_by_mouse() {
    let trial = Trial {
        name: "blocks",
        settings: BLOCKS,
        first: json!({"text": "Ada was in Rome.", "from": "A & B", "meta": {"n": 1}}),
        second: json!({
            "text": "Sweden was in Oslo.", "from": "<i>C</i>", "meta": {"n": 2},
            "spans": [{"start": 14, "end": 18, "label": "LOC", "by": "a model"}],
        }),
        by_keyboard: json!({
            "answer": "accept", "accept": [9], "why": "so", "more": "",
            "spans": [{"start": 0, "end": 3, "label": "PER", "token_start": 0, "token_end": 0}],
        }),
        by_mouse: json!({
            "answer": "accept", "accept": [8], "why": "", "more": "",
            "spans": [{"start": 14, "end": 18, "label": "LOC", "by": "a model"}],
        }),
    };
    try_out(
        trial,
        async |session| {
            assert_eq!(says(session, ".block.html b").await, "A & B");
            session.eval("document.querySelector('.block.ner_manual .tokens')?.focus()").await;
            session.press(&[key(Key::Right), key(Key::Enter)]).await;
            // Into the choice: from here its keys go first.
            session.eval("document.querySelector('[data-option=\"8\"]').focus()").await;
            session.press(&['2']).await;
            session.eval("document.querySelector('[data-field=why]').focus()").await;
            write(session, "so").await;
            session.press(&[key(Key::Escape)]).await;
        },
        async |session| session.click("[data-option='8']").await,
    )
    .await;
}

#[tokio::test]
async fn pages_are_turned_by_keyboard_and_by_mouse_and_all_are_looked_at() {
    let options = json!([{"id": 1, "text": "yes"}, {"id": 2, "text": "no"}]);
    let pages = json!([
        {"view_id": "choice", "text": "Is it short?", "options": options, "odd": 1.50},
        {"view_id": "ner_manual", "text": "Ada was in Rome."},
        {"view_id": "text_input", "html": "<b>Say</b> why."},
    ]);
    let mut by_keyboard = pages.clone();
    by_keyboard[0]["accept"] = json!([2]);
    by_keyboard[1]["spans"] = json!([]);
    by_keyboard[2]["user_input"] = json!("no");
    let mut by_mouse = pages.clone();
    by_mouse[0]["accept"] = json!([1]);
    by_mouse[1]["spans"] = json!([]);
    by_mouse[2]["user_input"] = json!("");
    let trial = Trial {
        name: "pages",
        settings: "interface = \"pages\"\nlabels = [\"PER\", \"LOC\"]",
        first: json!({"pages": pages, "meta": {"n": 1}}),
        second: json!({"pages": pages, "meta": {"n": 2}, "further": true}),
        by_keyboard: json!({"answer": "accept", "pages": by_keyboard}),
        by_mouse: json!({"answer": "accept", "pages": by_mouse}),
    };
    try_out(
        trial,
        async |session| {
            session.press(&['2', 'a']).await;
            let refused = "document.body.innerText.includes('View all pages first')";
            session.wait_for("the page to ask for the others", refused).await;
            session.press(&['n']).await;
            session.find(".sheet.ner_manual").await;
            session.press(&['n']).await;
            session.find(".sheet.text_input").await;
            session.eval("document.querySelector('.field').focus()").await;
            write(session, "no").await;
            session.press(&[key(Key::Escape)]).await;
        },
        async |session| {
            session.click("[data-option='1']").await;
            for _ in 0..2 {
                session.click("[data-page=next]").await;
            }
            assert_eq!(says(session, ".place").await, "Page 3 of 3");
            let field = "document.activeElement.matches('.field')";
            assert_eq!(session.eval(field).await, json!(false), "a page takes no focus unasked");
            session.click("[data-answer=accept]").await;
            let asked = "document.querySelector('#notice').textContent";
            let said = "Page 3: The field is empty. Accept again to leave it empty.";
            assert_eq!(session.eval(asked).await, json!(said));
            assert_eq!(says(session, ".sheet b").await, "Say");
        },
    )
    .await;
}

#[tokio::test]
async fn a_page_that_objects_is_brought_back_once() {
    let page = json!({"view_id": "choice", "text": "a", "options": [{"id": 1, "text": "yes"}]});
    let task = json!({"pages": [page, page], "meta": {"n": 1}});
    let session = BrowserSession::open("interface = \"pages\"", &[task]).await;
    session.card().await;
    session.press(&['n', '1', 'a']).await;
    let place = "document.querySelector('.place')?.textContent";
    session.wait_for("the page without a choice", &format!("{place} === 'Page 1 of 2'")).await;
    session.press(&['a']).await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["pages"][1]["accept"], json!([1]));
    assert_eq!(session.stored()[&1]["pages"][0]["accept"], json!([]));
    session.close().await;
}

#[tokio::test]
async fn a_page_may_be_made_of_blocks() {
    let task = json!({"meta": {"n": 1}, "pages": [{
        "view_id": "blocks", "text": "Ada", "config": {"blocks": [
            {"view_id": "text"}, {"view_id": "text_input", "field_autofocus": true},
        ]},
    }]});
    let session = BrowserSession::open("interface = \"pages\"", &[task]).await;
    session.card().await;
    session
        .wait_for("the field to have the focus", "document.activeElement.matches('.field')")
        .await;
    write(&session, "b").await;
    session.press_with(Key::Control, Key::Enter).await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["pages"][0]["user_input"], json!("b"));
    session.close().await;
}

#[tokio::test]
async fn in_blocks_the_next_key_is_for_the_block_that_took_the_one_before() {
    let settings = "interface = \"blocks\"\nlabels = [\"PERSON\", \"PLACE\"]\n[project.config]\n\
                    blocks = [{view_id = \"ner_manual\"}, {view_id = \"choice\"}]";
    let options = json!([{"id": "sure", "text": "sure"}, {"id": "unsure", "text": "not sure"}]);
    let task = json!({"text": "Ada was in Rome.", "options": options, "meta": {"n": 1}});
    let session = BrowserSession::open(settings, &[task]).await;
    session.card().await;
    session.click(".option").await;
    session.press(&[key(Key::Right), '2']).await;
    let marked = "document.querySelector('.card:not(.offscreen) mark')?.dataset.label";
    session.wait_for("the word to be labelled", &format!("{marked} === 'PLACE'")).await;
    let chosen = "[...document.querySelectorAll('.option input')].map((one) => one.checked)";
    assert_eq!(session.eval(chosen).await, json!([true, false]));
    session.close().await;
}

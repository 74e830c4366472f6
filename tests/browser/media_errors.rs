//! Pictures and sounds that are not there: what is refused, missing, broken or away is told apart,
//! and what was repaired comes.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::media_files::{boxed, picture_is_there, png, sound_is_there, wav, with_folder};

#[tokio::test]
async fn what_the_project_does_not_allow_is_told_in_words() {
    let tasks = [
        json!({"image": "https://pictures.example/a.png", "meta": {"n": 1}}),
        json!({"image": "../secret.png", "meta": {"n": 2}}),
        json!({"image": "javascript:alert(1)", "meta": {"n": 3}}),
        json!({"image": "none.png", "meta": {"n": 4}}),
    ];
    let session = BrowserSession::open_project(with_folder("image", ""), &tasks).await;
    for words in [
        "on pictures.example, which this project does not allow",
        "leads out of the project's folder",
        "not the address of a file",
        "none.png was not found. This needs the project lead: skip the task",
    ] {
        let card = session.card().await;
        let said = format!("document.querySelector('.empty')?.textContent.includes({words:?})");
        session.wait_for(words, &said).await;
        session.press(&[' ']).await;
        session.wait_for_another(&card).await;
    }
    session.saved().await;
    session.stayed_here().await;
    session.close().await;
}

#[tokio::test]
async fn what_did_not_come_is_told_apart_from_what_is_on_its_way() {
    let project = with_folder("image_manual", "");
    project.write("files/broken.png", "no picture at all");
    let tasks = [
        json!({"image": "none.png", "meta": {"n": 1}}),
        json!({"image": "broken.png", "meta": {"n": 2}, "spans": [boxed("A", 80, 60, 160, 120)]}),
        json!({"image": "data:image/png;base64,AAAA", "meta": {"n": 3}}),
    ];
    let session = BrowserSession::open_project(project, &tasks).await;
    for (lack, words) in [
        ("missing", "none.png was not found."),
        ("broken", "Your browser cannot show the file broken.png"),
        ("inside", "The file inside this task cannot be shown"),
    ] {
        let card = session.card().await;
        let said = format!(
            "document.querySelector('.media-error[data-media-error={lack}]')?.textContent.includes({words:?})"
        );
        session.wait_for(words, &said).await;
        let again = "document.querySelector('[data-retry]') !== null";
        assert_eq!(session.eval(again).await, json!(lack != "inside"), "{lack}");
        session.accessible().await;
        session.picture(&format!("image_manual_{lack}")).await;
        // Nothing is changed that cannot be seen; the objection is made once.
        session.press(&['.']).await;
        let chosen = "document.querySelector('[data-drawn][aria-pressed=true]')";
        assert_eq!(session.eval(chosen).await, Value::Null);
        session.press(&['a']).await;
        let notice = "document.querySelector('#notice').textContent";
        let objects = format!("{notice}.includes('could not be shown, so nothing can be drawn')");
        session.wait_for("the page to object", &objects).await;
        let yet = session.eval(&format!("{notice}.includes('still loading')")).await;
        assert_eq!(yet, json!(false), "it is not loading");
        session.press(&['a']).await;
        session.wait_for_another(&card).await;
    }
    session.saved().await;
    let kept = json!({"answer": "accept", "spans": [boxed("A", 80, 60, 160, 120)]});
    assert_eq!(session.stored().get(&2), Some(&kept));
    session.close().await;
}

#[tokio::test]
async fn what_was_mended_is_shown_when_it_is_asked_for_once_more() {
    let tasks = [json!({"image": "late.png", "meta": {"n": 1}})];
    let session = BrowserSession::open_project(with_folder("image_manual", ""), &tasks).await;
    let card = session.card().await;
    session.find(".media-error[data-media-error=missing]").await;
    std::fs::write(session.project.path().join("files/late.png"), png()).expect("a picture");
    session.click("[data-retry]").await;
    picture_is_there(&session).await;
    session.drag_within(".picture-box", &[(0.25, 0.2), (0.5, 0.4), (0.6, 0.6)]).await;
    session.wait_for("a shape", "document.querySelectorAll('[data-shape]').length === 1").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.close().await;

    let tasks = [json!({"audio": "late.wav", "meta": {"n": 1}})];
    let session = BrowserSession::open_project(with_folder("audio_manual", ""), &tasks).await;
    let card = session.card().await;
    session.find(".media-error[data-media-error=missing]").await;
    session.press(&['a']).await;
    let objects = "document.querySelector('#notice').textContent.includes('could not be played')";
    session.wait_for("the page to object", objects).await;
    std::fs::write(session.project.path().join("files/late.wav"), wav(4)).expect("a sound");
    session.click("[data-retry]").await;
    sound_is_there(&session).await;
    session.press(&['[', Key::Right.into(), ']']).await;
    session.wait_for("a segment", "document.querySelectorAll('.region').length === 1").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.close().await;
}

#[tokio::test]
async fn while_the_server_is_away_a_picture_is_asked_for_by_itself() {
    let tasks = [json!({"image": "a b/plain.png", "meta": {"n": 1}})];
    let session = BrowserSession::open_project(with_folder("image", ""), &tasks).await;
    session.card().await;
    picture_is_there(&session).await;
    let block =
        |urls: Value| session.browser.tell("Network.setBlockedURLs", &json!({"urls": urls}));
    session.browser.tell("Network.enable", &json!({}));
    block(json!(["*/media/*"]));
    session
        .browser
        .client
        .execute("document.querySelector('.picture-box > img').src += '?other'", Vec::new())
        .await
        .expect("it is asked for");
    session.find(".media-error[data-media-error=away]").await;
    let words =
        "document.querySelector('.media-error').textContent.includes('Retrying automatically')";
    assert_eq!(session.eval(words).await, json!(true));
    block(json!([]));
    picture_is_there(&session).await;
    session.close().await;
}

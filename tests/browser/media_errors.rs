//! Pictures and sounds that are not there: what is refused, missing, broken or away is told apart,
//! and what is mended comes.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::Seat;
use crate::media_files::{boxed, picture_is_there, png, sound_is_there, wav, with_folder};

#[tokio::test]
async fn what_the_project_does_not_allow_is_told_in_words() {
    let tasks = [
        json!({"image": "https://pictures.example/a.png", "meta": {"n": 1}}),
        json!({"image": "../secret.png", "meta": {"n": 2}}),
        json!({"image": "javascript:alert(1)", "meta": {"n": 3}}),
        json!({"image": "none.png", "meta": {"n": 4}}),
    ];
    let seat = Seat::open_project(with_folder("image", ""), &tasks).await;
    for words in [
        "on pictures.example, which this project does not allow",
        "leads out of the project's folder",
        "not the address of a file",
        "none.png was not found. This needs the project lead: skip the task",
    ] {
        let card = seat.card().await;
        let said = format!("document.querySelector('.empty')?.textContent.includes({words:?})");
        seat.wait_for(words, &said).await;
        seat.press(&[' ']).await;
        seat.wait_for_another(&card).await;
    }
    seat.saved().await;
    seat.stayed_here().await;
    seat.close().await;
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
    let seat = Seat::open_project(project, &tasks).await;
    for (lack, words) in [
        ("missing", "none.png was not found."),
        ("broken", "Your browser cannot show the file broken.png"),
        ("inside", "The file inside this task cannot be shown"),
    ] {
        let card = seat.card().await;
        let said = format!(
            "document.querySelector('.media-error[data-media-error={lack}]')?.textContent.includes({words:?})"
        );
        seat.wait_for(words, &said).await;
        let again = "document.querySelector('[data-retry]') !== null";
        assert_eq!(seat.eval(again).await, json!(lack != "inside"), "{lack}");
        seat.accessible().await;
        seat.picture(&format!("image_manual_{lack}")).await;
        // Nothing is changed that cannot be seen; the objection is made once.
        seat.press(&['.']).await;
        let chosen = "document.querySelector('[data-drawn][aria-pressed=true]')";
        assert_eq!(seat.eval(chosen).await, Value::Null);
        seat.press(&['a']).await;
        let notice = "document.querySelector('#notice').textContent";
        let objects = format!("{notice}.includes('could not be shown, so nothing can be drawn')");
        seat.wait_for("the page to object", &objects).await;
        let yet = seat.eval(&format!("{notice}.includes('still loading')")).await;
        assert_eq!(yet, json!(false), "it is not loading");
        seat.press(&['a']).await;
        seat.wait_for_another(&card).await;
    }
    seat.saved().await;
    let kept = json!({"answer": "accept", "spans": [boxed("A", 80, 60, 160, 120)]});
    assert_eq!(seat.stored().get(&2), Some(&kept));
    seat.close().await;
}

#[tokio::test]
async fn what_was_mended_is_shown_when_it_is_asked_for_once_more() {
    let tasks = [json!({"image": "late.png", "meta": {"n": 1}})];
    let seat = Seat::open_project(with_folder("image_manual", ""), &tasks).await;
    let card = seat.card().await;
    seat.find(".media-error[data-media-error=missing]").await;
    std::fs::write(seat.project.path().join("files/late.png"), png()).expect("a picture");
    seat.click("[data-retry]").await;
    picture_is_there(&seat).await;
    seat.drag_within(".picture-box", &[(0.25, 0.2), (0.5, 0.4), (0.6, 0.6)]).await;
    seat.wait_for("a shape", "document.querySelectorAll('[data-shape]').length === 1").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.close().await;

    let tasks = [json!({"audio": "late.wav", "meta": {"n": 1}})];
    let seat = Seat::open_project(with_folder("audio_manual", ""), &tasks).await;
    let card = seat.card().await;
    seat.find(".media-error[data-media-error=missing]").await;
    seat.press(&['a']).await;
    let objects = "document.querySelector('#notice').textContent.includes('could not be played')";
    seat.wait_for("the page to object", objects).await;
    std::fs::write(seat.project.path().join("files/late.wav"), wav(4)).expect("a sound");
    seat.click("[data-retry]").await;
    sound_is_there(&seat).await;
    seat.press(&['[', Key::Right.into(), ']']).await;
    seat.wait_for("a segment", "document.querySelectorAll('.region').length === 1").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.close().await;
}

#[tokio::test]
async fn while_the_server_is_away_a_picture_is_asked_for_by_itself() {
    let tasks = [json!({"image": "a b/plain.png", "meta": {"n": 1}})];
    let seat = Seat::open_project(with_folder("image", ""), &tasks).await;
    seat.card().await;
    picture_is_there(&seat).await;
    let block = |urls: Value| seat.browser.tell("Network.setBlockedURLs", &json!({"urls": urls}));
    seat.browser.tell("Network.enable", &json!({}));
    block(json!(["*/media/*"]));
    seat.browser
        .client
        .execute("document.querySelector('.picture-box > img').src += '?other'", Vec::new())
        .await
        .expect("it is asked for");
    seat.find(".media-error[data-media-error=away]").await;
    let words =
        "document.querySelector('.media-error').textContent.includes('Retrying automatically')";
    assert_eq!(seat.eval(words).await, json!(true));
    block(json!([]));
    picture_is_there(&seat).await;
    seat.close().await;
}

//! Nothing is answered unseen, and nothing that is pressed is swallowed; every answer is reached
//! again.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::media_files::png;

pub(crate) fn texts(count: usize) -> Vec<Value> {
    let text =
        |n| if n == 1 { "The earliest one.".to_owned() } else { format!("Text number {n}.") };
    (1..=count).map(|n| json!({"text": text(n), "meta": {"n": n}})).collect()
}

/// Presses a key in the page itself, as often as wanted before it can paint anything.
pub(crate) fn presses(key: &str, times: usize) -> String {
    format!(
        "(() => {{ for (let i = 0; i < {times}; i++) \
           document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: {key:?}, bubbles: true, cancelable: true}})); \
         return true; }})()"
    )
}

pub(crate) fn told(words: &str) -> String {
    format!(
        "!document.querySelector('#notice').hidden && \
         document.querySelector('#notice').textContent.includes({words:?})"
    )
}

#[tokio::test]
async fn two_presses_within_a_frame_answer_one_card() {
    let session = BrowserSession::open("interface = \"text\"", &texts(4)).await;
    let first = session.card().await;
    session.press(&[]).await;
    session.wait_for("the card to be seen", "document.body.dataset.seen === 'true'").await;
    session.eval(&presses("a", 2)).await;
    session.wait_for("the page to tell", &told("was not on the screen yet")).await;
    let spoken = "document.querySelector('#spoken').textContent.includes('was not on the screen')";
    session.wait_for("it to be spoken", spoken).await;
    session.wait_for_another(&first).await;
    session.saved().await;
    assert_eq!(session.stored().len(), 1);
    // Once it is seen, the next press counts, and what was said is past.
    let second = session.card().await;
    session.press(&['x']).await;
    session.wait_for_another(&second).await;
    session.wait_for("quiet", "document.querySelector('#notice').hidden").await;
    session.saved().await;
    assert_eq!(session.stored().len(), 2);
    session.close().await;
}

/// Presses `a` the given number of times, twenty in a second, and notes of each press whether it
/// answered a card, was reported as not taken, or came while the page waited for tasks.
///
/// The measure is `data-seen`, which changes with the keys that count.
fn hurry(times: usize) -> String {
    format!(
        "(() => {{ window.hurried = []; \
           const page = document.body.dataset; \
           const told = () => !document.querySelector('#notice').hidden && \
             document.querySelector('#notice').textContent.includes('was not taken'); \
           const timer = setInterval(() => {{ \
             const card = page.state === 'task', seen = page.seen === 'true'; \
             document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: 'a', bubbles: true, cancelable: true}})); \
             const answered = card && seen && (page.seen !== 'true' || page.state !== 'task'); \
             window.hurried.push(!card ? 'no card' : answered ? 'answered' : told() ? 'told' : 'swallowed'); \
             if (window.hurried.length === {times}) clearInterval(timer); \
           }}, 50); return true; }})()"
    )
}

#[tokio::test]
async fn of_twenty_keys_in_a_second_each_answers_a_card_or_is_told() {
    let session = BrowserSession::open("interface = \"text\"", &texts(80)).await;
    session.card().await;
    session.press(&[]).await;
    session.wait_for("the card to be seen", "document.body.dataset.seen === 'true'").await;
    session.eval(&hurry(60)).await;
    session.wait_for("the last key", "window.hurried.length === 60").await;
    session.saved().await;
    let pressed = session.eval("window.hurried").await;
    let pressed = pressed.as_array().expect("a list");
    let count = |what: &str| pressed.iter().filter(|outcome| **outcome == what).count();
    assert_eq!(count("swallowed"), 0, "{pressed:?}");
    assert_eq!(session.stored().len(), count("answered"), "{pressed:?}");
    assert!(count("answered") > 0, "{pressed:?}");
    session.close().await;
}

/// A host that takes requests for pictures and answers when it is told to.
struct Slow {
    origin: String,
    sends: Arc<AtomicBool>,
}

impl Slow {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let sends = Arc::new(AtomicBool::new(false));
        let may = Arc::clone(&sends);
        std::thread::spawn(move || {
            for mut caller in listener.incoming().map_while(Result::ok) {
                let may = Arc::clone(&may);
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    // If the browser has gone, the reply has no reader.
                    let _ = caller.read(&mut request);
                    while !may.load(Ordering::SeqCst) {
                        std::thread::sleep(std::time::Duration::from_millis(5));
                    }
                    let picture = png();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\
                         connection: close\r\n\r\n",
                        picture.len()
                    );
                    let _ = caller.write_all(head.as_bytes());
                    let _ = caller.write_all(&picture);
                });
            }
        });
        Self { origin, sends }
    }
}

#[tokio::test]
async fn a_card_whose_picture_is_on_its_way_is_not_answered() {
    let slow = Slow::start();
    let settings = format!("interface = \"image\"\nmedia_from = [{:?}]", slow.origin);
    let tasks: Vec<Value> = (1..=3)
        .map(|n| json!({"image": format!("{}/{n}.png", slow.origin), "meta": {"n": n}}))
        .collect();
    let session = BrowserSession::open(&settings, &tasks).await;
    let first = session.card().await;
    let on_its_way = told("still loading");
    for key in ['a', 'x', 'a'] {
        session.press(&[Key::Home.into()]).await;
        session.press(&[key]).await;
        session.wait_for("the page to tell", &on_its_way).await;
        assert_eq!(session.card().await, first);
    }
    // An annotator who knows of it may skip the task.
    session.press(&[' ']).await;
    session.wait_for_another(&first).await;
    let second = session.card().await;
    session.press(&[' ']).await;
    session.wait_for("the page to tell", &on_its_way).await;
    assert_eq!(session.card().await, second, "of this picture nothing was said yet");
    slow.sends.store(true, Ordering::SeqCst);
    let there = "document.querySelector('.card:not(.offscreen) img').complete";
    session.wait_for("the picture", there).await;
    session.press(&['a']).await;
    session.wait_for_another(&second).await;
    session.saved().await;
    let stored = session.stored();
    assert_eq!(
        (&stored[&1]["answer"], &stored[&2]["answer"]),
        (&json!("ignore"), &json!("accept"))
    );
    session.close().await;
}

/// From now on no answer arrives on the disk, until `window.disk()` is called.
const STUCK: &str = "(() => {
    const { put } = IDBObjectStore.prototype;
    let stuck = true;
    window.disk = () => { stuck = false; };
    IDBObjectStore.prototype.put = function (...given) {
      const request = put.apply(this, given);
      const hold = () => { if (stuck) this.getKey(0).onsuccess = hold; };
      if (this.name === 'outbox') hold();
      return request;
    };
    return true;
})()";

#[tokio::test]
async fn a_key_that_the_disk_leaves_no_room_for_is_told_and_counts_for_nothing() {
    let session = BrowserSession::open("interface = \"text\"", &texts(14)).await;
    session.card().await;
    assert_eq!(session.eval(STUCK).await, json!(true));
    // Six cards, and the last of them four times more: a page holds no more than a batch.
    for n in 0..14 {
        let card = session.card().await;
        let back = n >= 6 && n % 2 == 0;
        session.press(&[if back { Key::Backspace.into() } else { 'a' }]).await;
        session.wait_for_another(&card).await;
    }
    let seventh = session.card().await;
    for key in ['a', Key::Backspace.into(), 'f', 'c'] {
        session.eval("document.querySelector('#notice').hidden = true").await;
        session.press(&[key]).await;
        session
            .wait_for("the page to tell", &told("10 answers are waiting for this browser's disk"))
            .await;
        assert_eq!(session.card().await, seventh, "{key:?}");
    }
    session.click("[data-answer=reject]").await;
    session.wait_for("the page to tell", &told("10 answers are waiting")).await;
    session.eval("window.disk()").await;
    session.saved().await;
    assert_eq!(session.stored().len(), 6, "a key that was refused is not carried out later");
    session.press(&['a']).await;
    session.wait_for_another(&seventh).await;
    session.saved().await;
    assert_eq!(session.stored().len(), 7);
    session.close().await;
}

#[tokio::test]
async fn a_sign_that_is_being_put_together_is_no_key() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"A\", \"B\"]";
    let session = BrowserSession::open(settings, &texts(3)).await;
    let card = session.card().await;
    let pressed = |target: &str, key: &str, by: &str| {
        format!(
            "(() => {{ const to = {target}; const event = new KeyboardEvent('keydown', \
               {{key: {key:?}, bubbles: true, cancelable: true, {by}}}); \
             to.dispatchEvent(event); return event.defaultPrevented; }})()"
        )
    };
    for by in ["isComposing: true", "keyCode: 229"] {
        for key in ["a", "x", " ", "Enter", "Backspace", "f", "2", "h", "Escape"] {
            let taken = session.eval(&pressed("document.body", key, by)).await;
            assert_eq!(taken, json!(false), "{key} {by}");
        }
    }
    assert_eq!(session.card().await, card);
    assert_eq!(session.eval("document.querySelector('dialog')").await, Value::Null);
    // In a field, the Enter that ends a word ends no remark, and Escape that gives it up closes
    // nothing.
    session.press(&['c']).await;
    let field = "document.querySelector('dialog textarea')";
    session.wait_for("the field", &format!("{field} !== null")).await;
    for by in ["isComposing: true", "keyCode: 229"] {
        for key in ["Enter", "Escape"] {
            assert_eq!(session.eval(&pressed(field, key, by)).await, json!(false));
        }
    }
    assert_eq!(session.eval("document.querySelector('dialog').open").await, json!(true));
    session.press(&[Key::Escape.into()]).await;
    // And the search closes with Escape, whatever is written in it.
    session.press(&['y']).await;
    session.find("dialog .search").await;
    session.press(&['q', 'q', Key::Escape.into()]).await;
    session.wait_for("no dialog", "document.querySelector('dialog') === null").await;
    session.close().await;
}

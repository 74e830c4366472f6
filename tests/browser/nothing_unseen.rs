//! Nothing is answered unseen, and nothing that is pressed is swallowed; every answer is reached
//! again.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::Seat;
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
    let seat = Seat::open("interface = \"text\"", &texts(4)).await;
    let first = seat.card().await;
    seat.press(&[]).await;
    seat.wait_for("the card to be seen", "document.body.dataset.seen === 'true'").await;
    seat.eval(&presses("a", 2)).await;
    seat.wait_for("the page to tell", &told("was not on the screen yet")).await;
    let spoken = "document.querySelector('#spoken').textContent.includes('was not on the screen')";
    seat.wait_for("it to be spoken", spoken).await;
    seat.wait_for_another(&first).await;
    seat.saved().await;
    assert_eq!(seat.stored().len(), 1);
    // Once it is seen, the next press counts, and what was said is past.
    let second = seat.card().await;
    seat.press(&['x']).await;
    seat.wait_for_another(&second).await;
    seat.wait_for("quiet", "document.querySelector('#notice').hidden").await;
    seat.saved().await;
    assert_eq!(seat.stored().len(), 2);
    seat.close().await;
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
    let seat = Seat::open("interface = \"text\"", &texts(80)).await;
    seat.card().await;
    seat.press(&[]).await;
    seat.wait_for("the card to be seen", "document.body.dataset.seen === 'true'").await;
    seat.eval(&hurry(60)).await;
    seat.wait_for("the last key", "window.hurried.length === 60").await;
    seat.saved().await;
    let pressed = seat.eval("window.hurried").await;
    let pressed = pressed.as_array().expect("a list");
    let count = |what: &str| pressed.iter().filter(|outcome| **outcome == what).count();
    assert_eq!(count("swallowed"), 0, "{pressed:?}");
    assert_eq!(seat.stored().len(), count("answered"), "{pressed:?}");
    assert!(count("answered") > 0, "{pressed:?}");
    seat.close().await;
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
                    // Should the browser have gone, there is nobody to send it to.
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
    let seat = Seat::open(&settings, &tasks).await;
    let first = seat.card().await;
    let on_its_way = told("still loading");
    for key in ['a', 'x', 'a'] {
        seat.press(&[Key::Home.into()]).await;
        seat.press(&[key]).await;
        seat.wait_for("the page to tell", &on_its_way).await;
        assert_eq!(seat.card().await, first);
    }
    // Whoever knows of it may skip the task.
    seat.press(&[' ']).await;
    seat.wait_for_another(&first).await;
    let second = seat.card().await;
    seat.press(&[' ']).await;
    seat.wait_for("the page to tell", &on_its_way).await;
    assert_eq!(seat.card().await, second, "of this picture nothing was said yet");
    slow.sends.store(true, Ordering::SeqCst);
    let there = "document.querySelector('.card:not(.offscreen) img').complete";
    seat.wait_for("the picture", there).await;
    seat.press(&['a']).await;
    seat.wait_for_another(&second).await;
    seat.saved().await;
    let stored = seat.stored();
    assert_eq!(
        (&stored[&1]["answer"], &stored[&2]["answer"]),
        (&json!("ignore"), &json!("accept"))
    );
    seat.close().await;
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
    let seat = Seat::open("interface = \"text\"", &texts(14)).await;
    seat.card().await;
    assert_eq!(seat.eval(STUCK).await, json!(true));
    // Six cards, and the last of them four times more: a page has no more than a batch in hand.
    for n in 0..14 {
        let card = seat.card().await;
        let back = n >= 6 && n % 2 == 0;
        seat.press(&[if back { Key::Backspace.into() } else { 'a' }]).await;
        seat.wait_for_another(&card).await;
    }
    let seventh = seat.card().await;
    for key in ['a', Key::Backspace.into(), 'f', 'c'] {
        seat.eval("document.querySelector('#notice').hidden = true").await;
        seat.press(&[key]).await;
        seat.wait_for("the page to tell", &told("10 answers are waiting for this browser's disk"))
            .await;
        assert_eq!(seat.card().await, seventh, "{key:?}");
    }
    seat.click("[data-answer=reject]").await;
    seat.wait_for("the page to tell", &told("10 answers are waiting")).await;
    seat.eval("window.disk()").await;
    seat.saved().await;
    assert_eq!(seat.stored().len(), 6, "what was told is done by nobody later");
    seat.press(&['a']).await;
    seat.wait_for_another(&seventh).await;
    seat.saved().await;
    assert_eq!(seat.stored().len(), 7);
    seat.close().await;
}

#[tokio::test]
async fn a_sign_that_is_being_put_together_is_no_key() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"A\", \"B\"]";
    let seat = Seat::open(settings, &texts(3)).await;
    let card = seat.card().await;
    let pressed = |target: &str, key: &str, by: &str| {
        format!(
            "(() => {{ const to = {target}; const event = new KeyboardEvent('keydown', \
               {{key: {key:?}, bubbles: true, cancelable: true, {by}}}); \
             to.dispatchEvent(event); return event.defaultPrevented; }})()"
        )
    };
    for by in ["isComposing: true", "keyCode: 229"] {
        for key in ["a", "x", " ", "Enter", "Backspace", "f", "2", "h", "Escape"] {
            let taken = seat.eval(&pressed("document.body", key, by)).await;
            assert_eq!(taken, json!(false), "{key} {by}");
        }
    }
    assert_eq!(seat.card().await, card);
    assert_eq!(seat.eval("document.querySelector('dialog')").await, Value::Null);
    // In a field, the Enter that ends a word ends no remark, and Escape that gives it up closes
    // nothing.
    seat.press(&['c']).await;
    let field = "document.querySelector('dialog textarea')";
    seat.wait_for("the field", &format!("{field} !== null")).await;
    for by in ["isComposing: true", "keyCode: 229"] {
        for key in ["Enter", "Escape"] {
            assert_eq!(seat.eval(&pressed(field, key, by)).await, json!(false));
        }
    }
    assert_eq!(seat.eval("document.querySelector('dialog').open").await, json!(true));
    seat.press(&[Key::Escape.into()]).await;
    // And the search closes with Escape, whatever is written in it.
    seat.press(&['y']).await;
    seat.find("dialog .search").await;
    seat.press(&['q', 'q', Key::Escape.into()]).await;
    seat.wait_for("no dialog", "document.querySelector('dialog') === null").await;
    seat.close().await;
}

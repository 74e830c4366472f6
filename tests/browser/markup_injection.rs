//! No text of a task, a label or a setting breaks out of the page (markup_tricks.rs).

use std::collections::HashSet;

use annotd::interface::Interface;
use annotd::interface::html::sanitize::{ANYWHERE, ATTRIBUTES, ELEMENTS};
use fantoccini::key::Key;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::common::daemon::Project;
use crate::markup_tricks::{TRICKS, furnished, merge, tasks};

/// Everything in the page that should not be, in words.
fn look() -> String {
    let listed: Vec<Value> = ELEMENTS
        .iter()
        .map(|element| {
            let own = ATTRIBUTES.iter().find(|(name, _)| name == element).map(|(_, names)| *names);
            let names: HashSet<&str> =
                ANYWHERE.iter().chain(own.unwrap_or_default()).copied().collect();
            json!([element, names])
        })
        .collect();
    format!(
        "(() => {{
          const listed = new Map({listed});
          // What the page itself puts into cleaned HTML: marks, and links of options.
          const ours = {{ mark: ['class'], a: ['class', 'tabindex', 'aria-label'] }};
          const faults = [...(window.violations ?? ['no listener'])];
          if (window.brokeOut) faults.push('it ran');
          if (!window.stillHere) faults.push('the page is another one');
          for (const one of document.querySelectorAll('body *, head > *')) {{
            const name = one.localName;
            const head = one.parentElement === document.head;
            const own = head && ['meta', 'title'].includes(name) || name === 'noscript' && one.parentElement === document.body || ['script', 'link'].includes(name) &&
              new URL(one.src ?? one.href, location.href).origin === location.origin;
            const never = ['script', 'style', 'iframe', 'frame', 'object', 'embed', 'base', 'meta', 'link', 'math',
              'foreignobject', 'animate', 'set', 'template', 'noscript', 'marquee', 'applet'];
            if (never.includes(name) && !own) faults.push('<' + name + '>');
            for (const {{ name: key, value }} of one.attributes) {{
              if (/^on/i.test(key) || ['srcdoc', 'formaction', 'ping', 'action'].includes(key)) faults.push(name + ' ' + key);
              if (['href', 'src', 'xlink:href', 'data', 'poster'].includes(key) &&
                  !/^(https?:|mailto:|data:(image|audio|video)\\/|blob:|[^:]*$)/i.test(value.trim())) faults.push(key + '=' + value);
              if (key === 'style' && /url[(]|expression|(^|;) *position/i.test(value)) faults.push(key + '=' + value);
            }}
          }}
          for (const whole of document.querySelectorAll('div.html:not(.sheet)')) {{
            for (const one of whole.querySelectorAll('*')) {{
              if (one.closest('button') || one.localName === 'button') continue;
              const known = listed.get(one.localName);
              if (!known) faults.push('<' + one.localName + '> in cleaned HTML');
              else for (const {{ name }} of one.attributes)
                if (!known.includes(name) && !ours[one.localName]?.includes(name)) faults.push(name + ' of ' + one.localName);
            }}
          }}
          for (const {{ name }} of performance.getEntriesByType('resource'))
            if (!name.startsWith('data:') && new URL(name).host !== location.host) faults.push('asked ' + name);
          return faults;
        }})()",
        listed = Value::Array(listed)
    )
}

/// Listens from now on for what the content security policy had to stop.
const LISTEN: &str = "window.stillHere = true; window.violations = []; \
    performance.setResourceTimingBufferSize(10_000); \
    addEventListener('securitypolicyviolation', (event) => \
      violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));";

/// Walks with one interface over every trick.
async fn stands_up_to_them(interface: &str) {
    let mut all = vec![];
    for (n, trick) in TRICKS.iter().enumerate() {
        let tasks = tasks(interface, trick).unwrap_or_else(|| {
            panic!("breaking_out.rs: no tasks for {interface}; add them to `tasks`")
        });
        all.extend(tasks.into_iter().map(|task| furnished(task, trick, n)));
    }
    let mut labels: Vec<&str> =
        TRICKS.iter().copied().filter(|t| !t.contains(char::is_control)).collect();
    labels.truncate(60);
    let labels = serde_json::to_string(&labels).expect("text is JSON");
    let settings = format!(
        "interface = {interface:?}\ninstructions = \"instructions.md\"\nlabels = {labels}\n\
         [project.config]\nfield_label = {trick}\nfield_placeholder = {trick}\nkeymap_by_label = {{ {trick} = \"q\" }}",
        trick = json!(TRICKS[10]),
    );
    let project = Project::new("demo", &settings, "demo.db", "annotations = 1", &["andy"]);
    project.write("instructions.md", &TRICKS.join("\n\n"));
    // Order is that of loading; the page has the first before it can be listened to.
    let mut lines = vec![all[0].clone()];
    lines.extend(all);
    for (n, line) in lines.iter_mut().enumerate() {
        // A hash of its own makes each a question of its own, however alike they are.
        merge(line, json!({"_task_hash": n}));
    }
    let session = BrowserSession::open_project(project, &lines).await;
    session.card().await;
    session.browser.client.execute(LISTEN, Vec::new()).await.expect("no dialog is open");
    let look = look();
    // Out of the field, where there is one.
    session.press(&[Key::Escape.into(), 'i']).await;
    session.find("dialog[data-dialog=instructions][open]").await;
    assert_eq!(session.eval(&look).await, json!([]), "{interface}: the instructions");
    session.press(&[Key::Escape.into()]).await;
    session.wait_for("the card", "document.querySelector('dialog[open]') === null").await;
    let mut seen = 0;
    while session.eval("document.body.dataset.state").await != "done" {
        let walk = WALK.replace("LOOK", &look);
        let walked = session.browser.client.execute_async(&walk, Vec::new()).await;
        let walked =
            walked.unwrap_or_else(|error| panic!("{interface}, after {seen} cards: {error}"));
        assert_eq!(walked["faults"], json!([]), "{interface}, after {seen} cards");
        seen += walked["seen"].as_u64().expect("a number");
    }
    session.saved().await;
    assert_eq!(session.eval(&look).await, json!([]), "{interface}: the end");
    assert_eq!(usize::try_from(seen), Ok(lines.len()), "{interface}: every task was on the page");
    session.close().await;
}

/// Looks at up to 50 cards and their pages, one after the other, and skips them.
const WALK: &str = "
    const done = arguments[arguments.length - 1];
    const state = () => document.body.dataset.state;
    const card = () => document.querySelector('[data-task-id]');
    const until = async (what) => {
      const end = Date.now() + 20_000;
      while (!what()) {
        if (Date.now() > end) throw new Error('waited in vain: ' + document.body.innerText.slice(0, 500));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    (async () => {
      const faults = [];
      const look = () => faults.push(...LOOK.map((fault) => fault + ': ' + card().innerHTML.slice(0, 1500)));
      let seen = 0;
      const there = (but) => state() === 'done' || (state() === 'task' && card() && card().dataset.taskId !== but);
      await until(() => there(null));
      while (state() === 'task' && seen < 50 && !faults.length) {
        const id = card().dataset.taskId;
        look();
        for (let next; (next = document.querySelector('[data-page=next]')) && !next.disabled; look()) next.click();
        seen++;
        // Faster than the disk, a press may do nothing: then once more.
        await until(() => {
          if (card()?.dataset.taskId === id) document.querySelector('[data-answer=ignore]').click();
          return there(id);
        });
      }
      return { faults, seen };
    })().then(done, (error) => done({ faults: [String(error)], seen: 0 }));";

#[tokio::test]
async fn no_text_breaks_out_of_any_field_of_any_interface() {
    stream::iter(Interface::names()).for_each_concurrent(4, stands_up_to_them).await;
}

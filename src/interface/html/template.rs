//! HTML from a template and a task, in the manner of Mustache: `{{name}}`, `{{{raw}}}` (or
//! `{{&raw}}`), `{{#section}}…{{/section}}`, `{{^inverted}}…{{/inverted}}`, `{{! comment }}`,
//! `{{.}}` and dotted names; a name that a section's own object lacks is looked for around it.
//!
//! It only puts text together. What comes out is markup of strangers like any other and goes
//! through [`sanitize`](super::sanitize::sanitize).
//!
//! A template has no code, and its work is bounded: sections nest to `DEEPEST`, no more than
//! `MOST_SECTIONS` are filled in, and what comes out has at most `LONGEST` bytes, for three
//! lists inside one another make a book of a short task.
//!
//! Rejected: `handlebars`, which knows Mustache's sections, inverted sections and `{{.}}` only as
//! errors; `mustache`, without a release since 2018; `ramhorns`, whose licence is another one than
//! ours and which calls itself an experiment. Left out of Mustache: partials and lambdas, which
//! would need a source to ask, and changed delimiters.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The most sections inside one another.
const DEEPEST: usize = 32;

/// The longest result, in bytes.
const LONGEST: usize = 1 << 20;

/// The most sections that are filled in, those that are repeated counted each time.
const MOST_SECTIONS: usize = 100_000;

/// Why a template cannot be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// Two braces without their end.
    #[error("a tag that begins with {{{{ does not end with }}}}")]
    OpenTag,
    /// A section without its end, or an end without its section.
    #[error("a section {{{{#name}}}} and its end {{{{/name}}}} do not belong together")]
    OpenSection,
    /// Too many sections inside one another.
    #[error("more than {DEEPEST} sections lie inside one another")]
    TooDeep,
    /// Partials and changed delimiters.
    #[error("partials {{{{>name}}}} and other delimiters {{{{=<% %>=}}}} are not known here")]
    Unknown,
    /// More than a page can show.
    #[error("it makes more than {LONGEST} bytes of this task")]
    TooLong,
}

/// A template, read.
#[derive(Debug, PartialEq)]
pub(crate) struct Template<'t>(Vec<Part<'t>>);

#[derive(Debug, PartialEq)]
enum Part<'t> {
    Text(&'t str),
    Value { name: &'t str, raw: bool },
    Section { name: &'t str, inverted: bool, parts: Vec<Part<'t>> },
}

impl<'t> Template<'t> {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &'t str) -> Result<Self, TemplateError> {
        let mut open: Vec<(&'t str, bool, Vec<Part<'t>>)> = Vec::new();
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            if at > 0 {
                parts.push(Part::Text(&rest[..at]));
            }
            rest = &rest[at + 2..];
            let (ends, raw) = if rest.starts_with('{') { ("}}}", true) } else { ("}}", false) };
            let end = rest.find(ends).ok_or(TemplateError::OpenTag)?;
            let tag = rest[usize::from(raw)..end].trim();
            rest = &rest[end + ends.len()..];
            let name = tag.get(1..).unwrap_or_default().trim();
            match tag.chars().next() {
                _ if raw => parts.push(Part::Value { name: tag, raw }),
                Some('&') => parts.push(Part::Value { name, raw: true }),
                Some('!') => {}
                Some('>' | '=') => return Err(TemplateError::Unknown),
                Some(sign @ ('#' | '^')) => {
                    if open.len() == DEEPEST {
                        return Err(TemplateError::TooDeep);
                    }
                    open.push((name, sign == '^', std::mem::take(&mut parts)));
                }
                Some('/') => {
                    let (begun, inverted, before) = open.pop().ok_or(TemplateError::OpenSection)?;
                    if begun != name {
                        return Err(TemplateError::OpenSection);
                    }
                    let section = Part::Section {
                        name,
                        inverted,
                        parts: std::mem::replace(&mut parts, before),
                    };
                    parts.push(section);
                }
                _ => parts.push(Part::Value { name: tag, raw }),
            }
        }
        if !open.is_empty() {
            return Err(TemplateError::OpenSection);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest));
        }
        Ok(Self(parts))
    }

    /// Fills a task in.
    ///
    /// # Errors
    /// If more comes out than a page can show.
    pub(crate) fn fill(&self, task: &Map<String, Value>) -> Result<String, TemplateError> {
        let task = Value::Object(task.clone());
        let mut page = Filling::default();
        fill(&self.0, &mut vec![&task], &mut page)?;
        Ok(page.out)
    }
}

/// What has come out so far, and how many sections have been begun for it: those that write nothing
/// cost time as well.
#[derive(Default)]
struct Filling {
    out: String,
    sections: usize,
}

fn fill(
    parts: &[Part<'_>],
    around: &mut Vec<&Value>,
    page: &mut Filling,
) -> Result<(), TemplateError> {
    for part in parts {
        let out = &mut page.out;
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Value { name, raw } => {
                let text = look_up(name, around).map(words).unwrap_or_default();
                if *raw { out.push_str(&text) } else { escape(&text, out) }
            }
            Part::Section { name, inverted, parts } => {
                let value = look_up(name, around).filter(|value| says_something(value));
                match value {
                    None if *inverted => fill(parts, around, page)?,
                    Some(Value::Array(items)) if !inverted => {
                        for item in items {
                            within(item, parts, around, page)?;
                        }
                    }
                    Some(value) if !inverted => within(value, parts, around, page)?,
                    _ => {}
                }
            }
        }
        if page.out.len() > LONGEST {
            return Err(TemplateError::TooLong);
        }
    }
    Ok(())
}

fn within<'v>(
    value: &'v Value,
    parts: &[Part<'_>],
    around: &mut Vec<&'v Value>,
    page: &mut Filling,
) -> Result<(), TemplateError> {
    page.sections += 1;
    if page.sections > MOST_SECTIONS {
        return Err(TemplateError::TooLong);
    }
    around.push(value);
    let filled = fill(parts, around, page);
    around.pop();
    filled
}

/// The value of a name: its first part in the nearest object that has it, the rest inside that.
fn look_up<'v>(name: &str, around: &[&'v Value]) -> Option<&'v Value> {
    if name == "." {
        return around.last().copied();
    }
    let mut path = name.split('.');
    let first = path.next()?;
    // `null` is absent, as everywhere: it does not hide what an object further out has.
    let found =
        around.iter().rev().find_map(|value| value.get(first).filter(|found| !found.is_null()))?;
    path.try_fold(found, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    })
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Text that is text wherever in markup it stands, an attribute's value without quotation marks
/// included.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' | '\'' | '=' | '`' | '/' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(template: &str) -> String {
        let task = json!({
            "text": "a <b> & c", "html": "<b>d</b>", "data": {"n": 1.10, "in": {"x": "y"}},
            "list": [{"n": 1}, {"n": 2, "text": "own"}], "words": ["p", "q"], "none": [], "yes": true,
        });
        Template::parse(template)
            .and_then(|template| template.fill(task.as_object().expect("an object")))
            .unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn values_are_escaped_unless_they_are_asked_for_raw() {
        assert_eq!(filled("<i>{{ text }}</i>"), "<i>a &lt;b&gt; &amp; c</i>");
        assert_eq!(
            filled("{{{html}}} {{&html}} {{html}}"),
            "<b>d</b> <b>d</b> &lt;b&gt;d&lt;&#47;b&gt;"
        );
        assert_eq!(
            filled("{{data.in.x}} {{data.n}} {{words.1}} {{data.in.x.z}}{{!-}}."),
            "y 1.1 q ."
        );
    }

    #[test]
    fn a_section_is_repeated_shown_once_or_left_out() {
        assert_eq!(
            filled("{{#list}}{{n}}: {{data.in.x}} {{text}}; {{/list}}"),
            "1: y a &lt;b&gt; &amp; c; 2: y own; "
        );
        assert_eq!(filled("{{#words}}<li>{{.}}</li>{{/words}}"), "<li>p</li><li>q</li>");
        assert_eq!(
            filled(
                "{{#data}}{{n}}{{/data}}{{#yes}}!{{/yes}}{{#none}}?{{/none}}{{#nothing}}?{{/nothing}}"
            ),
            "1.1!"
        );
        assert_eq!(filled("{{^none}}empty{{/none}}{{^yes}}?{{/yes}}"), "empty");
    }

    #[test]
    fn what_is_no_template_is_named() {
        for (template, error) in [
            ("a {{b", TemplateError::OpenTag),
            ("{{#a}}b", TemplateError::OpenSection),
            ("{{#a}}{{/b}}", TemplateError::OpenSection),
            ("{{/a}}", TemplateError::OpenSection),
            ("{{> other}}", TemplateError::Unknown),
        ] {
            assert_eq!(Template::parse(template), Err(error), "{template}");
        }
        assert_eq!(filled("{{constructor.constructor('alert(1)')()}}"), "");
    }

    #[test]
    fn lists_inside_lists_come_to_an_end() {
        let list: Vec<Value> = (0..1000).map(Value::from).collect();
        let task = json!({"a": list});
        for template in
            ["{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}", "{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}"]
        {
            let template = Template::parse(template).expect("a template");
            let filled = template.fill(task.as_object().expect("an object"));
            assert_eq!(filled, Err(TemplateError::TooLong));
        }
    }
}

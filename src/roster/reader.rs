//! The walk over the parsed text: types are checked, places noted, problems collected.
//!
//! A `Section` is one table of the text, or the absence of one, for which every key is "not given".
//! A getter returns `None` both for a key that is not given and for a wrong value; in the second
//! case it has recorded the problem, so the caller takes its default in either case and goes on.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, quoted};
use super::duration;
use super::schema::{HEADED, SETTINGS, Shape, TOP};
use super::source_positions::{Located, Places};
use super::suggest::{closest, for_example, list};

/// Keys whose values are paths, or may be.
const PATHS: [&str; 6] = ["instructions", "tasks", "media", "cert", "key", "url"];

/// The remedy for a backslash between double quotes.
pub(super) const SINGLE_QUOTES: &str =
    r"put a path with backslashes between single quotes: 'C:\data\tasks.jsonl'";

/// One table of the text.
#[derive(Clone)]
pub(super) struct Section<'t> {
    shape: &'static Shape,
    table: Option<&'t DeTable<'t>>,
    /// The place of its heading, or of the whole of an inline table.
    pub(super) at: Range<usize>,
    path: String,
}

impl<'t> Section<'t> {
    /// Whether it is there at all.
    pub(super) fn is_given(&self) -> bool {
        self.table.is_some()
    }

    /// Whether a key is missing: neither given nor misspelt. A misspelt key has its own message.
    pub(super) fn lacks(&self, key: &str) -> bool {
        let Some(table) = self.table else { return true };
        let names = || self.shape.keys.iter().map(|k| k.name);
        let meant = |written: &str| {
            !names().any(|name| name == written) && closest(written, names()) == Some(key)
        };
        table.get(key).is_none() && !table.keys().any(|written| meant(written.get_ref()))
    }

    /// A line to copy for a key.
    pub(super) fn example(&self, key: &str) -> &'static str {
        self.shape.example(key)
    }

    /// The path of a key, as `Places` knows it.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key with its place.
    pub(super) fn get(&self, key: &str) -> Option<(&'t DeValue<'t>, Range<usize>)> {
        let value: &Spanned<DeValue<'t>> = self.table?.get(key)?;
        Some((value.get_ref(), value.span()))
    }
}

/// Collects the problems and places of the walk.
pub(super) struct Reader {
    problems: Vec<Diagnostic>,
    places: Places,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { problems: Vec::new(), places: Places::default() }
    }

    pub(super) fn finish(self) -> (Vec<Diagnostic>, Places) {
        (self.problems, self.places)
    }

    pub(super) fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Notes a warning: odd, but it may be intended.
    pub(super) fn warn(&mut self, warning: Diagnostic) {
        self.places.warn(warning);
    }

    /// Notes a place that no getter has noted.
    pub(super) fn note(&mut self, section: &Section<'_>, key: &str, at: Range<usize>) {
        self.places.note(section.path(key), at);
    }

    /// The whole document.
    pub(super) fn document<'t>(&mut self, table: &'t DeTable<'t>) -> Section<'t> {
        self.open(&TOP, table, 0..0, String::new())
    }

    /// A table inside a section.
    pub(super) fn table<'t>(
        &mut self,
        section: &Section<'t>,
        key: &str,
        shape: &'static Shape,
    ) -> Section<'t> {
        let path = section.path(key);
        let nothing = Section { shape, table: None, at: section.at.clone(), path: path.clone() };
        match section.get(key) {
            None => nothing,
            Some((DeValue::Table(table), at)) => self.open(shape, table, at, path),
            Some((other, at)) => {
                self.wrong_type(section, key, "a table", other, at);
                nothing
            }
        }
    }

    /// A list of tables inside a section, with the place of the whole; `None` if it is not given or
    /// not a list. Elements that are no tables are reported and left out.
    pub(super) fn tables<'t>(
        &mut self,
        section: &Section<'t>,
        key: &str,
        shape: &'static Shape,
    ) -> Option<Located<Vec<Section<'t>>>> {
        let (value, at) = section.get(key)?;
        let DeValue::Array(list) = value else {
            self.wrong_type(section, key, "a list of tables", value, at);
            return None;
        };
        self.places.note(section.path(key), at.clone());
        let mut sections = Vec::with_capacity(list.len());
        for (i, element) in list.iter().enumerate() {
            match element.get_ref() {
                DeValue::Table(table) => {
                    let path = format!("{}.{i}", section.path(key));
                    sections.push(self.open(shape, table, element.span(), path));
                }
                other => self.wrong_type(section, key, "a table", other, element.span()),
            }
        }
        Some(Located::new(sections, at))
    }

    /// Text that is not blank.
    pub(super) fn text(&mut self, section: &Section<'_>, key: &str) -> Option<Located<String>> {
        let (value, at) = section.get(key)?;
        let DeValue::String(text) = value else {
            self.wrong_type(section, key, "text", value, at);
            return None;
        };
        self.places.note(section.path(key), at.clone());
        self.not_blank(section, key, text, at)
    }

    /// A list of texts that are not blank.
    pub(super) fn string_list(
        &mut self,
        section: &Section<'_>,
        key: &str,
    ) -> Option<Located<Vec<Located<String>>>> {
        let (value, at) = section.get(key)?;
        let DeValue::Array(list) = value else {
            self.wrong_type(section, key, "a list", value, at);
            return None;
        };
        self.places.note(section.path(key), at.clone());
        let mut texts = Vec::with_capacity(list.len());
        for element in list {
            match element.get_ref() {
                DeValue::String(text) => {
                    texts.extend(self.not_blank(section, key, text, element.span()));
                }
                other => self.wrong_type(section, key, "text", other, element.span()),
            }
        }
        Some(Located::new(texts, at))
    }

    /// A whole number within bounds.
    pub(super) fn integer(
        &mut self,
        section: &Section<'_>,
        key: &str,
        bounds: RangeInclusive<u32>,
    ) -> Option<Located<u32>> {
        let (value, at) = section.get(key)?;
        let DeValue::Integer(digits) = value else {
            self.wrong_type(section, key, "a whole number", value, at);
            return None;
        };
        self.places.note(section.path(key), at.clone());
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
        let fits = number.and_then(|n| u32::try_from(n).ok()).filter(|n| bounds.contains(n));
        if fits.is_none() {
            self.report(
                Diagnostic::new(
                    format!("{key} must be between {} and {}", bounds.start(), bounds.end()),
                    at.clone(),
                )
                .help(for_example(section.shape.example(key))),
            );
        }
        fits.map(|n| Located::new(n, at))
    }

    /// A finite number, with or without a fraction.
    pub(super) fn number(&mut self, section: &Section<'_>, key: &str) -> Option<Located<f64>> {
        let (value, at) = section.get(key)?;
        let number = match value {
            DeValue::Integer(i) => {
                // Beyond 2^53 the nearest fraction is fine: no bound of a roster is near it.
                #[expect(clippy::cast_precision_loss)]
                i64::from_str_radix(i.as_str(), i.radix()).ok().map(|n| n as f64)
            }
            DeValue::Float(f) => f.as_str().parse().ok(),
            other => {
                self.wrong_type(section, key, "a number", other, at);
                return None;
            }
        };
        self.places.note(section.path(key), at.clone());
        let Some(number) = number.filter(|n: &f64| n.is_finite()) else {
            self.report(
                Diagnostic::new(format!("{key} must be a finite number"), at)
                    .help(for_example(section.shape.example(key))),
            );
            return None;
        };
        Some(Located::new(number, at))
    }

    /// True or false.
    pub(super) fn boolean(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let (value, at) = section.get(key)?;
        let DeValue::Boolean(truth) = value else {
            self.wrong_type(section, key, "true or false", value, at);
            return None;
        };
        self.places.note(section.path(key), at);
        Some(*truth)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let word = self.text(section, key)?;
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == word.value) {
            return Some(*choice);
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let help = match closest(&word, names.iter().copied()) {
            Some(name) => format!("did you mean \"{name}\"?"),
            None => format!("write one of: {}", list(&names)),
        };
        self.report(
            Diagnostic::new(format!("{key} cannot be {}", quoted(&word)), word.at).help(help),
        );
        None
    }

    /// A span of time within bounds. `in_words` says the bounds, `examples` what to write.
    pub(super) fn duration(
        &mut self,
        section: &Section<'_>,
        key: &str,
        bounds: RangeInclusive<Duration>,
        in_words: &str,
        examples: &str,
    ) -> Option<Duration> {
        let text = self.text(section, key)?;
        let message = match duration::parse(&text) {
            Some(length) if bounds.contains(&length) => return Some(length),
            Some(_) => format!("{key} must be {in_words}"),
            None => format!("{} is not a length of time", quoted(&text)),
        };
        self.report(Diagnostic::new(message, text.at).help(for_example(examples)));
        None
    }

    /// Reports each value of a list that occurs a second time, and keeps the others.
    pub(super) fn unique(&mut self, what: &str, values: Vec<Located<String>>) -> Vec<String> {
        let mut kept: Vec<Located<String>> = Vec::with_capacity(values.len());
        for value in values {
            if let Some(first) = kept.iter().find(|k| k.value == value.value) {
                let first = first.at.clone();
                self.report(
                    Diagnostic::new(
                        format!("the {what} {} is listed twice", quoted(&value)),
                        value.at,
                    )
                    .label("the second time")
                    .also(first, "the first time")
                    .help("delete one of the two"),
                );
            } else {
                kept.push(value);
            }
        }
        kept.into_iter().map(|k| k.value).collect()
    }

    /// Reports that a value is of the wrong type, with what to write instead.
    pub(super) fn wrong_type(
        &mut self,
        section: &Section<'_>,
        key: &str,
        expected: &str,
        found: &DeValue<'_>,
        at: Range<usize>,
    ) {
        let help = match (expected, found) {
            ("a whole number" | "a number", DeValue::String(s))
                if s.trim().parse::<f64>().is_ok_and(f64::is_finite) =>
            {
                format!("leave out the quotation marks: {key} = {}", s.trim())
            }
            ("a list", DeValue::String(s)) => {
                format!("put it in brackets: {key} = [{}]", quoted(s))
            }
            ("true or false", DeValue::String(s)) if matches!(s.as_ref(), "true" | "false") => {
                format!("leave out the quotation marks: {key} = {s}")
            }
            _ => for_example(section.shape.example(key)),
        };
        let found = match found {
            DeValue::String(_) => "text",
            DeValue::Float(_) if expected == "a whole number" => "a number with a fraction",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{key}: expected {expected}, found {found}");
        self.report(Diagnostic::new(message, at).help(help));
    }

    fn open<'t>(
        &mut self,
        shape: &'static Shape,
        table: &'t DeTable<'t>,
        at: Range<usize>,
        path: String,
    ) -> Section<'t> {
        if !path.is_empty() {
            self.places.note(path.clone(), at.clone());
        }
        for (key, _) in table {
            let name: &str = key.get_ref();
            if !shape.keys.iter().any(|k| k.name == name) {
                self.unknown_key(shape, name, key.span());
            }
        }
        Section { shape, table: Some(table), at, path }
    }

    fn unknown_key(&mut self, shape: &'static Shape, name: &str, at: Range<usize>) {
        let names: Vec<_> = shape.keys.iter().map(|k| k.name).collect();
        // A key that is right elsewhere is misplaced rather than misspelt.
        let right = |s: &&&Shape| s.keys.iter().any(|k| k.name == name);
        let mut elsewhere: Vec<_> = HEADED.iter().filter(right).map(|s| s.title).collect();
        if elsewhere.is_empty() && SETTINGS.contains(&name) {
            elsewhere.push("[project.config]");
        }
        let help = match closest(name, names.iter().copied()) {
            _ if !elsewhere.is_empty() => format!("it belongs under {}", elsewhere.join(" or ")),
            Some(near) => format!("did you mean `{near}`?"),
            // All of them, however long the row: this list shows which keys there are.
            None => format!("{} has: {}", shape.title, names.join(", ")),
        };
        let message = format!("{} has no `{}`", shape.title, quoted(name).trim_matches('"'));
        self.report(Diagnostic::new(message, at).help(help));
    }

    fn not_blank(
        &mut self,
        section: &Section<'_>,
        key: &str,
        text: &str,
        at: Range<usize>,
    ) -> Option<Located<String>> {
        if text.trim().is_empty() {
            let example = for_example(section.shape.example(key));
            self.report(Diagnostic::new(format!("{key} has an empty text"), at).help(example));
            return None;
        }
        if PATHS.contains(&key) && text.contains(char::is_control) {
            // "C:\tasks" between double quotes has a tab in it.
            let message = format!("{key} has a tab or another control character in it");
            self.report(Diagnostic::new(message, at).help(SINGLE_QUOTES));
            return None;
        }
        Some(Located::new(text.to_owned(), at))
    }
}

//! The values of a roster without mistakes, with defaults filled in.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::time::Duration;

use crate::allocation::order::Order;
use crate::allocation::{Ignore, Route, Split, WhenShort};

use super::source_positions::{Located, Places};

/// A whole roster. Two are equal when they mean the same, wherever the words stand in their texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// `[project]`
    pub project: Project,
    /// `[store]`
    pub store: StoreSettings,
    /// `[server]`
    pub server: Server,
    /// `[allocation]`
    pub allocation: Rules,
    /// `[lead]`
    pub lead: Lead,
    /// Every `[[annotator]]`, in the order of the text, those included who are not active.
    pub annotators: Vec<Annotator>,
    /// Where everything stands in the text.
    pub places: Places,
}

impl Roster {
    /// Where a value stands, in bytes: `place("store.url")`, `place("annotator.0.port")`. What is
    /// not written out has the place of its table, or the beginning of the text.
    pub fn place(&self, path: &str) -> Range<usize> {
        self.places.at(path)
    }

    /// The names of all annotators, active or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.annotators.iter().map(|annotator| annotator.name.as_str())
    }

    /// The annotators who have a listener.
    pub fn active(&self) -> impl Iterator<Item = &Annotator> {
        self.annotators.iter().filter(|a| a.active)
    }

    /// The annotator of this name, active or not.
    pub fn annotator(&self, name: &str) -> Option<&Annotator> {
        self.annotators.iter().find(|a| a.name == name)
    }
}

/// `[project]`: what is annotated, and in which interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// The project's name in the store: 1 to 64 letters of a to z, digits, `-` and `_`.
    pub name: String,
    /// A `view_id`, one of those that the caller of `read` named.
    pub interface: String,
    /// No two alike, none blank.
    pub labels: Vec<String>,
    /// Old names of labels, each with the present one. No old name is a label, and no present name
    /// is an old one.
    pub renamed: BTreeMap<String, String>,
    /// The rule of identity: a word, or the path of a key in the task. The store's rule if it is
    /// not given.
    pub identity: Option<String>,
    /// A Markdown file, relative to the roster's own.
    pub instructions: Option<Located<String>>,
    /// Files with tasks, or patterns for such files, relative to the roster's own.
    pub tasks: Vec<Located<String>>,
    /// A folder with pictures, sounds and videos that tasks name by their paths, relative to the
    /// roster's own.
    pub media: Option<Located<String>>,
    /// Where else pictures, sounds and videos may come from: origins such as
    /// `https://images.example.org`, as browsers write them.
    pub media_from: Vec<String>,
    /// `[project.config]`: settings of the interface such as `choice_style`, handed on to the page.
    /// Only what JSON can say: text, finite numbers, true and false, lists and tables.
    pub config: toml::Table,
}

/// `[store]`: where tasks and answers are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// A path relative to the roster's file, or the URL of a MongoDB. May hold a password.
    pub url: String,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: "annotd.db".to_owned() }
    }
}

/// Without the password, for the sake of logs.
impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = super::diagnostic::without_passwords(&self.url);
        f.debug_struct("StoreSettings").field("url", &url).finish()
    }
}

/// `[server]`: what all listeners have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// The address that every listener binds. 127.0.0.1 unless said otherwise.
    pub bind: IpAddr,
    /// Who may use the ports, if the roster has the key; see [`Server::access`].
    pub access: Option<Access>,
    /// The file of the TLS certificate chain (PEM), relative to the roster's own. With `key` or not
    /// at all.
    pub cert: Option<Located<String>>,
    /// The file of the TLS key (PEM), relative to the roster's own. With `cert` or not at all.
    pub key: Option<Located<String>>,
    /// Whether an edited roster takes effect automatically.
    pub watch: bool,
    /// Where people find a port, if not at the address that is bound: an `http://` or `https://`
    /// URL with a slash at its end, in which `{name}` and `{port}` stand for the annotator's (at
    /// least one of them is there).
    pub url: Option<String>,
}

impl Server {
    /// Who may use the ports: as the roster says, or else users of this machine without a key, and
    /// others with a key.
    pub fn access(&self) -> Access {
        let loopback = self.bind.to_canonical().is_loopback();
        self.access.unwrap_or(if loopback { Access::Open } else { Access::Key })
    }
}

impl Default for Server {
    fn default() -> Self {
        let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { bind, access: None, cert: None, key: None, url: None, watch: false }
    }
}

/// Who may use an annotator's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone who reaches it.
    Open,
    /// Anyone with the annotator's key.
    Key,
}

/// `[allocation]`: who gets what, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Answers wanted for each task; without effect if `mix` is given.
    pub annotations: Annotations,
    /// A mixture: the shares are above 0 and add up to 1 (within 1e-9).
    pub mix: Option<Vec<Share>>,
    /// How averages and mixtures are spread over the tasks.
    pub split: Split,
    /// How annotators are chosen for a task.
    pub route: Route,
    /// The path in a task, such as `meta.target_annotator`, that names its annotators. Its parts
    /// are separated by dots and none is empty.
    pub assign_field: Option<String>,
    /// What happens when answers disagree.
    pub on_disagreement: Option<Disagreement>,
    /// How long a lease lasts without an answer: 10 seconds to 30 days.
    pub lease: Duration,
    /// After how long without a sign of an annotator others get their tasks: a minute to a year, or
    /// never.
    pub steal_after: Option<Duration>,
    /// What happens to a task for which there are too few annotators.
    pub when_short: WhenShort,
    /// Which task comes first. A random order has `seed` for its seed.
    pub order: Order,
    /// Whether an ignore counts as an answer.
    pub ignore: Ignore,
    /// Seed of all random choices: the random order, mixtures, ties. 0 to
    /// 4,294,967,295.
    pub seed: u64,
    /// Which part of each annotator's stream are gold tasks, those with a known answer in
    /// `meta.gold`: 0 to 0.5. Where no such tasks are loaded it means nothing.
    pub gold: f64,
    /// Own earlier tasks that annotators are shown again on purpose. Together with `gold` at most
    /// 0.8 of the stream.
    pub repeat: Option<Repeat>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            annotations: Annotations::Each(1),
            mix: None,
            split: Split::Exact,
            route: Route::Open,
            assign_field: None,
            on_disagreement: None,
            lease: Duration::from_secs(30 * 60),
            steal_after: Some(Self::STEAL_AFTER),
            when_short: WhenShort::Hold,
            order: Order::Loaded,
            ignore: Ignore::Answer,
            seed: 0,
            gold: 0.1,
            repeat: None,
        }
    }
}

impl Rules {
    /// What `steal_after` is when the roster does not say.
    pub const STEAL_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

    /// The most annotators that any one task asks for at first. `None`: all there are.
    pub fn most_annotations(&self) -> Option<u32> {
        if let Some(mix) = &self.mix {
            return mix.iter().map(|part| part.annotations).max();
        }
        match self.annotations {
            Annotations::Each(k) => Some(k),
            // At most 10,000 and above 0: the conversion loses nothing.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Annotations::Average(x) => Some(x.ceil() as u32),
            Annotations::All => None,
        }
    }
}

/// How many answers a task gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Annotations {
    /// Every task the same number: 1 to 10,000.
    Each(u32),
    /// This many on average; not a whole number, between 1 and 10,000.
    Average(f64),
    /// One by each annotator.
    All,
}

/// A part of a mixture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Which part of the tasks: above 0, at most 1.
    pub share: f64,
    /// How many answers each of them gets: 1 to 10,000.
    pub annotations: u32,
}

/// What happens when the first answers disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// How many more answers are asked for each time: 1 to 10,000.
    pub extra: u32,
    /// How many answers there may be in all; no fewer than are asked for at first.
    pub max: u32,
    /// The annotators who are asked, all in the roster, though perhaps not active. Empty: any.
    pub by: Vec<String>,
    /// The similarity from which on two answers agree: above 0, at most 1; 1 is equality.
    pub threshold: f64,
}

/// Tasks that the same annotator is shown a second time, to see whether the answer is the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeat {
    /// Which part of each annotator's stream they are: above 0, at most 0.5.
    pub share: f64,
    /// After how many other tasks, at least, one comes again: 1 to 10,000.
    pub after: u32,
}

/// `[lead]`: the lead's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// 1 to 65535, 9000 by default; no other listener has it. Its place: `lead.port`.
    pub port: u16,
}

impl Default for Lead {
    fn default() -> Self {
        Self { port: 9000 }
    }
}

/// One `[[annotator]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotator {
    /// 1 to 64 letters of a to z, digits, `-` and `_`; no two alike, not even but for capitals.
    pub name: String,
    /// 1 to 65535; no other annotator has it, active or not.
    pub port: u16,
    /// The name that the page shows instead.
    pub display: Option<String>,
    /// What this annotator can do, for tasks that require it. No two alike, none with a blank at
    /// its beginning or end.
    pub tags: Vec<String>,
    /// The most tasks that this annotator gets: 1 to 1,000,000,000.
    pub quota: Option<u32>,
    /// This annotator's part of the work in relation to the others': above 0, at most 1,000.
    pub weight: f64,
    /// Whether there is a listener.
    pub active: bool,
}

impl Annotator {
    /// What to call the annotator on a page: `display`, or else the name.
    pub fn display_name(&self) -> &str {
        self.display.as_deref().unwrap_or(&self.name)
    }
}

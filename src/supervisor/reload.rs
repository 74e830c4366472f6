//! An edited roster takes effect while the daemon runs, or, with any mistake, not at all.
//!
//! Everything that can go wrong is done first: the file is read, what it names is looked for, new
//! ports are opened. Then nothing can fail any more, and one part after the other goes by the new
//! roster. No listener that is in both is touched; pages learn of other labels or instructions with
//! their next request.

use std::sync::Arc;
use std::time::Duration;

use super::ListenerOwner;
use super::bootstrap::{log_access_mode, use_certificate};
use super::listeners::{BindFailure, NO_SUCH_ADDRESS};
use super::roster_watcher::RosterWatcher;
use super::run::{Supervisor, watched_files};
use super::status::RejectedReload;
use crate::config::{certificate, policies, project};
use crate::http::auth::PendingKeys;
use crate::lead::ProjectInfo;
use crate::loading::rule::{self, RuleError};
use crate::planning;
use crate::roster::{self, Problem, Roster, Setting};
use crate::roster_file::{RosterError, RosterFile};

/// How long a reload waits for the store to say since when somebody is known.
const STORE: Duration = Duration::from_secs(5);

impl Supervisor {
    /// Takes an edited roster over, or says why not; the task files are looked at again either way.
    pub(super) async fn reload(&mut self) {
        self.systemd.reloading();
        match self.apply_roster().await {
            Ok(words) => {
                self.status.record_applied();
                tracing::info!(changes = words, "the roster is in force");
            }
            Err(error) => {
                let (mistakes, explained) = match &error {
                    RosterError::Wrong(mistakes) => (mistakes.lines(), mistakes.explain(false)),
                    other => (vec![other.to_string()], other.to_string()),
                };
                tracing::error!(
                    error = explained.trim_end(),
                    "the roster is refused, and the one from before stays in force"
                );
                self.status.record_rejected(RejectedReload { at: self.allocator.now(), mistakes });
            }
        }
        self.task_loader.load(Arc::clone(&self.file));
        self.publish_status();
        self.systemd.ready(&self.status.summary());
    }

    async fn apply_roster(&mut self) -> Result<String, RosterError> {
        let seen = RosterWatcher::new(watched_files(&self.file));
        let next = RosterFile::read(&self.file.path)?;
        let mut problems = next.missing();
        problems.extend(self.unchangeable_settings(&next.roster));
        problems.extend(self.identity_rule_conflict(&next.roster).await);
        refuse(&next, problems)?;
        let project = project::from_roster(&next).map_err(|(path, error)| {
            // It was there a moment ago.
            let at = next.roster.place("project.instructions");
            let problem = Problem::new(format!("cannot read {}: {error}", path.display()), at);
            RosterError::Wrong(next.mistakes_of(problem))
        })?;
        let certificate = certificate::load(&next.roster.server, next.beside())
            .map_err(|problem| RosterError::Wrong(next.mistakes_of(*problem)))?;
        let keys = self.fetch_keys(&next).await?;
        let prepared = match self.listeners.prepare(&next.roster).await {
            Ok(prepared) => prepared,
            Err(failures) => {
                refuse(&next, bind_problems(&next.roster, &failures))?;
                unreachable!("somebody could not have their port")
            }
        };

        // From here on nothing fails.
        let before = Arc::clone(&self.file);
        let now = self.allocator.now();
        let mut words = self.listeners.commit(prepared, &next.roster, now).await;
        let changes = roster::compare(&before.roster, &next.roster);
        words.extend(changes.removed.iter().map(|name| format!("{name} has left")));
        words.extend(changes.paused.iter().map(|name| format!("{name} is not active for now")));
        words.extend(describe_settings(&changes.settings));
        if self.project.load_full().edition != project.edition && changes.settings.is_empty() {
            words.push("the instructions are new".to_owned());
        }
        self.keys.apply(keys);
        use_certificate(&self.certificate, certificate);
        if changes.settings.contains(&Setting::Access) {
            log_access_mode(&next.roster);
        }
        self.project.store(Arc::new(project));
        let terms = policies::store_policy(&next.roster);
        let interface = policies::interface(&next.roster).name();
        self.project_info.store(Arc::new(ProjectInfo { interface, rule: terms.rule.clone() }));
        self.record_join_times(&next.roster).await;
        self.allocator.store().follow(terms.clone());
        self.allocator
            .set_policy(policies::allocator_policy(&next.roster, self.known_since.clone()));
        self.reconcile_with(&next.roster, terms);
        self.file = Arc::new(next);
        self.roster_watcher = RosterWatcher::new(watched_files(&self.file)).since(&seen);
        for name in changes.removed.into_iter().chain(changes.paused) {
            self.release(name);
        }
        if words.is_empty() {
            words.push("nothing has changed".to_owned());
        }
        Ok(words.join("; "))
    }

    /// The keys that the next roster needs. A door that stands open is not shut without them.
    async fn fetch_keys(&self, next: &RosterFile) -> Result<PendingKeys, RosterError> {
        let asked = tokio::time::timeout(STORE, self.keys.prepare(&next.roster)).await;
        let why = match asked {
            Ok(Ok(access)) => return Ok(access),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store does not answer in time".to_owned(),
        };
        if let Some(access) = self.keys.prepare_from_cache(&next.roster) {
            tracing::warn!(error = why, "newcomers have no key yet; `annotd link` makes them one");
            return Ok(access);
        }
        let message = format!("everybody needs a key now, and there are none: {why}");
        let problem = Problem::new(message, next.roster.place("server.access"))
            .help("reload again (systemctl reload annotd) when the store is back");
        Err(RosterError::Wrong(next.mistakes_of(problem)))
    }

    /// What cannot change while the daemon runs.
    fn unchangeable_settings(&self, next: &Roster) -> Vec<Problem> {
        let now = &self.file.roster;
        let mut problems = Vec::new();
        // A URL from elsewhere goes before the roster's, whatever that is.
        if self.store_url.is_none() && now.store != next.store {
            problems.push(
                Problem::new("the store cannot change while annotd runs", next.place("store.url"))
                    .label("another store")
                    .help("restart annotd (systemctl restart annotd); nobody loses anything by it"),
            );
        }
        if now.project.name != next.project.name {
            let message = "the project's name cannot change while annotd runs";
            problems.push(
                Problem::new(message, next.place("project.name"))
                    .label(format!("it is {} now", now.project.name))
                    .help(
                        "restart annotd for another project (systemctl restart annotd); this one's \
                         tasks stay in the store under its name",
                    ),
            );
        }
        problems
    }

    /// Whether the next roster tells tasks apart by another rule than the store. While the store is away, a
    /// load says so as soon as it is back.
    async fn identity_rule_conflict(&self, next: &Roster) -> Option<Problem> {
        let named = policies::identity(next)?;
        let store = self.allocator.store();
        let asked = tokio::time::timeout(STORE, rule::in_force(&**store, Some(&named))).await;
        let Ok(Err(RuleError::Another { kept, .. })) = asked else { return None };
        let message = "the rule that tells tasks apart cannot change";
        Some(
            Problem::new(message, next.place("project.identity"))
                .label(format!("the tasks in the store were told apart by \"{kept}\""))
                .help(
                    "name a new store or project for tasks under another rule, and restart annotd",
                ),
        )
    }

    /// Writes down since when those who are new are known; if the store is away, only here.
    async fn record_join_times(&mut self, next: &Roster) {
        let now = self.allocator.now();
        let planning = policies::plan_policy(next);
        let store = self.allocator.store();
        let asked = tokio::time::timeout(STORE, planning::known_since(&**store, &planning, now));
        match asked.await {
            Ok(Ok(known)) => self.known_since = known,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the store does not know yet who is new");
                self.record_join_times_locally(next);
            }
            Err(_) => {
                let error = format!("no answer within {} s", STORE.as_secs());
                tracing::warn!(error, "the store does not know yet who is new");
                self.record_join_times_locally(next);
            }
        }
    }

    fn record_join_times_locally(&mut self, next: &Roster) {
        let now = self.allocator.now();
        for annotator in &next.annotators {
            self.known_since.entry(annotator.name.clone()).or_insert(now);
        }
    }

    /// Gives back what somebody holds who gets nothing any more. If the store is away, their leases end.
    fn release(&self, name: String) {
        let allocator = self.allocator.clone();
        tokio::spawn(async move {
            if let Err(error) = allocator.release(&name).await {
                tracing::warn!(annotator = name, %error, "what they hold comes back with its lease");
            }
        });
    }
}

fn refuse(file: &RosterFile, problems: Vec<Problem>) -> Result<(), RosterError> {
    file.mistakes(problems).map_or(Ok(()), |mistakes| Err(RosterError::Wrong(mistakes)))
}

/// Ports that cannot be had, as problems of the roster.
fn bind_problems(roster: &Roster, failures: &[BindFailure]) -> Vec<Problem> {
    if let Some(one) = failures.iter().find(|one| one.reason == NO_SUCH_ADDRESS) {
        let message = format!("this machine has no address {}", one.address.ip());
        return vec![
            Problem::new(message, roster.place("server.bind"))
                .help("ip address shows those it has; 127.0.0.1 is this machine alone"),
        ];
    }
    failures.iter().map(|one| bind_problem(roster, one)).collect()
}

fn bind_problem(roster: &Roster, BindFailure { owner, address, reason }: &BindFailure) -> Problem {
    let at = match owner {
        ListenerOwner::Lead => roster.place("lead.port"),
        ListenerOwner::Annotator(name) => {
            let nth = roster.annotators.iter().position(|annotator| annotator.name == *name);
            roster.place(&format!("annotator.{}.port", nth.unwrap_or(0)))
        }
    };
    let port = address.port();
    Problem::new(format!("{} cannot have port {port}: {reason}", owner.name()), at)
        .help("stop what holds it (ss -ltnp shows it), or take another port")
}

fn describe_settings(settings: &[Setting]) -> Option<String> {
    let words: Vec<&str> = settings.iter().map(|setting| setting.path()).collect();
    (!words.is_empty()).then(|| format!("changed: {}", words.join(", ")))
}

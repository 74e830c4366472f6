//! A reload: an edited roster takes effect while the daemon runs, or, with any mistake, not at all.
//!
//! Everything that can fail comes first: read the file, check what it names, bind new ports. After
//! that nothing can fail, and every part goes by the new roster. A listener that is in both rosters
//! is not touched; pages learn of other labels or instructions with their next request.

use std::sync::Arc;
use std::time::Duration;

use super::ListenerOwner;
use super::bootstrap::log_access_mode;
use super::configuration::{Configuration, ConfigurationError};
use super::in_force::Snapshot;
use super::listeners::{BindFailure, NO_SUCH_ADDRESS};
use super::roster_watcher::RosterWatcher;
use super::run::{Supervisor, watched_files};
use super::status::{RejectedReload, ReloadOutcome};
use crate::config::file::{RosterError, RosterFile};
use crate::config::policies;
use crate::http::auth::PendingAccessKeys;
use crate::ingest::load::rule::{self, RuleError};
use crate::planning;
use crate::roster::{Access, Diagnostic, Roster, RosterDiff, Setting};
use crate::task::Millis;

/// How long a reload waits for each answer of the store.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

impl ReloadOutcome {
    fn rejected(error: &RosterError, at: Millis) -> Self {
        let (mistakes, explanation) = match error {
            RosterError::Wrong(mistakes) => (mistakes.lines(), mistakes.explain(false)),
            other => (vec![other.to_string()], other.to_string()),
        };
        Self::Rejected(RejectedReload { at, mistakes, explanation })
    }

    fn log(&self) {
        match self {
            Self::Applied { changes } if changes.is_empty() => {
                tracing::info!(changes = "none", "roster applied");
            }
            Self::Applied { changes } => {
                tracing::info!(changes = changes.join("; "), "roster applied");
            }
            Self::Rejected(RejectedReload { explanation, .. }) => tracing::error!(
                error = explanation.trim_end(),
                "roster rejected; the previous one stays in force"
            ),
        }
    }
}

impl Supervisor {
    /// Applies an edited roster, or reports why not. Checks the task files again either way.
    pub(super) async fn reload(&mut self) {
        self.systemd.reloading();
        let outcome = match self.apply_roster().await {
            Ok(changes) => ReloadOutcome::Applied { changes },
            Err(error) => ReloadOutcome::rejected(&error, self.allocator.now()),
        };
        outcome.log();
        self.status.record_reload(outcome);
        self.task_loader.load(Arc::clone(&self.configuration.file));
        self.publish_status();
        self.systemd.ready(&self.status.summary());
    }

    /// Returns what has changed, in words.
    async fn apply_roster(&mut self) -> Result<Vec<String>, RosterError> {
        let current = &self.configuration;
        let seen = RosterWatcher::new(watched_files(&current.file));
        let next = Arc::new(RosterFile::read(&current.file.path)?);
        let mut problems = next.preflight();
        problems.extend(self.unchangeable_settings(&next.roster));
        problems.extend(self.identity_rule_conflict(&next.roster).await);
        reject(&next, problems)?;
        let next = Configuration::prepare(Arc::clone(&next)).map_err(|error| {
            RosterError::Wrong(next.mistakes_of(as_problem(error, &next.roster)))
        })?;
        let access_keys = self.fetch_access_keys(&next.file).await?;
        let prepared = match self.listeners.prepare(next.roster()).await {
            Ok(prepared) => prepared,
            Err(failures) => {
                reject(&next.file, bind_problems(next.roster(), &failures))?;
                unreachable!("there is a failure")
            }
        };

        // From here on nothing fails.
        self.record_join_times(next.roster()).await;
        let now = self.allocator.now();
        let diff = RosterDiff::between(self.configuration.roster(), next.roster());
        let mut changes = self.listeners.commit(prepared, next.roster(), now);
        changes.extend(diff.removed.iter().map(|name| format!("{name} has left")));
        changes.extend(diff.paused.iter().map(|name| format!("{name} is not active for now")));
        changes.extend(describe_settings(&diff.settings));
        let is_another_project = self.configuration.project.edition != next.project.edition;
        if is_another_project && diff.settings.is_empty() {
            changes.push("the instructions are new".to_owned());
        }
        self.put_in_force(&next, access_keys);
        self.listeners.update_servers().await;
        self.configuration = next;
        if diff.settings.contains(&Setting::Access) {
            log_access_mode(self.configuration.roster());
        }
        self.restart_reconciler();
        self.roster_watcher =
            RosterWatcher::new(watched_files(&self.configuration.file)).since(&seen);
        for name in diff.removed.into_iter().chain(diff.paused) {
            self.release(name);
        }
        Ok(changes)
    }

    /// Puts a configuration in force. Requests that arrive from now on see all of it, and those
    /// that are in flight see none of it.
    fn put_in_force(&self, next: &Configuration, access_keys: Option<PendingAccessKeys>) {
        next.log_certificate_warning();
        if let Some(access_keys) = access_keys {
            self.access_keys.apply(access_keys);
        }
        // First, so that no answer under the new roster is settled by the previous one.
        self.allocator.store().set_policy(next.store_policy.clone());
        let port_owners = self.listeners.port_owners();
        self.in_force.replace(Snapshot::new(next, self.known_since.clone(), port_owners));
    }

    /// The access keys that the next roster needs; `None` if it needs none, or none but those of
    /// the cache can be read. If they cannot be read, a port with open access stays open.
    async fn fetch_access_keys(
        &self,
        next: &RosterFile,
    ) -> Result<Option<PendingAccessKeys>, RosterError> {
        if next.roster.server.access() == Access::Open {
            return Ok(None);
        }
        let prepared = self.access_keys.prepare(next.roster.names());
        let reason = match tokio::time::timeout(STORE_TIMEOUT, prepared).await {
            Ok(Ok(keys)) => return Ok(Some(keys)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store does not answer in time".to_owned(),
        };
        if self.configuration.roster().server.access() == Access::Key {
            tracing::warn!(
                error = reason,
                "new annotators have no key yet; create them with `annotd link`"
            );
            return Ok(None);
        }
        let message =
            format!("key access needs keys, and the store cannot give them now: {reason}");
        let problem = Diagnostic::new(message, next.roster.place("server.access"))
            .help("reload again (systemctl reload annotd) when the store is back");
        Err(RosterError::Wrong(next.mistakes_of(problem)))
    }

    /// Settings that cannot change while the daemon runs, but differ.
    fn unchangeable_settings(&self, next: &Roster) -> Vec<Diagnostic> {
        let current = self.configuration.roster();
        let mut problems = Vec::new();
        // A URL from elsewhere overrides the roster's.
        if self.store_url.is_none() && current.store != next.store {
            problems.push(
                Diagnostic::new(
                    "the store cannot change while annotd runs",
                    next.place("store.url"),
                )
                .label("another store")
                .help("restart annotd (systemctl restart annotd); pages keep their unsent answers"),
            );
        }
        if current.project.name != next.project.name {
            let message = "the project's name cannot change while annotd runs";
            problems.push(
                Diagnostic::new(message, next.place("project.name"))
                    .label(format!("it is {} now", current.project.name))
                    .help(
                        "restart annotd for another project (systemctl restart annotd); this one's \
                         tasks stay in the store under its name",
                    ),
            );
        }
        problems
    }

    /// Whether the next roster's identity rule is not the store's. While the store is away, the
    /// next load reports that.
    async fn identity_rule_conflict(&self, next: &Roster) -> Option<Diagnostic> {
        let named = policies::identity(next)?;
        let store = self.allocator.store();
        let asked =
            tokio::time::timeout(STORE_TIMEOUT, rule::in_force(&**store, Some(&named))).await;
        let Ok(Err(RuleError::Another { kept, .. })) = asked else { return None };
        let message = "the rule that tells tasks apart cannot change";
        Some(
            Diagnostic::new(message, next.place("project.identity"))
                .label(format!("the tasks in the store were told apart by \"{kept}\""))
                .help(
                    "name a new store or project for tasks under another rule, and restart annotd",
                ),
        )
    }

    /// Records since when new annotators are known; only here if the store is away.
    async fn record_join_times(&mut self, next: &Roster) {
        let allocator = &self.allocator;
        let (now, policy) = (allocator.now(), policies::plan_policy(next));
        let asked = planning::known_since(&**allocator.store(), &policy, now);
        let error = match tokio::time::timeout(STORE_TIMEOUT, asked).await {
            Ok(Ok(known_since)) => {
                self.known_since = known_since;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", STORE_TIMEOUT.as_secs()),
        };
        tracing::warn!(error, "cannot record new annotators in the store yet");
        for annotator in &next.annotators {
            self.known_since.entry(annotator.name.clone()).or_insert(now);
        }
    }

    /// Releases the leases of an annotator who was removed or paused.
    fn release(&self, name: String) {
        let allocator = self.allocator.clone();
        tokio::spawn(async move {
            if let Err(error) = allocator.release(&name).await {
                tracing::warn!(
                    annotator = name,
                    %error,
                    "could not release leases now; they will expire"
                );
            }
        });
    }
}

fn reject(file: &RosterFile, problems: Vec<Diagnostic>) -> Result<(), RosterError> {
    file.mistakes(problems).map_or(Ok(()), |mistakes| Err(RosterError::Wrong(mistakes)))
}

/// A file that was there a moment ago, and is not any more.
fn as_problem(error: ConfigurationError, roster: &Roster) -> Diagnostic {
    match error {
        ConfigurationError::Certificate(problem) => *problem,
        ConfigurationError::Instructions { path, source } => {
            let at = roster.place("project.instructions");
            Diagnostic::new(format!("cannot read {}: {source}", path.display()), at)
        }
    }
}

/// Ports that cannot be bound, as problems of the roster.
fn bind_problems(roster: &Roster, failures: &[BindFailure]) -> Vec<Diagnostic> {
    if let Some(one) = failures.iter().find(|one| one.reason == NO_SUCH_ADDRESS) {
        let message = format!("this machine has no address {}", one.address.ip());
        return vec![
            Diagnostic::new(message, roster.place("server.bind"))
                .help("ip address shows those it has; 127.0.0.1 is this machine alone"),
        ];
    }
    failures.iter().map(|one| bind_problem(roster, one)).collect()
}

fn bind_problem(
    roster: &Roster,
    BindFailure { owner, address, reason }: &BindFailure,
) -> Diagnostic {
    let at = match owner {
        ListenerOwner::Lead => roster.place("lead.port"),
        ListenerOwner::Annotator(name) => {
            let nth = roster.annotators.iter().position(|annotator| annotator.name == *name);
            roster.place(&format!("annotator.{}.port", nth.unwrap_or(0)))
        }
    };
    let port = address.port();
    Diagnostic::new(format!("{} cannot have port {port}: {reason}", owner.name()), at)
        .help("stop what holds it (ss -ltnp shows it), or take another port")
}

fn describe_settings(settings: &[Setting]) -> Option<String> {
    let words: Vec<&str> = settings.iter().map(|setting| setting.path()).collect();
    (!words.is_empty()).then(|| format!("changed: {}", words.join(", ")))
}

//! The daemon: makes the running listeners match the roster.
//!
//! Its life, from top to bottom in [`run`]: bind every port, reach the store, load the tasks that
//! the roster names, announce the addresses, serve, wait for a signal, drain within a deadline.
//! Nothing is announced before everything is there, and nothing starts if a port is taken.

mod drain;
mod house;
mod mending;
mod ports;
mod signals;
mod store_watch;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;

use self::house::TheHouse;
use self::mending::Mending;
pub use self::ports::PortsTaken;
pub use self::signals::{Command, Commands};
use crate::allocator::{Allocator, Clock};
use crate::dealing;
use crate::http::{self, Drain, Kind, Meter};
use crate::lead::{self, Office};
use crate::listener::{self, Desk, Project, instructions_to_html};
use crate::loading;
use crate::roster::Roster;
use crate::rules;
use crate::store::{self, Store, StoreError};
use crate::task::Millis;
use crate::task::interface::{Interface, Settings};

/// Tasks that a page asks for at a time, as Prodigy's does.
const BATCH_SIZE: usize = 10;

/// What the daemon is started with.
pub struct Daemon {
    /// The roster.
    pub roster: Roster,
    /// The roster's file; what it names is relative to its folder.
    pub roster_file: PathBuf,
    /// The store's URL if it is not the roster's.
    pub store_url: Option<String>,
    /// Listen on any free port instead of the roster's.
    pub any_port: bool,
    /// How long a stop may take.
    pub stop_within: Duration,
}

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Ports are taken.
    #[error(transparent)]
    Ports(#[from] PortsTaken),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The instructions cannot be read.
    #[error("cannot read the instructions {path}: {source}")]
    Instructions {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Where the ports of a running daemon are: name and address, the lead's last.
pub type Addresses = Vec<(String, String)>;

/// The system's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
}

/// The roster's interface.
pub fn interface(roster: &Roster) -> Interface {
    Interface::from_name(&roster.project.interface)
        .expect("the roster refuses interfaces that this build does not know")
}

/// Runs until it is told to stop. `announce` is called once, when everything serves.
///
/// # Errors
/// If it could not start; nothing is left running then.
pub async fn run(
    daemon: Daemon,
    mut commands: Commands,
    announce: impl FnOnce(&Addresses),
) -> Result<(), StartError> {
    let roster = &daemon.roster;
    let beside = daemon.roster_file.parent().unwrap_or(Path::new("")).to_owned();
    let project = Arc::new(project(roster, &beside)?);
    let bound = ports::bind(roster, daemon.any_port).await?;

    let clock = system_clock();
    let started_at = clock();
    let url = daemon.store_url.as_deref().unwrap_or(&roster.store.url);
    let store = store::open(url, &beside, &roster.project.name).await?;
    tracing::info!(store = store.place(), kind = store.kind().as_str(), "the store is open");
    let terms = rules::terms(roster);
    store.follow(terms.clone());
    let known_since = dealing::known_since(&*store, &rules::planning(roster), clock()).await?;
    let house = Arc::new(TheHouse::new(roster, &bound));
    if load_unless_stopped(roster, &beside, &*store, &house, &mut commands).await.is_break() {
        store.close().await;
        tracing::info!("stopped before all task files were loaded; what was admitted stays");
        return Ok(());
    }

    let (allocator, storing) = Allocator::start(
        Arc::clone(&store),
        Arc::clone(&clock),
        rules::conduct(roster, known_since),
    );
    let addresses = bound.addresses();
    let (stop, drain) = Drain::new();
    let meter = Meter::new();
    let mut serving = JoinSet::new();
    let routes = listener::routes();
    for port in bound.annotators {
        let desk = Desk {
            project: Arc::clone(&project),
            annotator: port.name.as_str().into(),
            display: port.display.as_str().into(),
            allocator: allocator.clone(),
        };
        let gauge = meter.port(Kind::Annotator, &port.name);
        let served = http::serve(port.listener, routes.clone(), desk, gauge, drain.clone());
        let name = port.name;
        serving.spawn(async move {
            served.await;
            name
        });
    }
    let office = Office {
        project: roster.project.name.as_str().into(),
        interface: project.interface.name(),
        place: store::place_of(url, &beside).into(),
        allocator: allocator.clone(),
        house: Arc::<TheHouse>::clone(&house),
        rule: Arc::new(terms.rule.clone()),
        checks: lead::checks::Known::default(),
        meter: meter.clone(),
        started_at,
    };
    let gauge = meter.port(Kind::Lead, "lead");
    let lead = http::serve(bound.lead, lead::routes(), office, gauge, drain.clone());
    serving.spawn(async move {
        lead.await;
        "lead".to_owned()
    });
    // Beside everything else: in a large project it takes its time.
    let mending = tokio::spawn(Mending::new(roster, terms).run(allocator.clone()));
    let watching = tokio::spawn(store_watch::watch(Arc::clone(&store)));
    announce(&addresses);
    tracing::info!(listeners = addresses.len() - 1, project = roster.project.name, "serving");

    loop {
        tokio::select! {
            command = commands.next() => match command {
                Command::Reload => {
                    tracing::info!("loading the task files again; other changes of the roster need a restart");
                    let loaded =
                        load_unless_stopped(roster, &beside, &*store, &house, &mut commands).await;
                    allocator.look().await;
                    if loaded.is_break() {
                        break;
                    }
                }
                Command::Stop => break,
            },
            Some(ended) = serving.join_next() => match ended {
                Ok(name) => house.is_down(&name),
                Err(error) => tracing::error!(%error, "a listener ended in a panic"),
            },
        }
    }
    // What it has not come to is looked at at the next start.
    mending.abort();
    watching.abort();
    let _ = mending.await;
    // The allocator's own tasks end when the last handle to it is gone, everything stored.
    drop((allocator, drain));
    drain::drain(stop, serving, storing, &*store, &mut commands, daemon.stop_within, &meter).await;
    Ok(())
}

fn project(roster: &Roster, beside: &Path) -> Result<Project, StartError> {
    let instructions = match &roster.project.instructions {
        None => None,
        Some(file) => {
            let path = beside.join(&file.value);
            let markdown = std::fs::read_to_string(&path).map_err(|source| {
                StartError::Instructions { path: path.display().to_string(), source }
            })?;
            Some(instructions_to_html(&markdown))
        }
    };
    let config = match serde_json::to_value(&roster.project.config) {
        Ok(serde_json::Value::Object(config)) => config,
        // The roster refuses what JSON cannot say.
        _ => serde_json::Map::new(),
    };
    Ok(Project {
        name: roster.project.name.clone(),
        interface: interface(roster),
        settings: Settings { labels: roster.project.labels.clone(), config },
        instructions,
        batch_size: BATCH_SIZE,
        people: roster.active().count(),
    })
}

/// Loads the task files until that is done or a stop is wished. A reload that is wished meanwhile
/// comes right after.
async fn load_unless_stopped(
    roster: &Roster,
    beside: &Path,
    store: &dyn Store,
    house: &TheHouse,
    commands: &mut Commands,
) -> ControlFlow<()> {
    loop {
        let mut again = false;
        let loading = load_task_files(roster, beside, store, house);
        tokio::pin!(loading);
        loop {
            tokio::select! {
                () = &mut loading => break,
                command = commands.next() => match command {
                    Command::Reload => again = true,
                    Command::Stop => return ControlFlow::Break(()),
                },
            }
        }
        if !again {
            return ControlFlow::Continue(());
        }
    }
}

/// Loads what the roster names and has changed. A file that cannot be loaded keeps nobody from
/// working on the others: it is a problem that the log and the dashboard show.
async fn load_task_files(roster: &Roster, beside: &Path, store: &dyn Store, house: &TheHouse) {
    let (planning, interface) = (rules::planning(roster), interface(roster));
    let mut problems = Vec::new();
    for pattern in &roster.project.tasks {
        let files = match loading::find_files(&pattern.value, beside) {
            Ok(files) => files,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for file in files {
            match loading::load_file(&file, &planning, interface, store).await {
                Ok(None) => {}
                Ok(Some(loaded)) => tracing::info!(
                    file = %file.path.display(),
                    new = loaded.new,
                    same = loaded.same,
                    "tasks loaded"
                ),
                Err(error) => problems.push(format!(
                    "{error}\n{}\nMend it; it is read again at the next start, or at once with kill -HUP {}.",
                    error.admitted(),
                    std::process::id()
                )),
            }
        }
    }
    for problem in &problems {
        tracing::error!(error = problem, "tasks could not be loaded");
    }
    house.set_loading_problems(problems);
}

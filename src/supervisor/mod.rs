//! The daemon: makes the running listeners match the roster, and keeps them so.
//!
//! Its life, from top to bottom in [`run`]: open every port, reach the store, load the tasks that the
//! roster names, announce the addresses, serve; then, until it is told to stop, take over an edited
//! roster (`reload.rs`), look after the listeners (`floor.rs`), tell the service manager (`manager.rs`)
//! and the lead (`house.rs`) how it is; and drain within a deadline.
//!
//! Nothing is announced before everything is there. Somebody whose port cannot be had keeps nobody
//! else from theirs: they are named, and it is tried again. Nothing starts if nobody's can be had, or
//! not the lead's, since then most likely another annotd runs with this roster.

mod change;
mod difference;
mod drain;
mod floor;
mod house;
mod lead_thread;
mod loader;
mod manager;
mod mending;
mod project;
mod reload;
mod seat;
mod signals;
mod sockets;
mod store_watch;
mod watch;

pub use crate::config::policies::interface;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, interval_at};

pub use self::difference::{Difference, Present, Wanted, Who, difference};
use self::floor::{Floor, Services, Taken};
use self::house::TheHouse;
use self::lead_thread::LeadThread;
use self::loader::Loader;
use self::manager::Manager;
use self::mending::Mending;
pub use self::signals::{Command, Commands};
pub use self::sockets::Inherited;
use self::sockets::Opener;
use self::watch::Watch;
use crate::access::{self, Access};
use crate::address;
use crate::allocator::{Allocator, Clock};
use crate::config::policies;
use crate::http::Meter;
use crate::http::tls::{Certificate, Loaded};
use crate::lead::{self, About, Office};
use crate::listener::{self, Project};
use crate::live::Live;
use crate::loading::rule::{self, RuleError};
use crate::planning;
use crate::roster::{self, Problem, Roster};
use crate::roster_file::RosterFile;
use crate::store::{self, Store, StoreError, Terms};
use crate::task::Millis;

/// How often the listeners are looked at, if the service manager does not want to know more often.
const RHYTHM: Duration = Duration::from_secs(2);
/// While the store is opened and task files are loaded at the start, the service manager is asked for more
/// time this often…
const STARTING: Duration = Duration::from_secs(10);
/// … each time for so much.
const MORE_TIME: Duration = Duration::from_secs(60);

/// What the daemon is started with.
pub struct Daemon {
    /// The roster and its file, which is read again at a reload.
    pub file: RosterFile,
    /// The store's URL if it is not the roster's.
    pub store_url: Option<String>,
    /// Listen on any free port instead of the roster's.
    pub any_port: bool,
    /// How long a stop may take.
    pub stop_within: Duration,
    /// Sockets that came with the process.
    pub inherited: Inherited,
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
    /// The store tells tasks apart by another rule than the roster says.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The instructions cannot be read.
    #[error("cannot read the instructions {}: {source}", path.display())]
    Instructions {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error("{}; {}", .0, .0.help.as_deref().unwrap_or_default())]
    Certificate(Box<Problem>),
    /// There is no thread for the lead's port.
    #[error("cannot start a thread for the lead's port: {0}")]
    Thread(std::io::Error),
}

/// Ports that could not be had, all of them.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}\nNothing was started. Stop what holds the ports (ss -ltnp shows it), or give other ports \
     in the roster.",
    .0.iter().map(|one| format!("{} cannot have port {}: {}", one.who.name(), one.address, one.why)).collect::<Vec<_>>().join("\n")
)]
pub struct PortsTaken(Vec<Taken>);

/// Where the ports of a running daemon are: name and address, the lead's last.
pub type Addresses = Vec<(String, String)>;

/// The system's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
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
    let Daemon { file, store_url, any_port, stop_within, inherited } = daemon;
    let file = Arc::new(file);
    let roster = &file.roster;
    let project =
        project::of(&file).map_err(|(path, source)| StartError::Instructions { path, source })?;
    let certificate = Certificate::default();
    let loaded = access::certificate(&roster.server, file.beside());
    serve(&certificate, loaded.map_err(StartError::Certificate)?);
    let lead_thread = LeadThread::start().map_err(StartError::Thread)?;
    let floor = open_floor(roster, any_port, &lead_thread, inherited).await?;

    let clock = system_clock();
    let started_at = clock();
    let url = store_url.as_deref().unwrap_or(&roster.store.url);
    let terms = policies::store_policy(roster);
    let manager = Manager::find();
    let opening = open_store(url, &file, &terms, clock());
    let opened = unless_stopped(opening, "Opening the store", &manager, &mut commands).await;
    let ControlFlow::Continue((opened, edited)) = opened else {
        tracing::info!("stopped before the store was open");
        return Ok(());
    };
    let (store, known_since, access) = opened?;
    tell_about_access(roster);
    let house = Arc::new(TheHouse::default());
    let loading = loader::load_task_files(&file, &*store, &house);
    let loaded = unless_stopped(loading, "Loading task files", &manager, &mut commands).await;
    let ControlFlow::Continue(((), edited_meanwhile)) = loaded else {
        store.close().await;
        tracing::info!("stopped before all task files were loaded; what was admitted stays");
        return Ok(());
    };

    let (allocator, storing) = Allocator::start(
        Arc::clone(&store),
        Arc::clone(&clock),
        policies::allocator_policy(roster, known_since.clone()),
    );
    let about = Live::new(About { interface: project.interface.name(), rule: terms.rule.clone() });
    let project = Live::new(project);
    let meter = Meter::new();
    let office = Office {
        project: roster.project.name.as_str().into(),
        about: about.clone(),
        place: store::place_of(url, file.beside()).into(),
        runtime: Handle::current(),
        allocator: allocator.clone(),
        house: Arc::<TheHouse>::clone(&house),
        checks: lead::checks::Known::default(),
        meter: meter.clone(),
        started_at,
        door: access.lead_door(&roster.project.name),
    };
    let mut supervisor = Supervisor {
        // Beside everything else: in a large project it takes its time.
        mending: tokio::spawn(Mending::new(roster, terms).run(allocator.clone())),
        loader: Loader::start(Arc::clone(&file), allocator.clone(), Arc::clone(&house)),
        store_watch: tokio::spawn(store_watch::watch(Arc::clone(&store))),
        watch: Watch::new(watched(&file)),
        manager,
        known_since,
        floor,
        project: project.clone(),
        about,
        allocator: allocator.clone(),
        access: access.clone(),
        certificate: certificate.clone(),
        house,
        store_url,
        file,
    };
    supervisor.floor.begin(Services {
        annotators: listener::routes(),
        lead: lead::routes(),
        project,
        allocator,
        office,
        meter: meter.clone(),
        access,
        certificate,
    });
    let addresses = supervisor.floor.addresses();
    announce(&addresses);
    tracing::info!(
        listeners = addresses.len(),
        project = supervisor.file.roster.project.name,
        "serving"
    );
    supervisor.publish();
    supervisor.manager.ready(&supervisor.house.line());
    if edited || edited_meanwhile {
        supervisor.reload().await;
    }
    supervisor.work(&mut commands).await;
    let serving = supervisor.stop().await;
    drain::drain(serving, storing, &*store, &mut commands, stop_within, &meter).await;
    Ok(())
}

/// Opens the store, and reads from it since when people are known and who has which key.
async fn open_store(
    url: &str,
    file: &RosterFile,
    terms: &Terms,
    now: Millis,
) -> Result<(Arc<dyn Store>, BTreeMap<String, Millis>, Access), StartError> {
    let (roster, beside) = (&file.roster, file.beside());
    let (name, named) = (&roster.project.name, policies::identity(roster));
    let is_older = store::is_older(url, beside).await;
    if is_older && named.is_some() {
        // A store that is refused for its rule stays as it is.
        let as_it_is = store::open_to_read(url, beside, name).await?;
        rule::in_force(&*as_it_is, named.as_ref()).await?;
        as_it_is.close().await;
    }
    let store = store::open_to_run(url, beside, name).await?;
    tracing::info!(store = store.place(), kind = store.kind().as_str(), "the store is open");
    let rule = rule::in_force(&*store, named.as_ref()).await?;
    tracing::debug!(%rule, "tasks are told apart");
    store.follow(terms.clone());
    let known_since = planning::known_since(&*store, &policies::plan_policy(roster), now).await?;
    let access = Access::for_roster(Arc::clone(&store), roster).await?;
    Ok((store, known_since, access))
}

/// Opens everybody's port. Some that cannot be had do not matter to the others.
async fn open_floor(
    roster: &Roster,
    any_port: bool,
    lead: &LeadThread,
    inherited: Inherited,
) -> Result<Floor, PortsTaken> {
    let opener = Opener { everybody: Handle::current(), lead: lead.handle().clone() };
    let (floor, taken) = Floor::open(roster, any_port, opener, inherited).await;
    let nobody = taken.iter().filter(|one| one.who != Who::Lead).count() == roster.active().count();
    if !taken.is_empty() && (nobody || taken.iter().any(|one| one.who == Who::Lead)) {
        return Err(PortsTaken(taken));
    }
    for Taken { who, address, why } in taken {
        tracing::error!(
            annotator = who.name(),
            %address,
            error = why,
            "a port cannot be had; the others serve, and it is tried again"
        );
    }
    Ok(floor)
}

/// Does a part of the start, unless a stop is wished meanwhile; says whether a reload was, which comes as
/// soon as everything serves. The service manager is asked for more time as long as it lasts.
async fn unless_stopped<T>(
    part: impl Future<Output = T>,
    line: &str,
    manager: &Manager,
    commands: &mut Commands,
) -> ControlFlow<(), (T, bool)> {
    let mut patience = interval(STARTING);
    patience.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut edited = false;
    tokio::pin!(part);
    loop {
        tokio::select! {
            done = &mut part => return ControlFlow::Continue((done, edited)),
            _ = patience.tick() => manager.still_starting(line, MORE_TIME),
            command = commands.next() => match command {
                Command::Reload => edited = true,
                Command::Stop => return ControlFlow::Break(()),
            },
        }
    }
}

/// Serves this certificate from the next connection on, or none.
fn serve(certificate: &Certificate, loaded: Option<Loaded>) {
    if let Some(warning) = loaded.as_ref().and_then(|loaded| loaded.warning.as_ref()) {
        tracing::warn!(error = warning, "browsers complain of the certificate, or will soon");
    }
    certificate.set(loaded.map(|loaded| loaded.config));
}

fn tell_about_access(roster: &Roster) {
    if roster.server.access() == roster::Access::Open {
        return;
    }
    tracing::info!("everybody needs their key; `annotd link` prints their bookmarks");
    if address::is_readable_on_the_way(&roster.server) {
        tracing::warn!(error = address::READABLE, "keys can be read on the way");
    }
}

/// The files that are looked at for `watch = true`; none without it.
fn watched(file: &RosterFile) -> Vec<PathBuf> {
    if !file.roster.server.watch {
        return Vec::new();
    }
    let named = file.roster.project.instructions.iter();
    let named = named.chain(&file.roster.server.cert).chain(&file.roster.server.key);
    let named = named.map(|path| file.beside().join(&path.value));
    [file.path.clone()].into_iter().chain(named).collect()
}

/// The running daemon.
struct Supervisor {
    /// The roster that is in force.
    file: Arc<RosterFile>,
    store_url: Option<String>,
    floor: Floor,
    project: Live<Project>,
    about: Live<About>,
    allocator: Allocator,
    access: Access,
    certificate: Certificate,
    known_since: BTreeMap<String, Millis>,
    house: Arc<TheHouse>,
    mending: JoinHandle<()>,
    store_watch: JoinHandle<()>,
    loader: Loader,
    watch: Watch,
    manager: Manager,
}

impl Supervisor {
    /// Works until it is told to stop.
    async fn work(&mut self, commands: &mut Commands) {
        let mut rhythm = Self::rhythm();
        loop {
            tokio::select! {
                command = commands.next() => match command {
                    Command::Reload => self.reload().await,
                    Command::Stop => return,
                },
                () = self.watch.changed() => self.reload().await,
                ended = self.floor.ended() => {
                    self.floor.note_end(ended);
                    self.publish();
                }
                _ = rhythm.tick() => self.look().await,
            }
        }
    }

    fn rhythm() -> Interval {
        let often = Manager::rhythm().unwrap_or(RHYTHM).min(RHYTHM);
        // The first look comes when listeners have had time to begin.
        let mut rhythm = interval_at(Instant::now() + often, often);
        rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        rhythm
    }

    /// Looks after the listeners, and only then says that the daemon is alive.
    async fn look(&mut self) {
        let looked = self.floor.look(self.allocator.now()).await;
        if looked.changed {
            self.publish();
        }
        if looked.is_alive() {
            self.manager.alive();
        } else {
            tracing::warn!("no listener answers; the service manager is not told that all is well");
        }
    }

    /// Tells everybody who asks how the daemon is now.
    fn publish(&mut self) {
        let members = self.floor.members(&self.file.roster);
        self.house.set_members(members, self.floor.lead_is_shut());
        self.manager.status(&self.house.line());
    }

    /// Looks over the unfinished tasks with other rules from now on.
    fn mend_with(&mut self, roster: &Roster, terms: Terms) {
        self.mending.abort();
        self.mending = tokio::spawn(Mending::new(roster, terms).run(self.allocator.clone()));
    }

    /// Stops accepting and everything that is done in the background; gives the listeners, which
    /// finish what is under way.
    async fn stop(self) -> tokio::task::JoinSet<floor::Ended> {
        self.manager.stopping();
        // What they have not come to is looked at, and loaded, at the next start.
        self.mending.abort();
        self.store_watch.abort();
        let _ = self.mending.await;
        self.loader.stop().await;
        // The allocator's own tasks end when the last handle to it is gone, everything stored.
        self.floor.stop()
    }
}

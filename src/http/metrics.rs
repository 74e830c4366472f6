//! Metrics of the ports: requests, their duration, connections, requests in flight.
//!
//! A process has one [`HttpMetrics`]; each port has a [`PortMetrics`] of it. A request costs a
//! clock reading and a few additions to atomics, and no lock: the counters of a route are in a
//! short list that only grows, and requests in flight are counted per port and summed for a scrape.
//!
//! The label of a route is the pattern that the router matched (`/project/{session}`), never the
//! path of the request, so that no client can create unlimited series with nonsense paths. Only the
//! router knows the pattern; it writes it into the request's [`Route`].
//!
//! Rejected: `prometheus-client`, whose histograms are each behind a mutex, and which writes
//! OpenMetrics only; looking up labels in the registry's own maps at each request, which takes a
//! lock that all cores share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Instant;

use axum::extract::MatchedPath;
use hyper::StatusCode;
use prometheus::proto::MetricFamily;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
};

/// The most routes with counters of their own, for each kind of port; a router has far fewer.
const ROUTES: usize = 48;
/// The label of a request without a route.
const NO_ROUTE: &str = "none";
/// The classes of replies; the last is for a request whose client went away before there was one.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];
/// Upper bounds of the histogram, in seconds.
const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The kind of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// An annotator's.
    Annotator,
    /// The lead's.
    Lead,
}

impl PortKind {
    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Annotator => "annotator",
            Self::Lead => "lead",
        }
    }
}

/// The counts of a process. Clones are handles to the same ones.
#[derive(Clone)]
pub struct HttpMetrics(Arc<Counts>);

struct Counts {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    connections: IntGaugeVec,
    in_flight: IntGaugeVec,
    annotator: Routes,
    lead: Routes,
    ports: Mutex<Vec<Weak<Port>>>,
}

/// The counts of one kind of port, a slot a route.
struct Routes {
    kind: PortKind,
    counters: [OnceLock<RouteCounters>; ROUTES],
    none: RouteCounters,
}

struct RouteCounters {
    route: String,
    requests: [IntCounter; CLASSES.len()],
    seconds: Histogram,
}

struct Port {
    name: String,
    kind: PortKind,
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// A port with open connections or requests in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivePort {
    /// The port's name.
    pub name: String,
    /// Requests that have no reply yet.
    pub requests: usize,
    /// Open connections.
    pub connections: usize,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpMetrics {
    /// New metrics, all zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new(
                "annotd_http_requests_total",
                "HTTP requests by kind of port, route and class of the reply's status; the class \
                 is none if the client went away before there was a reply.",
            ),
            &["port", "route", "status"],
        )
        .expect("the name and the labels are well-formed");
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "annotd_http_request_duration_seconds",
                "Time from a request's headers to its reply's, by kind of port and route.",
            )
            .buckets(SECONDS.to_vec()),
            &["port", "route"],
        )
        .expect("the name and the labels are well-formed");
        let connections = IntGaugeVec::new(
            Opts::new("annotd_http_connections", "Open connections by kind of port."),
            &["port"],
        )
        .expect("the name and the labels are well-formed");
        let in_flight = IntGaugeVec::new(
            Opts::new(
                "annotd_http_requests_in_flight",
                "Requests that have no reply yet, by kind of port.",
            ),
            &["port"],
        )
        .expect("the name and the labels are well-formed");
        let known = [
            registry.register(Box::new(requests.clone())),
            registry.register(Box::new(seconds.clone())),
            registry.register(Box::new(connections.clone())),
            registry.register(Box::new(in_flight.clone())),
        ];
        debug_assert!(known.iter().all(Result::is_ok), "each name is there once");
        let routes = |kind| Routes {
            kind,
            counters: [const { OnceLock::new() }; ROUTES],
            none: RouteCounters::new(&requests, &seconds, kind, NO_ROUTE),
        };
        let (annotator, lead) = (routes(PortKind::Annotator), routes(PortKind::Lead));
        let ports = Mutex::default();
        Self(Arc::new(Counts {
            registry,
            requests,
            seconds,
            connections,
            in_flight,
            annotator,
            lead,
            ports,
        }))
    }

    /// The gauge of a port; the port is counted as long as the gauge lives.
    pub fn port(&self, kind: PortKind, name: &str) -> PortMetrics {
        let port = Arc::new(Port {
            name: name.to_owned(),
            kind,
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        });
        let mut ports = self.0.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.retain(|port| port.strong_count() > 0);
        ports.push(Arc::downgrade(&port));
        PortMetrics { port, counts: Arc::clone(&self.0) }
    }

    /// The ports with open connections or requests in flight, by name.
    pub fn active_ports(&self) -> Vec<ActivePort> {
        let mut active: Vec<ActivePort> = self
            .ports()
            .into_iter()
            .map(|port| ActivePort {
                name: port.name.clone(),
                requests: port.requests.load(Ordering::Relaxed),
                connections: port.connections.load(Ordering::Relaxed),
            })
            .filter(|port| port.requests + port.connections > 0)
            .collect();
        active.sort_by(|one, other| one.name.cmp(&other.name));
        active
    }

    /// All counts, for [`prometheus::TextEncoder`].
    pub fn gather(&self) -> Vec<MetricFamily> {
        let ports = self.ports();
        for kind in [PortKind::Annotator, PortKind::Lead] {
            let sum = |of: fn(&Port) -> &AtomicUsize| {
                let own = ports.iter().filter(|port| port.kind == kind);
                let sum: usize = own.map(|port| of(port).load(Ordering::Relaxed)).sum();
                i64::try_from(sum).unwrap_or(i64::MAX)
            };
            let label = [kind.as_str()];
            self.0.connections.with_label_values(&label).set(sum(|port| &port.connections));
            self.0.in_flight.with_label_values(&label).set(sum(|port| &port.requests));
        }
        self.0.registry.gather()
    }

    fn ports(&self) -> Vec<Arc<Port>> {
        let ports = self.0.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.iter().filter_map(Weak::upgrade).collect()
    }
}

impl RouteCounters {
    fn new(requests: &IntCounterVec, seconds: &HistogramVec, kind: PortKind, route: &str) -> Self {
        let kind = kind.as_str();
        Self {
            route: route.to_owned(),
            requests: CLASSES.map(|class| requests.with_label_values(&[kind, route, class])),
            seconds: seconds.with_label_values(&[kind, route]),
        }
    }
}

impl Counts {
    /// Where a route is counted.
    fn counters(&self, kind: PortKind, route: Option<&str>) -> &RouteCounters {
        let routes = match kind {
            PortKind::Annotator => &self.annotator,
            PortKind::Lead => &self.lead,
        };
        let Some(route) = route else { return &routes.none };
        for slot in &routes.counters {
            let new = || RouteCounters::new(&self.requests, &self.seconds, routes.kind, route);
            // Another thread may have taken this slot for another route in between.
            let counters = slot.get_or_init(new);
            if counters.route == route {
                return counters;
            }
        }
        &routes.none
    }
}

/// The metrics of one port. Clones are handles to the same port.
#[derive(Clone)]
pub struct PortMetrics {
    port: Arc<Port>,
    counts: Arc<Counts>,
}

impl PortMetrics {
    /// The port's name.
    pub fn name(&self) -> &str {
        &self.port.name
    }

    /// Counts a connection until the returned guard is dropped.
    pub(super) fn connection(&self) -> Connection {
        self.port.connections.fetch_add(1, Ordering::Relaxed);
        Connection(Arc::clone(&self.port))
    }

    /// Counts a request, which is in flight until the returned guard is dropped.
    pub(super) fn request(&self) -> InFlightRequest<'_> {
        self.port.requests.fetch_add(1, Ordering::Relaxed);
        InFlightRequest {
            metrics: self,
            route: Route::default(),
            began: Instant::now(),
            status: None,
        }
    }
}

/// An open connection.
pub(super) struct Connection(Arc<Port>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The matched route, which the router writes here; it is in the request's extensions.
#[derive(Clone, Default)]
pub(super) struct Route(Arc<OnceLock<MatchedPath>>);

impl Route {
    pub(super) fn is(&self, path: &MatchedPath) {
        // A request takes one route.
        let _ = self.0.set(path.clone());
    }
}

/// A request in flight.
pub(super) struct InFlightRequest<'a> {
    metrics: &'a PortMetrics,
    route: Route,
    began: Instant,
    status: Option<StatusCode>,
}

impl InFlightRequest<'_> {
    /// For the request's extensions.
    pub(super) fn route(&self) -> Route {
        self.route.clone()
    }

    /// Notes the status of the reply.
    pub(super) fn replied(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for InFlightRequest<'_> {
    fn drop(&mut self) {
        let PortMetrics { port, counts } = self.metrics;
        let route = self.route.0.get().map(MatchedPath::as_str);
        let counters = counts.counters(port.kind, route);
        let none = CLASSES.len() - 1;
        let class = self.status.map_or(none, |status| usize::from(status.as_u16() / 100) - 1);
        counters.requests[class.min(none)].inc();
        counters.seconds.observe(self.began.elapsed().as_secs_f64());
        port.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;

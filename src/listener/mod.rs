//! One annotator's port: the page, the stream of tasks, the answers.
//!
//! The port decides the annotator. A request cannot act for another annotator or see a task that
//! is not theirs: the name comes with the port ([`AnnotatorPort`]) and never from the request.
//!
//! `routes` are the same for all ports. `tasks.rs` hands out tasks, `answers.rs` stores answers,
//! and `shown_tasks.rs` returns the lease status of the tasks that a page shows. `project.rs`
//! describes the project to the page. `media.rs` sends the pictures and sounds that tasks name by
//! their paths; `blocked_media.rs` logs those that the roster does not allow.

mod answers;
mod blocked_media;
mod media;
mod picture_sizes;
mod port_owner;
mod project;
mod shown_tasks;
mod store_error;
mod tasks;
mod validate;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::Response;
use axum::routing::{get, post};
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use serde_json::{Map, Value, json};

pub use blocked_media::BlockedMediaLog;
pub use port_owner::{Membership, PortOwner, PreviousOwner};
pub use project::{Project, instructions_to_html};

use self::shown_tasks::ShownTasks;
use crate::allocator::Allocator;
use crate::http::{self, ApiError, AuthenticatedNames, PortAuth, ProtectedState};

/// An annotator's port, as one request sees it: all parts that follow from the roster are of one
/// roster.
#[derive(Clone)]
pub struct AnnotatorPort {
    /// The project.
    pub project: Arc<Project>,
    /// The annotator's name.
    pub annotator: Arc<str>,
    /// The owner and their membership.
    pub owner: Arc<PortOwner>,
    /// The allocator, under the policy of this request.
    pub allocator: Allocator,
    /// Whether no key is needed.
    pub is_open: bool,
    /// The check of keys.
    pub auth: PortAuth,
}

impl ProtectedState for AnnotatorPort {
    fn auth(&self) -> &PortAuth {
        &self.auth
    }

    fn is_open(&self) -> bool {
        self.is_open
    }

    /// Annotators who had this port before, within the grace period.
    fn previous_owners(&self) -> Vec<String> {
        let (now, owner) = (self.allocator.now(), &self.owner);
        let previous_owners = owner.previous_owners.iter().filter(|previous| previous.until > now);
        previous_owners.map(|previous| previous.annotator.clone()).collect()
    }

    fn content_security_policy(&self) -> Option<HeaderValue> {
        self.project.content_security_policy()
    }

    /// A previous owner's page asks whose port it is now, and sends its unsent answers.
    fn is_handover_request(method: &Method, path: &str) -> bool {
        match path {
            "/project" => *method == Method::GET,
            "/give_answers" | "/get_session_questions" => *method == Method::POST,
            _ => false,
        }
    }
}

impl AnnotatorPort {
    /// `<project>-<name>`, Prodigy's name for an annotator's session.
    pub fn session_id(&self) -> String {
        self.session_of(&self.annotator)
    }

    fn session_of(&self, annotator: &str) -> String {
        format!("{}-{annotator}", self.project.name)
    }

    /// Refuses a session other than this port's own.
    fn check_session(&self, session: Option<&Value>) -> Result<(), ApiError> {
        match session {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(named)) => self.check_session_name(named),
            Some(_) => Err(ApiError::bad_request("bad_session", "session_id should be a text.")),
        }
    }

    fn check_session_name(&self, named: &str) -> Result<(), ApiError> {
        if named == self.session_id() || named == &*self.annotator {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "foreign_session",
            format!("This port is {}'s; {named:?} has another one.", self.annotator),
        ))
    }

    /// Refuses a request that carries only keys of previous owners.
    fn check_caller(&self, names: Option<&AuthenticatedNames>) -> Result<(), ApiError> {
        if names.is_none_or(|names| names.contain(&self.annotator)) {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "foreign_session",
            format!("This port is {}'s, and this is not their key.", self.annotator),
        ))
    }

    /// The author of answers: the port's annotator, or a previous owner.
    ///
    /// Under key access, a request with previous owners' keys acts only for the owners of the keys
    /// that it carries.
    fn author(
        &self,
        session: Option<&Value>,
        names: Option<&AuthenticatedNames>,
    ) -> Result<Arc<str>, ApiError> {
        let speaks = |name: &str| names.is_none_or(|names| names.contain(name));
        if let Some(Value::String(named)) = session {
            let (now, owner) = (self.allocator.now(), &self.owner);
            let mut previous_owners =
                owner.previous_owners.iter().filter(|previous| previous.until > now);
            let previous = previous_owners.find(|f| *named == self.session_of(&f.annotator));
            if let Some(previous) = previous.filter(|previous| speaks(&previous.annotator)) {
                return Ok(previous.annotator.as_str().into());
            }
        }
        self.check_session(session)?;
        self.check_caller(names)?;
        Ok(Arc::clone(&self.annotator))
    }

    /// The fields that replies share: the stats `progress`, `answered`, `due` and `total`, and
    /// `edition` and `standing`, by whose change the page reloads the project.
    async fn stats(&self) -> Result<Map<String, Value>, ApiError> {
        self.stats_of(&self.annotator).await
    }

    /// The same for the annotator or a previous owner.
    async fn stats_of(&self, annotator: &str) -> Result<Map<String, Value>, ApiError> {
        let progress = self.allocator.progress().await.map_err(|error| ApiError::from(&error))?;
        let own = progress.annotators.get(annotator);
        let answered = own.map_or(0, |share| share.answered);
        let (project, owner) = (&self.project, &self.owner);
        let membership =
            if annotator == &*self.annotator { &owner.membership } else { &Membership::Removed };
        let left = match membership {
            Membership::Active => progress.left_for(annotator, project.people),
            _ => 0,
        };
        let due = answered + left;
        let Value::Object(stats) = json!({
            "total": answered,
            "progress": fraction(progress.answers, progress.wanted),
            "answered": answered,
            "due": due,
            "edition": project.edition,
            "standing": membership.as_str(),
        }) else {
            unreachable!("an object literal is an object")
        };
        Ok(stats)
    }
}

fn fraction(done: u64, of: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // 2⁵³ answers are a while away
    if of == 0 { 0.0 } else { (done as f64 / of as f64).min(1.0) }
}

/// The routes of every annotator's port. Requests carry a [`AnnotatorPort`] in their extensions.
pub fn routes() -> Router {
    let own = Router::new()
        .route("/project", get(project::project))
        .route("/project/{session}", get(project::project_of_session))
        .route("/get_session_questions", post(tasks::get_session_questions))
        .route("/get_questions", get(tasks::get_questions))
        .route("/give_answers", post(answers::give_answers))
        .route("/history", get(answers::history))
        .route("/progress", get(progress))
        .route("/renew", post(renew))
        .route("/end_session", post(end_session))
        .route("/media/{*path}", get(media::send));
    http::with_common_routes::<AnnotatorPort>(own, "annotate/index.html", "no_access/index.html")
}

async fn progress(Extension(port): Extension<AnnotatorPort>) -> Result<Response, ApiError> {
    Ok(http::to_json(&port.stats().await?))
}

async fn renew(
    Extension(port): Extension<AnnotatorPort>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let body = http::json_body(request).await?;
    port.check_session(body.get("session_id"))?;
    let shown = ShownTasks::of(&body)?;
    port.allocator.renew(&port.annotator).await.map_err(|error| ApiError::from(&error))?;
    let mut reply = shown.lease_status(&port, true).await?;
    reply.insert("lease_seconds".into(), port.allocator.lease().as_secs().into());
    Ok(http::to_json(&reply))
}

async fn end_session(
    Extension(port): Extension<AnnotatorPort>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let body = http::json_body(request).await?;
    port.check_session(body.get("session_id"))?;
    let released =
        port.allocator.release(&port.annotator).await.map_err(|error| ApiError::from(&error))?;
    tracing::debug!(annotator = &*port.annotator, released, "an annotator left");
    Ok(http::to_json(&json!({"released": released})))
}

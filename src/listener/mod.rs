//! One annotator's port: the page, the stream of tasks, the answers.
//!
//! The annotator is the port's. No request can speak for another or see a task that is not
//! theirs: the name comes with the port ([`Desk`]) and never from the request.
//!
//! `routes` are the same for all ports; `questions.rs` hands out, `answers.rs` takes in,
//! `view.rs` says what has become of what a page shows; `project.rs` tells the page what it is about; `media.rs` sends the pictures and sounds that tasks
//! name by their paths, and `strangers.rs` tells the log of those that the roster does not allow.

mod answers;
mod checking;
pub mod media;
mod person;
mod project;
mod questions;
mod strangers;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::Response;
use axum::routing::{get, post};
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use serde_json::{Map, Value, json};

pub use person::{Former, Person, Standing};
pub use project::{Project, instructions_to_html};
pub use strangers::Strangers;

use self::view::View;
use crate::allocator::Allocator;
use crate::http::{self, ApiError, Callers, Door, Guarded};
use crate::live::Live;

/// What a port knows: whose it is, about which project, and whom to ask.
#[derive(Clone)]
pub struct Desk {
    /// The project.
    pub project: Live<Project>,
    /// The annotator's name.
    pub annotator: Arc<str>,
    /// What else is known of them.
    pub person: Live<Person>,
    /// Whom to ask for tasks.
    pub allocator: Allocator,
    /// Who may come in.
    pub door: Door,
}

impl Guarded for Desk {
    fn door(&self) -> &Door {
        &self.door
    }

    /// Those whose port this was until not long ago.
    fn guests(&self) -> Vec<String> {
        let (now, person) = (self.allocator.now(), self.person.get());
        let formers = person.formers.iter().filter(|former| former.until > now);
        formers.map(|former| former.annotator.clone()).collect()
    }

    fn policy(&self) -> Option<HeaderValue> {
        self.project.get().policy()
    }

    /// They find out that it is somebody else's now, and bring what they still have.
    fn is_errand(method: &Method, path: &str) -> bool {
        match path {
            "/project" => *method == Method::GET,
            "/give_answers" | "/get_session_questions" => *method == Method::POST,
            _ => false,
        }
    }
}

impl Desk {
    /// `<project>-<name>`, Prodigy's name for an annotator's session.
    pub fn session_id(&self) -> String {
        self.session_of(&self.annotator)
    }

    fn session_of(&self, annotator: &str) -> String {
        format!("{}-{annotator}", self.project.get().name)
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

    /// Refuses those who bring only the keys of people whose port this was.
    fn check_callers(&self, callers: Option<&Callers>) -> Result<(), ApiError> {
        if callers.is_none_or(|callers| callers.include(&self.annotator)) {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "foreign_session",
            format!("This port is {}'s, and this is not their key.", self.annotator),
        ))
    }

    /// Whose answers these are: the annotator's, or those of somebody whose port this was until not
    /// long ago.
    ///
    /// Where keys are needed and there are such, each speaks for those alone whose keys came along.
    fn author(
        &self,
        session: Option<&Value>,
        callers: Option<&Callers>,
    ) -> Result<Arc<str>, ApiError> {
        let speaks = |name: &str| callers.is_none_or(|callers| callers.include(name));
        if let Some(Value::String(named)) = session {
            let (now, person) = (self.allocator.now(), self.person.get());
            let mut formers = person.formers.iter().filter(|former| former.until > now);
            let former = formers.find(|f| *named == self.session_of(&f.annotator));
            if let Some(former) = former.filter(|former| speaks(&former.annotator)) {
                return Ok(former.annotator.as_str().into());
            }
        }
        self.check_session(session)?;
        self.check_callers(callers)?;
        Ok(Arc::clone(&self.annotator))
    }

    /// What goes along with replies: the figures `progress`, `answered`, `due`, `total`, and
    /// whether the page has to look at the project again (`edition`, `standing`).
    async fn figures(&self) -> Result<Map<String, Value>, ApiError> {
        self.figures_of(&self.annotator).await
    }

    /// The same for somebody whose port this may have been.
    async fn figures_of(&self, annotator: &str) -> Result<Map<String, Value>, ApiError> {
        let progress = self.allocator.progress().await.map_err(|error| ApiError::from(&error))?;
        let own = progress.annotators.get(annotator);
        let answered = own.map_or(0, |share| share.answered);
        let (project, person) = (self.project.get(), self.person.get());
        let standing =
            if annotator == &*self.annotator { &person.standing } else { &Standing::Left };
        let left = match standing {
            Standing::Here => progress.left_for(annotator, project.people),
            _ => 0,
        };
        let due = answered + left;
        let Value::Object(figures) = json!({
            "total": answered,
            "progress": fraction(progress.answers, progress.wanted),
            "answered": answered,
            "due": due,
            "edition": project.edition,
            "standing": standing.as_str(),
        }) else {
            unreachable!("an object literal is an object")
        };
        Ok(figures)
    }
}

fn fraction(done: u64, of: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // 2⁵³ answers are a while away
    if of == 0 { 0.0 } else { (done as f64 / of as f64).min(1.0) }
}

/// The routes of every annotator's port. Requests carry a [`Desk`] in their extensions.
pub fn routes() -> Router {
    let own = Router::new()
        .route("/project", get(project::project))
        .route("/project/{session}", get(project::project_of_session))
        .route("/get_session_questions", post(questions::get_session_questions))
        .route("/get_questions", get(questions::get_questions))
        .route("/give_answers", post(answers::give_answers))
        .route("/history", get(answers::history))
        .route("/progress", get(progress))
        .route("/renew", post(renew))
        .route("/end_session", post(end_session))
        .route("/media/{*path}", get(media::send));
    http::with_shared_routes::<Desk>(own, "annotate/index.html")
}

async fn progress(Extension(desk): Extension<Desk>) -> Result<Response, ApiError> {
    Ok(http::to_json(&desk.figures().await?))
}

async fn renew(
    Extension(desk): Extension<Desk>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let body = http::json_body(request).await?;
    desk.check_session(body.get("session_id"))?;
    let view = View::of(&body)?;
    desk.allocator.renew(&desk.annotator).await.map_err(|error| ApiError::from(&error))?;
    let mut reply = view.lease_status(&desk, true).await?;
    reply.insert("lease_seconds".into(), desk.allocator.lease().as_secs().into());
    Ok(http::to_json(&reply))
}

async fn end_session(
    Extension(desk): Extension<Desk>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let body = http::json_body(request).await?;
    desk.check_session(body.get("session_id"))?;
    let released =
        desk.allocator.release(&desk.annotator).await.map_err(|error| ApiError::from(&error))?;
    tracing::debug!(annotator = &*desk.annotator, released, "an annotator left");
    Ok(http::to_json(&json!({"released": released})))
}

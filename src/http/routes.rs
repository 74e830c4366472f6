//! The routes that every port has: its page, the page's files, health and version.

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, MatchedPath, Path};
use axum::routing::get;
use hyper::{HeaderMap, Request, header};
use serde_json::json;
use tower::util::MapRequestLayer;

use super::auth::guard::{self, ProtectedState};
use super::metrics::Route;
use super::{ApiError, assets, to_json};

/// Adds to a port's own routes the page at `/` (a path below `src/web/`), its files, and an error
/// for unknown paths. All of them check the access key with the port's state, `C`.
pub fn with_common_routes<C: ProtectedState>(
    own: Router,
    page: &'static str,
    no_access_page: &'static str,
) -> Router {
    let send_page = async move |Extension(context): Extension<C>, headers: HeaderMap| {
        let mut response = assets::send(page, &headers);
        if let Some(content_security_policy) = context.content_security_policy() {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, content_security_policy);
        }
        response
    };
    own.route("/", get(send_page))
        .route(
            "/assets/{*path}",
            get(async |path: Result<Path<String>, PathRejection>, headers: HeaderMap| {
                Ok::<_, ApiError>(assets::send(&path?, &headers))
            }),
        )
        .route("/health", get(async || to_json(&json!({"status": "alive"}))))
        .route(
            "/version",
            get(async || to_json(&json!({"name": "annotd", "version": env!("CARGO_PKG_VERSION")}))),
        )
        .method_not_allowed_fallback(async || ApiError::wrong_method())
        .layer(MapRequestLayer::new(record_route))
        .fallback(async || ApiError::not_found("There is nothing here; the page is at /."))
        .layer(axum::middleware::from_fn_with_state(no_access_page, guard::require_access_key::<C>))
}

/// Records for the metrics which route a request took.
fn record_route(request: Request<Body>) -> Request<Body> {
    let extensions = request.extensions();
    if let (Some(route), Some(path)) = (extensions.get::<Route>(), extensions.get::<MatchedPath>())
    {
        route.is(path);
    }
    request
}

//! The admin listener: health for machines, metrics for scrapers. It is not for the public network.

use std::future::Future;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// What is not ready, named for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady(pub &'static str);

/// The routes of the admin listener. `metrics` renders the OpenMetrics text; `readiness` asks
/// whether the database answers and the vault is open.
pub fn admin_router<M, G, R, F>(metrics: M, readiness: R) -> Router
where
    M: Fn() -> G + Clone + Send + Sync + 'static,
    G: Future<Output = String> + Send + 'static,
    R: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), NotReady>> + Send + 'static,
{
    Router::new()
        .route("/metrics", get(move || rendered(metrics.clone())))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || ready(readiness.clone())))
}

async fn rendered<G: Future<Output = String>>(metrics: impl Fn() -> G) -> Response {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, media_type)], metrics().await).into_response()
}

async fn ready<F: Future<Output = Result<(), NotReady>>>(readiness: impl Fn() -> F) -> Response {
    match readiness().await {
        Ok(()) => "ready\n".into_response(),
        Err(NotReady(what)) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {what}\n")).into_response(),
    }
}

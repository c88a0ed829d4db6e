//! What surrounds every request of the public listener: its id, caught panics, security headers.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use super::HttpState;
use super::post::json;
use crate::domain::id::new_uuid;
use crate::graphql::{ApiError, ErrorCode, RequestId, failure};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// For whatever sets no policy of its own: it is data, and nothing in it runs or is framed.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Runs the request under an id of its own and finishes its response.
pub(super) async fn around(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let id = new_uuid(&*state.inner.clock, &*state.inner.entropy).to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            // The panic's own words may hold anything; the panic hook has its place.
            tracing::error!(request_id = id, "a request handler panicked");
            let answer = failure(&ApiError::new(ErrorCode::Internal), &id);
            (StatusCode::INTERNAL_SERVER_ERROR, json(&answer)).into_response()
        }
    };
    let https = state.inner.settings.public_origin.starts_with("https://");
    finish(response.headers_mut(), &id, https);
    response
}

fn finish(headers: &mut HeaderMap, id: &str, https: bool) {
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID.clone(), id);
    }
}

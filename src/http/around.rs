//! What surrounds every request of the public listener: its id, caught panics, security headers.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;

use super::HttpState;
use super::answer::refused;
use super::media::Media;
use crate::domain::id::new_uuid;
use crate::graphql::{ApiError, ErrorCode, RequestId};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that a request may bring.
const ID_BYTES_MAX: usize = 64;

/// For whatever sets no policy of its own: it is data, and nothing in it runs or is framed.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Runs the request under an id of its own and finishes its response.
pub(super) async fn around(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let id = brought(request.headers());
    let id = id.unwrap_or_else(|| new_uuid(&*state.inner.clock, &*state.inner.entropy).to_string());
    let media = Media::wanted(request.headers()).unwrap_or(Media::Json);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            // The panic's own words may hold anything; the panic hook has its place.
            tracing::error!(request_id = id, "a request handler panicked");
            let error = ApiError::new(ErrorCode::Internal);
            refused(StatusCode::INTERNAL_SERVER_ERROR, &error, &RequestId(id.clone()), media)
        }
    };
    let https = state.inner.settings.public_origin.starts_with("https://");
    finish(response.headers_mut(), &id, https);
    response
}

/// The id that the request brought with it, if it is one that can stand in a log.
fn brought(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&X_REQUEST_ID)?.to_str().ok()?;
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    ((1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_plain)).then(|| id.to_owned())
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

//! The gateway: the providers' own protocols, with a lease token where the key goes.
//!
//! It has a listener of its own and serves every dialect at the root and nowhere else; the token
//! names the provider. It is an allow-list, not a pipe: a call is parsed into fields, handed to the
//! leases, and answered from what they have committed. Nothing here knows a key, and neither
//! tokens nor bodies are logged.

mod form;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod json;
mod legacy;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::Attempt;
use crate::leases::{GatewayRefusal, Leases};
use crate::providers::dialect::answer::{self, Answer, Refusal};

/// Longest request that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Time for a request's body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The gateway's routes.
pub fn router(leases: Arc<Leases>) -> Router {
    // One handler looks at the path itself: some clients put a slash too many before the method.
    Router::new().fallback(serve).with_state(leases)
}

async fn serve(State(leases): State<Arc<Leases>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let is_legacy = matches!(path.as_str(), "in.php" | "res.php");
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) | Err(_) if is_legacy => return written(&answer::legacy_refused(false, Refusal::BadParameters)),
        Ok(Err(_)) | Err(_) => return written(&answer::json_refused(None, Refusal::BadParameters)),
    };
    let answer = if is_legacy {
        serve_legacy(&leases, &path, parts, body).await
    } else if parts.method == Method::POST {
        json::serve(&leases, &path, &body).await
    } else {
        answer::json_refused(None, Refusal::UnknownMethod)
    };
    written(&answer)
}

async fn serve_legacy(leases: &Leases, path: &str, parts: Parts, body: Bytes) -> Answer {
    if !matches!(parts.method, Method::GET | Method::POST) {
        return answer::legacy_refused(false, Refusal::UnknownMethod);
    }
    match form::read(parts, body).await {
        Some(call) if path == "in.php" => legacy::submit(leases, call).await,
        Some(call) => legacy::ask(leases, &call).await,
        None => answer::legacy_refused(false, Refusal::BadParameters),
    }
}

/// Writes an answer; several clients insist on the content type.
fn written(answer: &Answer) -> Response {
    let content_type = if answer.is_json { "application/json" } else { "text/plain; charset=utf-8" };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], answer.body.clone()).into_response()
}

/// The attempt whose token stands where the key goes.
async fn lease(leases: &Leases, token: &str) -> Result<Attempt, Refusal> {
    match leases.find_by_token(token).await {
        Ok(found) => found.ok_or(Refusal::UnknownToken),
        Err(failure) => {
            tracing::error!(%failure, "gateway call failed");
            Err(Refusal::Internal)
        }
    }
}

/// The dialect's word for what the leases refuse. A lease that ran out is a key that is gone.
fn refusal(refused: GatewayRefusal) -> Refusal {
    match refused {
        GatewayRefusal::UnknownToken | GatewayRefusal::Expired => Refusal::UnknownToken,
        GatewayRefusal::BadParameters => Refusal::BadParameters,
        GatewayRefusal::UnknownTask => Refusal::UnknownTask,
        GatewayRefusal::Internal => Refusal::Internal,
    }
}

//! The administrator's interface below `/admin`: keys, settings, faults, books.
//!
//! Loopback only, without authentication. All decimals are text. It speaks about keys but never
//! repeats one except as the name of its books.

mod books;
mod faults;
mod keys;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::json;

use crate::http::Shared;

/// All routes, relative to `/admin`.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/health", get(health))
        .route("/books", get(books::all))
        .route("/{slug}/books", get(books::one))
        .route("/{slug}/keys/{key}", put(keys::put).get(keys::get))
        .route("/{slug}/keys/{key}/spend", post(keys::spend))
        .route("/{slug}/keys/{key}/top-up", post(keys::top_up))
        .route("/{slug}/settings", get(keys::settings).patch(keys::patch_settings))
        .route("/{slug}/faults", post(faults::add).delete(faults::clear).get(faults::waiting))
}

async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// A refused order: one sentence, as JSON.
pub(crate) struct Refused(StatusCode, String);

impl Refused {
    pub(crate) fn bad(reason: impl ToString) -> Self {
        Self(StatusCode::BAD_REQUEST, reason.to_string())
    }

    pub(crate) fn no_such_key() -> Self {
        Self(StatusCode::NOT_FOUND, "no such key".to_owned())
    }

    pub(crate) fn full() -> Self {
        Self(StatusCode::CONFLICT, "too many faults are waiting".to_owned())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

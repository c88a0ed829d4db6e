//! The reading of legacy requests, for the fuzz targets.

use axum::body::Bytes;
use axum::http::request::Parts;

use super::form;
use crate::providers::dialect::LegacyCall;

/// The call that a request makes; `None` when it is refused unread.
pub async fn legacy_call(parts: Parts, body: Bytes) -> Option<LegacyCall> {
    form::read(parts, body).await
}

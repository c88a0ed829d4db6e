//! GraphQL over WebSocket, protocol `graphql-transport-ws`.
//!
//! A socket signs in by `connection_init` and ends when its login does: at the login's expiry, or
//! within a few seconds after its token was revoked. Its operations take turns. Nothing is queued
//! without bound: while a message is not taken nothing else is done for the client, and one that
//! takes nothing, says nothing, or says too much, is cut with a reason.

mod message;
mod pace;
mod session;
mod watch;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::Inner;
use crate::graphql::RequestId;

const PROTOCOL: &str = "graphql-transport-ws";

/// The default of 128 KiB would be most of what an idle socket costs.
const READ_BUFFER_BYTES: usize = 4096;

/// Opens a socket, if it comes from our own pages and speaks the protocol.
pub(super) fn open(
    inner: Arc<Inner>,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
    (id, peer): (RequestId, IpAddr),
) -> Response {
    // Browsers send no preflight for a socket, so a page of another origin is refused here.
    if headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() != inner.settings.public_origin.as_bytes()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let longest = inner.settings.body_bytes_max;
    let upgrade = upgrade.read_buffer_size(READ_BUFFER_BYTES).max_message_size(longest).max_frame_size(longest);
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let tasks = inner.ending.tasks.clone();
    upgrade.on_upgrade(move |socket| tasks.track_future(session::serve(inner, socket, (id, peer))))
}

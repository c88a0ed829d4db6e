//! GraphQL over WebSocket, protocol `graphql-transport-ws`.
//!
//! A socket signs in by `connection_init` and ends when its login does: at the login's expiry, or
//! within a few seconds after its token was revoked. One that does not sign in, or does not take
//! its messages, is cut.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::Data;
use async_graphql::http::{WebSocket as Protocol, WebSocketProtocols, WsMessage};
use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::header::{ALLOW, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, Stream, StreamExt as _, future};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::login::Login;
use super::quota::{Operations, Place};
use super::{HttpState, Inner};
use crate::graphql::{ApiError, ErrorCode, RequestId};

const PROTOCOL: &str = "graphql-transport-ws";

/// How often a socket's login is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks apart a service's token is looked up.
const LOOKS_PER_LOOK_UP: u32 = 5;

/// The default of 128 KiB would be most of what an idle socket costs.
const READ_BUFFER_BYTES: usize = 4096;

/// Takes a GET to the endpoint, which is good for an upgrade and nothing else.
pub(super) async fn upgrade(
    State(state): State<HttpState>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    };
    // Browsers send no preflight for a socket, so a page of another origin is refused here.
    if headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() != state.inner.settings.public_origin.as_bytes()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let longest = state.inner.settings.body_bytes_max;
    let upgrade = upgrade.read_buffer_size(READ_BUFFER_BYTES).max_message_size(longest).max_frame_size(longest);
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let tasks = state.inner.ending.tasks.clone();
    upgrade.on_upgrade(move |socket| tasks.track_future(serve(state.inner, socket, id)))
}

/// What became of a socket's attempt to sign in.
type Entry = Arc<OnceLock<Result<SignedIn, ErrorCode>>>;

/// A socket's login, and its place among those of its owner.
struct SignedIn {
    login: Login,
    _place: Option<Place>,
}

async fn serve(inner: Arc<Inner>, socket: WebSocket, id: RequestId) {
    let (mut sink, input) = socket.split();
    let entry = Entry::default();
    let mut session = Data::default();
    session.insert(id);
    let operations = Operations::default();
    let crowded = CancellationToken::new();
    let most = inner.settings.operations_per_socket;
    let input = frames(input, operations.clone(), most, crowded.clone());
    let protocol = Protocol::new(inner.schema.clone(), input, WebSocketProtocols::GraphQLWS)
        .connection_data(session)
        .on_connection_init({
            let (inner, entry) = (inner.clone(), entry.clone());
            move |payload| async move { sign_in(&inner, &entry, &payload).await }
        });
    let mut protocol = pin!(protocol);
    let mut watch = Watch::new(&inner, &entry);
    loop {
        let message = tokio::select! {
            message = protocol.next() => match message {
                Some(message) => {
                    if let WsMessage::Text(text) = &message {
                        operations.follow(text.as_bytes());
                    }
                    outgoing(message, &entry)
                }
                None => return,
            },
            () = crowded.cancelled() => close(4400, "Too many operations"),
            (code, reason) = watch.ended() => close(code, reason),
            () = inner.ending.stop.cancelled() => close(1001, "The server ends"),
        };
        let is_last = matches!(message, Message::Close(_));
        if !send(&mut sink, message, inner.settings.socket_patience).await || is_last {
            return;
        }
    }
}

/// The text of each message, until the socket fails or begins more operations than it may.
fn frames(
    input: SplitStream<WebSocket>,
    operations: Operations,
    most: usize,
    crowded: CancellationToken,
) -> impl Stream<Item = Bytes> {
    let messages = input.take_while(|message| future::ready(message.is_ok()));
    messages.filter_map(move |message| {
        let data = message.ok().filter(|message| matches!(message, Message::Text(_) | Message::Binary(_)));
        let mut data = data.map(Message::into_data);
        if data.as_ref().is_some_and(|data| operations.follow(data) > most) {
            crowded.cancel();
            data = None;
        }
        future::ready(data)
    })
}

/// Signs in by the payload of `connection_init`.
async fn sign_in(inner: &Inner, entry: &Entry, payload: &serde_json::Value) -> async_graphql::Result<Data> {
    let authorization = payload.get("authorization").and_then(serde_json::Value::as_str).unwrap_or_default();
    let signed_in = inner.login(authorization).await.and_then(|login| take_place(inner, login));
    let caller = signed_in.as_ref().map(|signed_in| signed_in.login.caller.clone()).map_err(Clone::clone);
    entry.get_or_init(|| signed_in.map_err(|error| error.code()));
    let mut data = Data::default();
    data.insert(caller?);
    Ok(data)
}

/// An owner's sockets are few; services may have as many as they like.
fn take_place(inner: &Inner, login: Login) -> Result<SignedIn, ApiError> {
    let place = match login.caller.actor.account() {
        None => None,
        Some(owner) => {
            let place = inner.sockets.take(owner, inner.settings.sockets_per_owner);
            Some(place.ok_or(ApiError::new(ErrorCode::RateLimited))?)
        }
    };
    Ok(SignedIn { login, _place: place })
}

/// Says when a socket has to end by no fault of the protocol.
struct Watch<'a> {
    inner: &'a Inner,
    entry: &'a Entry,
    opened_at: Instant,
    ticks: tokio::time::Interval,
    looks: u32,
}

impl<'a> Watch<'a> {
    fn new(inner: &'a Inner, entry: &'a Entry) -> Self {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, entry, opened_at: Instant::now(), ticks, looks: 0 }
    }

    /// Waits until the socket has to end, and says by which code and reason.
    async fn ended(&mut self) -> (u16, &'static str) {
        loop {
            self.ticks.tick().await;
            self.looks = self.looks.wrapping_add(1);
            match self.entry.get() {
                Some(Ok(SignedIn { login, .. })) => {
                    let look_up_token = self.looks.is_multiple_of(LOOKS_PER_LOOK_UP);
                    if let Some(code) = self.inner.ended(login, look_up_token).await {
                        return (4401, code.as_str());
                    }
                }
                Some(Err(_)) => {}
                None if self.opened_at.elapsed() >= self.inner.settings.socket_patience => {
                    return (4408, "Connection initialisation timeout");
                }
                None => {}
            }
        }
    }
}

/// The protocol's message as it goes out. Its own closing codes and reasons are replaced by those
/// that the protocol's specification names; the reasons could quote the client.
fn outgoing(message: WsMessage, entry: &Entry) -> Message {
    match message {
        WsMessage::Text(text) => Message::Text(text.into()),
        WsMessage::Close(1002, _) => match entry.get() {
            Some(Err(code)) => close(4403, code.as_str()),
            _ => close(4400, "Invalid message"),
        },
        WsMessage::Close(1011, _) => close(4401, "Unauthorized"),
        WsMessage::Close(4429, _) => close(4429, "Too many initialisation requests"),
        WsMessage::Close(code, _) => close(code, ""),
    }
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

/// Sends the message; `false` when the client is gone or does not take it in time.
async fn send(sink: &mut SplitSink<WebSocket, Message>, message: Message, within: Duration) -> bool {
    matches!(timeout(within, sink.send(message)).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(message: WsMessage, entry: &Entry) -> (u16, String) {
        match outgoing(message, entry) {
            Message::Close(Some(frame)) => (frame.code, frame.reason.to_string()),
            other => panic!("not a close: {other:?}"),
        }
    }

    #[test]
    fn closing_reasons_are_fixed() {
        let entry = Entry::default();
        let quoting = |code| WsMessage::Close(code, "a made-up secret".to_owned());
        assert_eq!(closing(quoting(1002), &entry), (4400, "Invalid message".to_owned()));
        assert_eq!(closing(quoting(1011), &entry), (4401, "Unauthorized".to_owned()));
        assert_eq!(closing(quoting(4429), &entry), (4429, "Too many initialisation requests".to_owned()));
        assert_eq!(closing(quoting(1000), &entry), (1000, String::new()));
        entry.get_or_init(|| Err(ErrorCode::LoginExpired));
        assert_eq!(closing(quoting(1002), &entry), (4403, "LOGIN_EXPIRED".to_owned()));
    }
}

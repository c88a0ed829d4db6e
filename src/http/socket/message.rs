//! Messages of the protocol `graphql-transport-ws`, and the codes a socket is closed with.
//!
//! The protocol is described at <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use async_graphql::{Response, ServerError};
use axum::extract::ws::{CloseFrame, Message};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::answer::Body;
use crate::http::request::Asked;

/// Longest reason of a close frame: 125 bytes less the code.
const REASON_BYTES_MAX: usize = 123;

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Incoming {
    ConnectionInit { payload: Option<Map<String, Value>> },
    Ping { payload: Option<Map<String, Value>> },
    Pong {},
    Subscribe { id: String, payload: Asked },
    Complete { id: String },
}

impl Incoming {
    /// The message of a text frame; `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let message = serde_json::from_str(text).ok()?;
        match &message {
            Self::Subscribe { id, .. } | Self::Complete { id } if id.is_empty() => None,
            Self::Subscribe { payload, .. } if !payload.names_a_document() => None,
            _ => Some(message),
        }
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    Next {
        id: &'a str,
        payload: Body<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl Outgoing<'_> {
    fn into_message(self) -> Message {
        let text = serde_json::to_string(&self).expect("texts, numbers and maps by text are JSON");
        Message::Text(text.into())
    }
}

pub(super) fn connection_ack() -> Message {
    Outgoing::ConnectionAck.into_message()
}

/// The answer to a ping, with the same payload.
pub(super) fn pong(payload: Option<Map<String, Value>>) -> Message {
    Outgoing::Pong { payload }.into_message()
}

pub(super) fn next(id: &str, answer: &Response) -> Message {
    Outgoing::Next { id, payload: Body::from(answer) }.into_message()
}

/// Ends an operation that could not run.
pub(super) fn error(id: &str, errors: &[ServerError]) -> Message {
    Outgoing::Error { id, payload: errors }.into_message()
}

pub(super) fn complete(id: &str) -> Message {
    Outgoing::Complete { id }.into_message()
}

/// Why a socket is closed. Of these codes clients take 4400 to 4429 and 1008 as final, but for 4403
/// and 4408, and connect again after the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// The server ends; another one will be there.
    Restart,
    /// The client sent more than it may.
    TooBig,
    /// The client sent messages faster than it may.
    TooFast,
    /// The client did not take what it asked for. It can resume after its last cursor.
    TooSlow,
    /// The client has not been heard of for long.
    Silent,
    /// Not a message of the protocol.
    Invalid,
    /// Something was asked before the login, or the login ended: why.
    Unauthorized(&'static str),
    /// The login was refused: why.
    Forbidden(&'static str),
    /// There was no login in time.
    InitTimeout,
    /// There is an operation by this id already.
    Duplicate(String),
    /// A second login.
    TooManyInits,
}

impl Close {
    fn code(&self) -> u16 {
        match self {
            Self::TooFast => 1008,
            Self::TooBig => 1009,
            Self::Restart => 1012,
            Self::TooSlow | Self::Silent => 1013,
            Self::Invalid => 4400,
            Self::Unauthorized(_) => 4401,
            Self::Forbidden(_) => 4403,
            Self::InitTimeout => 4408,
            Self::Duplicate(_) => 4409,
            Self::TooManyInits => 4429,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::TooFast => "Too many messages".to_owned(),
            Self::TooBig => "Message too big".to_owned(),
            Self::Restart => "The server ends".to_owned(),
            Self::TooSlow => "Messages were not taken in time".to_owned(),
            Self::Silent => "Nothing was heard for too long".to_owned(),
            Self::Invalid => "Invalid message".to_owned(),
            Self::Unauthorized(why) | Self::Forbidden(why) => (*why).to_owned(),
            Self::InitTimeout => "Connection initialisation timeout".to_owned(),
            Self::Duplicate(id) => {
                // A long id is cut, or the frame could not be sent at all.
                let (before, after) = ("Subscriber for ", " already exists");
                let room = REASON_BYTES_MAX - before.len() - after.len();
                format!("{before}{}{after}", &id[..id.floor_char_boundary(room)])
            }
            Self::TooManyInits => "Too many initialisation requests".to_owned(),
        }
    }
}

impl From<Close> for Message {
    fn from(close: Close) -> Self {
        Self::Close(Some(CloseFrame { code: close.code(), reason: close.reason().into() }))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;
    use crate::graphql::{ApiError, ErrorCode, failure};

    #[test]
    fn messages_are_strict() {
        for text in [
            r#"{"type":"connection_init"}"#,
            r#"{"type":"connection_init","payload":{"authorization":"x"}}"#,
            r#"{"type":"connection_init","payload":null}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"ping","payload":{"a":1}}"#,
            r#"{"type":"pong","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}"#,
            r#"{"id":"1","payload":{"query":"{ a }","variables":null,"operationName":null},"type":"subscribe"}"#,
            r#"{"type":"complete","id":"1"}"#,
        ] {
            assert!(Incoming::read(text).is_some(), "{text}");
        }
        for text in [
            "",
            "null",
            "[]",
            "{}",
            r#""connection_init""#,
            r#"{"type":"start"}"#,
            r#"{"type":1}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"connection_init","payload":[]}"#,
            r#"{"type":"ping","payload":1}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":""}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":""}}"#,
            r#"{"type":"subscribe","payload":{"query":""}}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"","variables":"x"}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"","operationName":{}}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
            r#"{"type":"connection_ack"}"#,
            r#"{"type":"next","id":"1","payload":{}}"#,
        ] {
            assert!(Incoming::read(text).is_none(), "{text}");
        }
    }

    fn text(message: Message) -> String {
        match message {
            Message::Text(text) => text.to_string(),
            other => panic!("no text: {other:?}"),
        }
    }

    #[test]
    fn what_the_server_says_is_the_protocols() {
        assert_eq!(text(connection_ack()), r#"{"type":"connection_ack"}"#);
        assert_eq!(text(pong(None)), r#"{"type":"pong"}"#);
        assert_eq!(text(complete("1")), r#"{"type":"complete","id":"1"}"#);
        let answer = Response::new(value!({ "a": 1 }));
        assert_eq!(text(next("1", &answer)), r#"{"type":"next","id":"1","payload":{"data":{"a":1}}}"#);
        let failed = failure(&ApiError::new(ErrorCode::ParseFailed), "r");
        assert!(text(error("1", &failed.errors)).starts_with(r#"{"type":"error","id":"1","payload":[{"message""#));
    }

    #[test]
    fn a_reason_fits_its_frame() {
        for id in ["1".to_owned(), "x".repeat(300), "ж".repeat(300)] {
            let reason = Close::Duplicate(id).reason();
            assert!(reason.len() <= REASON_BYTES_MAX && reason.ends_with(" already exists"), "{reason}");
        }
        assert_eq!(Close::Duplicate("7".to_owned()).reason(), "Subscriber for 7 already exists");
    }
}

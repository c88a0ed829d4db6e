//! A client of the live streams: graphql-transport-ws over a real socket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest time in which a message has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    /// Every text that the server sent.
    pub(crate) heard: Vec<String>,
}

/// What came over a socket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Message(Value),
    Closed(u16, String),
}

impl Heard {
    /// The message; fails the test when the socket was closed instead.
    pub(crate) fn message(self) -> Value {
        match self {
            Self::Message(message) => message,
            Self::Closed(code, reason) => panic!("closed: {code} {reason}"),
        }
    }
}

impl Socket {
    /// Connects with the headers given beside the protocol's own.
    pub(crate) async fn connect(public: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("{}/graphql", public.replace("http", "ws")).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        Ok(Self { stream: connect_async(request).await?.0, heard: Vec::new() })
    }

    /// A socket that speaks the protocol and has not signed in.
    pub(crate) async fn open(public: &str) -> Self {
        Self::connect(public, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.expect("an upgrade")
    }

    /// A socket that is signed in.
    pub(crate) async fn signed_in(public: &str, authorization: &str) -> Self {
        let mut socket = Self::open(public).await;
        socket.sign_in(authorization).await;
        assert_eq!(socket.next().await.message()["type"], "connection_ack");
        socket
    }

    pub(crate) async fn sign_in(&mut self, authorization: &str) {
        self.send(json!({ "type": "connection_init", "payload": { "authorization": authorization } })).await;
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.expect("the socket takes a message");
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text.to_owned())).await.expect("the socket takes a message");
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.stream.send(Message::binary(bytes)).await.expect("the socket takes a message");
    }

    /// Sends a message to a server that may have closed the socket.
    pub(crate) async fn try_send(&mut self, message: &Value) -> Result<(), Error> {
        self.stream.send(Message::text(message.to_string())).await
    }

    pub(crate) async fn subscribe(&mut self, id: &str, document: &str, variables: Value) {
        let payload = json!({ "query": document, "variables": variables });
        self.send(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// The next message, or the close.
    pub(crate) async fn next(&mut self) -> Heard {
        self.next_within(PATIENCE).await.expect("a message in time")
    }

    /// The next message, or `None` when none comes in the time given.
    pub(crate) async fn next_within(&mut self, time: Duration) -> Option<Heard> {
        loop {
            match tokio::time::timeout(time, self.stream.next()).await.ok()? {
                Some(Ok(Message::Text(text))) => {
                    self.heard.push(text.to_string());
                    return Some(Heard::Message(serde_json::from_str(&text).expect("JSON")));
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Some(Heard::Closed(frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("neither a text nor a close: {other:?}"),
            }
        }
    }

    /// The data of the next `next` message of the one stream that runs.
    pub(crate) async fn data(&mut self, field: &str) -> Value {
        let message = self.next().await.message();
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"][field].clone()
    }
}

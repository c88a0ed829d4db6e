//! An owner's live stream: graphql-transport-ws over a real WebSocket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::trouble::{Outcome, Trouble};

/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(30);

const EVENTS: &str = "subscription { accountEvents { __typename
    ... on TransactionPosted { transaction { kind amount key { label } } } } }";

/// The events of one account, from the moment of opening on.
pub(crate) struct Events(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Events {
    /// Signs in, subscribes, and waits for the snapshot with which the stream begins.
    pub(crate) async fn open(public: &str, authorization: &str) -> Outcome<Self> {
        let mut request = format!("{}/graphql", public.replacen("http", "ws", 1)).into_client_request()?;
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let mut events = Self(connect_async(request).await?.0);
        events.say(json!({ "type": "connection_init", "payload": { "authorization": authorization } })).await?;
        events.message("connection_ack").await?;
        events.say(json!({ "type": "subscribe", "id": "1", "payload": { "query": EVENTS } })).await?;
        events.next().await?;
        Ok(events)
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Outcome<Value> {
        let mut message = self.message("next").await?;
        let event = message["payload"]["data"]["accountEvents"].take();
        if event.is_null() { Err(Trouble(format!("no event: {message}"))) } else { Ok(event) }
    }

    async fn say(&mut self, message: Value) -> Outcome<()> {
        Ok(self.0.send(Message::text(message.to_string())).await?)
    }

    async fn message(&mut self, kind: &str) -> Outcome<Value> {
        loop {
            let heard = timeout(PATIENCE, self.0.next()).await;
            let heard = heard.map_err(|_| Trouble(format!("no {kind} in time")))?;
            match heard.ok_or_else(|| Trouble("the stream ended".to_owned()))?? {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text)?;
                    if message["type"] == "ping" {
                        self.say(json!({ "type": "pong" })).await?;
                    } else if message["type"] == kind {
                        return Ok(message);
                    } else {
                        return Err(Trouble(format!("no {kind}: {message}")));
                    }
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => return Err(Trouble(format!("no {kind}: {other:?}"))),
            }
        }
    }
}

//! HTTP as an outside process speaks it: GraphQL, the gateway, the sandbox's books.
//!
//! Errors never tell addresses or bodies: both may hold a lease token.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a call brought nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trouble(pub(super) String);

impl Trouble {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        Self(error.without_url().to_string())
    }
}

/// The demo's HTTP client.
#[derive(Clone, Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    #[expect(clippy::disallowed_methods, reason = "the demo plays an outside process")]
    pub(super) fn new() -> Result<Self, Trouble> {
        Ok(Self(reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?))
    }

    /// Sends a GraphQL operation and answers its data, whole or not at all.
    pub(super) async fn graphql(
        &self,
        address: &str,
        authorization: &str,
        document: &str,
        variables: Value,
    ) -> Result<Value, Trouble> {
        let body = json!({ "query": document, "variables": variables });
        let request = self.0.post(address).header(AUTHORIZATION, authorization);
        let mut reply = send(with_body(request, &body)).await?;
        match reply.pointer("/errors/0/message").and_then(Value::as_str) {
            Some(message) => Err(Trouble(message.to_owned())),
            None => Ok(reply.get_mut("data").map(Value::take).unwrap_or_default()),
        }
    }

    /// Sends JSON and answers JSON, whatever the status: providers put errors under many.
    pub(super) async fn post(&self, address: &str, body: &Value) -> Result<Value, Trouble> {
        send(with_body(self.0.post(address), body)).await
    }

    /// An order to the sandbox's administrator.
    pub(super) async fn order(&self, method: Method, address: &str, body: &Value) -> Result<Value, Trouble> {
        let reply = send(with_body(self.0.request(method, address), body)).await?;
        match reply.get("error").and_then(Value::as_str) {
            Some(error) => Err(Trouble(format!("the sandbox refuses: {error}"))),
            None => Ok(reply),
        }
    }

    /// Sends a form and answers JSON.
    pub(super) async fn form(&self, address: &str, fields: &[(&str, &str)]) -> Result<Value, Trouble> {
        send(self.0.post(address).form(fields)).await
    }

    /// Asks with a query and answers JSON.
    pub(super) async fn get(&self, address: &str, query: &[(&str, &str)]) -> Result<Value, Trouble> {
        send(self.0.get(address).query(query)).await
    }
}

fn with_body(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(body.to_string())
}

async fn send(request: RequestBuilder) -> Result<Value, Trouble> {
    let bytes = request.send().await?.bytes().await?;
    serde_json::from_slice(&bytes).map_err(|_| Trouble::new("the answer is no JSON"))
}

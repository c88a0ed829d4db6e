//! Who may do what: roles, ids, pages, logins, and the form of every answer.

mod answers;
mod ids;
mod limits;
mod logins;
mod pages;
mod roles;
mod strangers;

use serde_json::{Value, json};

/// Two owners of these tests.
const ADA: i64 = 5_000_000_001;
const BO: i64 = 5_000_000_002;

/// A raw answer over HTTP: status, headers without those that differ each time, and body.
#[derive(Debug, PartialEq)]
struct Raw {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Raw {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    fn code(&self) -> Value {
        self.json()["errors"][0]["extensions"]["code"].clone()
    }
}

/// Posts a body as it stands.
async fn post(endpoint: &str, headers: &[(&str, &str)], body: String) -> Raw {
    let mut request = crate::support::caller::http_client().post(endpoint).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("the server answers");
    let (status, all) = (response.status().as_u16(), response.headers().clone());
    let id = all["x-request-id"].to_str().expect("an id").to_owned();
    let mut headers: Vec<(String, String)> = all
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    headers.sort();
    let mut body = response.text().await.expect("a text").replace(&id, "REQUEST-ID");
    // What is left of the budget differs each time; it is said last.
    if let Some(place) = body.find(r#","extensions":{"cost":"#) {
        body.replace_range(place.., "}");
    }
    headers.retain(|(name, _)| name != "content-length");
    Raw { status, headers, body }
}

/// Posts a document as a caller.
async fn ask(endpoint: &str, authorization: &str, document: &str, variables: Value) -> Raw {
    let headers = [("content-type", "application/json"), ("authorization", authorization)];
    post(endpoint, &headers, json!({ "query": document, "variables": variables }).to_string()).await
}

//! Keys from submission to removal: what is taken, what is refused, what becomes of them.

mod blocking;
mod budget;
mod depleted;
mod life;
mod pauses;
mod refusals;
mod rejection;
mod sealed_anew;
mod submit;
mod tampering;
mod trouble;
mod worth;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Caller, Database, Server, eventually};

/// A server that reads keys when they are handed over and then not for an hour by its own clock.
async fn calm_server(database: Database) -> Server {
    let more = "[keys]\nsubmissions_per_hour = 1000\nper_account = 1000\n";
    Server::start_edited(database, |text| calm(&text) + more).await
}

fn calm(text: &str) -> String {
    text.replace("\ninterval = \"1s\"", "\ninterval = \"1h\"")
}

/// Takes every key off the timer, so that no reading comes by itself.
async fn stop_timer(server: &Server) {
    server.database.execute("UPDATE provider_key SET next_sync_at = NULL").await;
}

/// Hands over a key with a balance and answers it with its id.
async fn lively(server: &Server, owner: &Caller, slug: &str, balance: &str) -> (String, Value) {
    let key = server.providers.key(slug, balance).await;
    let submitted = owner.submit(&crate::support::sandbox::code(slug), &key).await;
    assert_eq!(submitted["key"]["status"], "ACTIVE", "{slug}: {submitted}");
    (key, submitted["key"]["id"].clone())
}

/// The only user error of a payload.
fn only_error(payload: &Value) -> &Value {
    assert_eq!(payload["userErrors"].as_array().map(Vec::len), Some(1), "{payload}");
    &payload["userErrors"][0]
}

/// Waits until the caller's key is as wanted.
async fn until(owner: &Caller, id: &Value, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let key = owner.key(id).await;
        wanted(&key).then_some(key)
    })
    .await
}

/// The same while time goes by in steps.
async fn until_passing(
    server: &Server,
    owner: &Caller,
    id: &Value,
    step: Duration,
    what: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    eventually(what, || async {
        let key = owner.key(id).await;
        if wanted(&key) {
            return Some(key);
        }
        server.pass_time(step).await;
        None
    })
    .await
}

/// Whether any sealed key is stored; for tests with one key.
async fn sealed_keys(server: &Server) -> i64 {
    let sql = "SELECT count(*) FROM provider_key WHERE envelope IS NOT NULL";
    server.database.number(sql).await.expect("a count")
}

/// Posts to the gateway as a dispatcher does.
async fn gateway(server: &Server, method: &str, body: Value) -> Value {
    let client = crate::support::caller::http_client();
    let request = client.post(format!("{}/{method}", server.gateway())).body(body.to_string());
    let text = request.send().await.expect("the gateway answers").text().await.expect("a text");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

/// A Turnstile task in the classic JSON dialect.
fn turnstile() -> Value {
    json!({ "type": "TurnstileTaskProxyless", "websiteURL": "https://example.com/", "websiteKey": "site-key" })
}

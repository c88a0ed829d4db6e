//! A task solved through the gateway, from lease to credit.

use serde_json::{Value, json};

use super::sandbox::code;
use super::{Caller, Server, eventually};

/// A dispatcher's client of the JSON dialect.
pub(crate) struct GatewayClient {
    origin: String,
    client: reqwest::Client,
}

impl GatewayClient {
    pub(crate) fn new(server: &Server) -> Self {
        Self { origin: server.gateway(), client: super::caller::http_client() }
    }

    pub(crate) async fn post(&self, method: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}/{method}", self.origin)).body(body.to_string());
        let text = request.send().await.expect("the gateway answers").text().await.expect("a text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }
}

/// A Turnstile task as the provider's JSON dialect names it.
pub(crate) fn turnstile(slug: &str) -> Value {
    let name = match slug {
        "capsolver" => "AntiTurnstileTaskProxyLess",
        "capmonster_cloud" => "TurnstileTask",
        "ucaptcha_native" => "TurnstileTokenProxyLess",
        _ => "TurnstileTaskProxyless",
    };
    json!({ "type": name, "websiteURL": "https://example.com/", "websiteKey": "site-key-of-a-page" })
}

/// Has a Turnstile task solved at the provider, and answers its settled attempt.
pub(crate) async fn solve(server: &Server, dispatcher: &Caller, slug: &str, task_id: &str) -> Value {
    let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [code(slug)] });
    let opened = dispatcher.open_lease(task_id, 1, route).await;
    assert_eq!(opened["userErrors"], json!([]), "{task_id}");
    let token = opened["lease"]["token"].clone();
    let gateway = GatewayClient::new(server);
    let created = gateway.post("createTask", json!({ "clientKey": token, "task": turnstile(slug) })).await;
    assert_eq!(created["errorId"], 0, "{task_id}: {created}");
    eventually("a solution", || async {
        let body = json!({ "clientKey": token, "taskId": created["taskId"] });
        (gateway.post("getTaskResult", body).await["status"] == "ready").then_some(())
    })
    .await;
    let attempt = dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await;
    assert_eq!(attempt["state"], "SETTLED", "{task_id}");
    attempt
}

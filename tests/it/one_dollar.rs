//! One dollar followed from submission to credit, at every provider, on both databases.

use serde_json::{Value, json};

use crate::support::sandbox::{SLUGS, code, usd};
use crate::support::{Server, eventually};
use key_recycling::domain::{Scope, Usd};

/// A kind of task each provider solves, and how it is asked for in its JSON dialect.
fn task(slug: &str) -> (&'static str, Value) {
    let site = json!({ "websiteURL": "https://example.com/", "websiteKey": "site-key-of-a-page" });
    let with_type = |name: &str| {
        let mut task = site.clone();
        task["type"] = json!(name);
        task
    };
    match slug {
        "capsolver" => ("TURNSTILE", with_type("AntiTurnstileTaskProxyLess")),
        "capmonster_cloud" => ("TURNSTILE", with_type("TurnstileTask")),
        "ucaptcha_native" => ("TURNSTILE", with_type("TurnstileTokenProxyLess")),
        _ => ("TURNSTILE", with_type("TurnstileTaskProxyless")),
    }
}

on_both_databases! {
    async fn what_each_provider_charges_its_owner_is_credited(database) {
        let mut server = Server::start(database).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let owner = server.owner(5_000_000_001);
        let mut expected = Usd::ZERO;
        for slug in SLUGS {
            let key = server.providers.key(slug, "1").await;
            let submitted = owner.submit(&code(slug), &key).await;
            assert_eq!(submitted["userErrors"], json!([]), "{slug}");
            assert_eq!(submitted["key"]["status"], "ACTIVE", "{slug}");
            expected += solve(&server, &dispatcher, slug, &key).await;
            let account = owner.account().await;
            assert_eq!(usd(&account["balance"]), expected, "{slug}");
            assert_eq!(usd(&account["credited"]), expected, "{slug}");
        }
        let report = server.app().ledger.audit(None).await.expect("the audit runs");
        assert_eq!(report.lies, Vec::<String>::new());
        server.stop().await;
    }
}

/// Has one task solved through the gateway and answers what the provider's books charged for it.
async fn solve(server: &Server, dispatcher: &crate::support::Caller, slug: &str, key: &str) -> Usd {
    let (task_type, task) = task(slug);
    let route = json!({ "taskType": task_type, "onlyProviders": [code(slug)] });
    let opened = dispatcher.open_lease(&format!("task at {slug}"), 1, route).await;
    assert_eq!(opened["userErrors"], json!([]), "{slug}");
    let token = opened["lease"]["token"].clone();
    let gateway = Gateway { origin: server.gateway(), client: crate::support::caller::http_client() };
    let created = gateway.post("createTask", json!({ "clientKey": token, "task": task })).await;
    assert_eq!(created["errorId"], 0, "{slug}: {created}");
    let solved = eventually(&format!("a solution from {slug}"), || async {
        let body = json!({ "clientKey": token, "taskId": created["taskId"] });
        let polled = gateway.post("getTaskResult", body).await;
        (polled["status"] == "ready").then_some(polled)
    })
    .await;
    assert!(solved["solution"].is_object(), "{slug}: {solved}");
    let attempt = dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await;
    assert_eq!(attempt["state"], "SETTLED", "{slug}");
    let charged = server.providers.charged(slug, key).await;
    assert!(charged.is_positive(), "{slug} charges");
    assert_eq!(usd(&attempt["cost"]), charged, "{slug}");
    charged
}

struct Gateway {
    origin: String,
    client: reqwest::Client,
}

impl Gateway {
    async fn post(&self, method: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}/{method}", self.origin)).body(body.to_string());
        let text = request.send().await.expect("the gateway answers").text().await.expect("a text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }
}

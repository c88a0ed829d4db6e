//! The six providers of a test, and their books: the oracle.

use sandbox::{Options, Provider, Sandbox};
use serde_json::{Value, json};

use super::keys::fresh_key;

/// The sandbox with its admin API.
pub(crate) struct Providers {
    sandbox: Sandbox,
    client: reqwest::Client,
}

impl Providers {
    pub(crate) async fn start() -> Self {
        let seed = super::plan::seed().unwrap_or(7);
        let options = Options { listen: ([127, 0, 0, 1], 0).into(), seed, tls: None };
        let sandbox = sandbox::start(options).await.expect("the sandbox starts");
        let providers = Self { sandbox, client: super::caller::http_client() };
        for slug in SLUGS {
            providers.settings(slug, json!({ "solve_ms": [50, 150] })).await;
        }
        providers
    }

    pub(crate) fn address(&self, slug: &str) -> String {
        let provider: Provider = slug.parse().expect("a provider's slug");
        format!("http://{}", self.sandbox.provider(provider))
    }

    /// Makes a key with a balance at a provider.
    pub(crate) async fn key(&self, slug: &str, balance: &str) -> String {
        self.key_with(slug, json!({ "balance": balance })).await
    }

    /// Makes a key with anything the admin API knows.
    pub(crate) async fn key_with(&self, slug: &str, settings: Value) -> String {
        let key = fresh_key(slug);
        self.set_key(slug, &key, settings).await;
        key
    }

    pub(crate) async fn set_key(&self, slug: &str, key: &str, settings: Value) {
        self.call(reqwest::Method::PUT, &format!("{slug}/keys/{key}"), Some(settings)).await;
    }

    /// The key's books: balance, charges, calls, tasks.
    pub(crate) async fn books(&self, slug: &str, key: &str) -> Value {
        self.call(reqwest::Method::GET, &format!("{slug}/keys/{key}"), None).await
    }

    /// What the provider charged the key for tasks, less what it gave back, in dollars: a token of
    /// Multibot is worth a tenth of a cent in the tests.
    pub(crate) async fn charged(&self, slug: &str, key: &str) -> key_recycling::domain::Usd {
        let books = self.books(slug, key).await;
        let charges = books["charges"].as_array().expect("charges").clone();
        let counts = |charge: &&Value| charge["source"] == "task" && charge["refunded"] != true;
        let charged: key_recycling::domain::Usd = charges.iter().filter(counts).map(|it| usd(&it["amount"])).sum();
        let tokens_per_usd = if slug == "multibot" { 1_000 } else { 1 };
        key_recycling::domain::Usd::from_nanos(charged.nanos() / tokens_per_usd)
    }

    pub(crate) async fn settings(&self, slug: &str, settings: Value) {
        self.call(reqwest::Method::PATCH, &format!("{slug}/settings"), Some(settings)).await;
    }

    /// Orders a fault for the next `count` calls of a method.
    pub(crate) async fn fault(&self, slug: &str, method: &str, count: u32, fault: Value) {
        let order = json!({ "method": method, "count": count, "fault": fault });
        self.call(reqwest::Method::POST, &format!("{slug}/faults"), Some(order)).await;
    }

    /// Orders a fault for the next `count` readings of one key's balance.
    pub(crate) async fn balance_fault(&self, slug: &str, key: &str, count: u32, fault: Value) {
        self.key_fault(slug, key, "getBalance", count, fault).await;
    }

    /// Orders a fault for the next `count` calls of a method with one key.
    pub(crate) async fn key_fault(&self, slug: &str, key: &str, method: &str, count: u32, fault: Value) {
        let order = json!({ "key": key, "method": method, "count": count, "fault": fault });
        self.call(reqwest::Method::POST, &format!("{slug}/faults"), Some(order)).await;
    }

    /// Ends all faults of a provider.
    pub(crate) async fn clear_faults(&self, slug: &str) {
        self.call(reqwest::Method::DELETE, &format!("{slug}/faults"), None).await;
    }

    /// How often a key's balance was read.
    pub(crate) async fn readings(&self, slug: &str, key: &str) -> u64 {
        self.books(slug, key).await["calls"]["getBalance"].as_u64().unwrap_or(0)
    }

    /// How many calls came with a key that the provider does not know.
    pub(crate) async fn unknown_key_calls(&self, slug: &str) -> u64 {
        let books = self.call(reqwest::Method::GET, &format!("{slug}/books"), None).await;
        books["unknown_key_calls"].as_u64().expect("a count")
    }

    pub(crate) async fn spend_outside(&self, slug: &str, key: &str, amount: &str) {
        let path = format!("{slug}/keys/{key}/spend");
        self.call(reqwest::Method::POST, &path, Some(json!({ "amount": amount }))).await;
    }

    pub(crate) async fn top_up(&self, slug: &str, key: &str, amount: &str) {
        let path = format!("{slug}/keys/{key}/top-up");
        self.call(reqwest::Method::POST, &path, Some(json!({ "amount": amount }))).await;
    }

    pub(crate) async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("http://{}/admin/{path}", self.sandbox.base()));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("the sandbox answers");
        let (status, text) = (response.status(), response.text().await.expect("a text"));
        assert!(status.is_success(), "the sandbox refused {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// Longer than a call to a provider may take.
pub(crate) const TOO_LONG_MS: u64 = 32_000;

/// The six providers.
pub(crate) const SLUGS: [&str; 6] =
    ["two_captcha", "capsolver", "anti_captcha", "capmonster_cloud", "multibot", "ucaptcha_native"];

/// The constant name of a provider in the API.
pub(crate) fn code(slug: &str) -> String {
    slug.to_uppercase()
}

/// An amount that stands as text in JSON.
pub(crate) fn usd(text: &Value) -> key_recycling::domain::Usd {
    text.as_str().expect("an amount is text").parse().expect("an amount")
}

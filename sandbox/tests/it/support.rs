//! A sandbox on free ports, and a client that speaks to it.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use sandbox::{Options, Provider, Sandbox, TlsOptions, start};
use serde_json::{Value, json};

/// A made-up key of the right length for every provider that counts.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const WRONG_KEY: &str = "ffffffffffffffffffffffffffffffff";
pub(crate) const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";

pub(crate) struct App {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

impl App {
    /// A sandbox whose tasks are solved within 20 ms, without keys.
    pub(crate) async fn start() -> Self {
        Self::start_with(None, client()).await
    }

    pub(crate) async fn start_with(tls: Option<TlsOptions>, client: Client) -> Self {
        let options = Options { listen: ([127, 0, 0, 1], 0).into(), seed: 7, tls };
        let sandbox = start(options).await.expect("free ports on loopback");
        let app = Self { sandbox, client };
        for provider in Provider::ALL {
            app.settings(provider, json!({ "solve_ms": [5, 20] })).await;
        }
        app
    }

    /// A sandbox with one key of one provider.
    pub(crate) async fn with_key(provider: Provider, balance: &str) -> Self {
        let app = Self::start().await;
        app.put_key(provider, KEY, json!({ "balance": balance })).await;
        app
    }

    pub(crate) fn url(&self, provider: Provider, call: &str) -> String {
        format!("http://{}/{call}", self.sandbox.provider(provider))
    }

    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("http://{}/admin/{path}", self.sandbox.base());
        let request = self.client.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.expect("the administrator is answered")
    }

    pub(crate) async fn settings(&self, provider: Provider, body: Value) {
        let path = format!("{provider}/settings");
        let response = self.admin(Method::PATCH, &path, Some(body)).await;
        assert_eq!(response.status(), 200);
    }

    pub(crate) async fn put_key(&self, provider: Provider, key: &str, body: Value) {
        let path = format!("{provider}/keys/{key}");
        let response = self.admin(Method::PUT, &path, Some(body)).await;
        assert_eq!(response.status(), 200);
    }

    pub(crate) async fn fault(&self, provider: Provider, method: &str, fault: Value) {
        let order = json!({ "method": method, "count": 1, "fault": fault });
        self.fault_order(provider, order).await;
    }

    pub(crate) async fn fault_order(&self, provider: Provider, order: Value) {
        let response = self.admin(Method::POST, &format!("{provider}/faults"), Some(order)).await;
        assert_eq!(response.status(), 204);
    }

    pub(crate) async fn key_books(&self, provider: Provider) -> Value {
        let response = self.admin(Method::GET, &format!("{provider}/keys/{KEY}"), None).await;
        response.json().await.expect("JSON books")
    }

    /// Posts to the JSON dialect; answers status and body.
    pub(crate) async fn post(&self, provider: Provider, call: &str, body: Value) -> (u16, Value) {
        let response = self.client.post(self.url(provider, call)).json(&body).send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "application/json");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    pub(crate) async fn create(&self, provider: Provider, task: Value) -> (u16, Value) {
        self.post(provider, "createTask", json!({ "clientKey": KEY, "task": task })).await
    }

    pub(crate) async fn result(&self, provider: Provider, id: &Value) -> (u16, Value) {
        self.post(provider, "getTaskResult", json!({ "clientKey": KEY, "taskId": id })).await
    }

    /// Asks until the task is no longer being processed.
    pub(crate) async fn await_result(&self, provider: Provider, id: &Value) -> (u16, Value) {
        for _ in 0..100 {
            let (status, body) = self.result(provider, id).await;
            if body["status"] != "processing" {
                return (status, body);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the task was never solved");
    }

    /// Calls a legacy script by GET; answers status and text.
    pub(crate) async fn legacy(&self, provider: Provider, script: &str, query: &[(&str, &str)]) -> (u16, String) {
        let request = self.client.get(self.url(provider, script)).query(query);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("text"))
    }

    /// Asks `res.php` until the answer is there.
    pub(crate) async fn await_legacy(&self, provider: Provider, query: &[(&str, &str)]) -> String {
        for _ in 0..100 {
            let (_, text) = self.legacy(provider, "res.php", query).await;
            if !text.contains("CAPCHA_NOT_READY") {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the task was never solved");
    }
}

/// A client that follows no redirects and gives up after ten seconds.
pub(crate) fn client() -> Client {
    builder().build().expect("a client")
}

#[expect(clippy::disallowed_methods, reason = "the server's one client is not part of this crate")]
pub(crate) fn builder() -> reqwest::ClientBuilder {
    static CRYPTOGRAPHY: Once = Once::new();
    CRYPTOGRAPHY.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().expect("installed once");
    });
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(10))
}

/// Names of an object's fields, in order.
pub(crate) fn fields(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A task of a token kind in the spelling that most providers share.
pub(crate) fn turnstile(name: &str) -> Value {
    json!({ "type": name, "websiteURL": "https://example.com/", "websiteKey": "0x4AAAAAAA" })
}

//! A dispatcher's side of the gateway: plain HTTP, as off-the-shelf clients speak it.

use serde_json::{Value, json};

use super::caller::http_client;

/// The gateway as a client sees it.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) origin: String,
    pub(crate) client: reqwest::Client,
}

impl Gateway {
    pub(crate) fn at(origin: String) -> Self {
        Self { origin, client: http_client() }
    }

    /// Calls a method of the JSON dialect and answers its reply.
    pub(crate) async fn call(&self, method: &str, body: Value) -> Value {
        let text = self.call_text(method, body.to_string()).await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }

    /// The same with a body to order, and the reply as it is.
    pub(crate) async fn call_text(&self, method: &str, body: String) -> String {
        let request = self.client.post(format!("{}/{method}", self.origin)).body(body);
        request.send().await.expect("the gateway answers").text().await.expect("a text")
    }

    /// `createTask` with a lease's token.
    pub(crate) async fn create(&self, token: &Value, task: &Value) -> Value {
        self.call("createTask", json!({ "clientKey": token, "task": task })).await
    }

    /// `getTaskResult` with a lease's token.
    pub(crate) async fn result(&self, token: &Value, task_id: &Value) -> Value {
        self.call("getTaskResult", json!({ "clientKey": token, "taskId": task_id })).await
    }

    /// A legacy script with parameters in the address.
    pub(crate) async fn get(&self, script: &str, parameters: &[(&str, &str)]) -> String {
        let request = self.client.get(address(&self.origin, script, parameters));
        request.send().await.expect("the gateway answers").text().await.expect("a text")
    }

    /// A legacy script with a form as its body.
    pub(crate) async fn post_form(&self, script: &str, parameters: &[(&str, &str)]) -> String {
        let form = address("http://form", script, parameters).query().unwrap_or("").to_owned();
        let request = self.client.post(format!("{}/{script}", self.origin)).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().await.expect("the gateway answers").text().await.expect("a text")
    }
}

fn address(origin: &str, script: &str, parameters: &[(&str, &str)]) -> url::Url {
    let mut address = url::Url::parse(&format!("{origin}/{script}")).expect("an address");
    address.query_pairs_mut().extend_pairs(parameters);
    address
}

//! Whoever calls the API: an owner or a service, over HTTP.

use serde_json::{Value, json};

/// A signed-in caller.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) endpoint: String,
    pub(crate) authorization: String,
    client: reqwest::Client,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Value);

impl Caller {
    pub(crate) fn new(public: &str, authorization: String) -> Self {
        Self { endpoint: format!("{public}/graphql"), authorization, client: http_client() }
    }

    /// Sends a document with variables.
    pub(crate) async fn run(&self, document: &str, variables: Value) -> Answer {
        let body = json!({ "query": document, "variables": variables });
        let response = self
            .client
            .post(&self.endpoint)
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .expect("the server answers");
        let text = response.text().await.expect("a text");
        Answer(serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}")))
    }

    /// Hands a key over and answers the payload.
    pub(crate) async fn submit(&self, provider: &str, key: &str) -> Value {
        let document = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) {
            key { id status balance label fingerprint problem { code providerCode } lendable }
            userErrors { code field message retryAt } } }";
        let input = json!({ "input": { "provider": provider, "key": key } });
        self.run(document, input).await.data()["submitKey"].clone()
    }

    /// Hands a key over under a label.
    pub(crate) async fn submit_as(&self, provider: &str, key: &str, label: Option<&str>) -> Value {
        let document = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) {
            key { id status label } userErrors { code field message retryAt } } }";
        let input = json!({ "input": { "provider": provider, "key": key, "label": label } });
        self.run(document, input).await.data()["submitKey"].clone()
    }

    /// Asks for a key's balance now.
    pub(crate) async fn check(&self, id: &Value) -> Value {
        let document = "mutation($input: CheckKeyBalanceInput!) { checkKeyBalance(input: $input) {
            checked key { id status balance checkableAt problem { code providerCode } }
            userErrors { code field message retryAt } } }";
        self.run(document, json!({ "input": { "keyId": id } })).await.data()["checkKeyBalance"].clone()
    }

    /// Gives a key a label, or takes it away.
    pub(crate) async fn rename(&self, id: &Value, label: Option<&str>) -> Value {
        let document = "mutation($input: RenameKeyInput!) { renameKey(input: $input) {
            key { id label } userErrors { code field message retryAt } } }";
        let input = json!({ "input": { "keyId": id, "label": label } });
        self.run(document, input).await.data()["renameKey"].clone()
    }

    /// Takes a key out of the pool.
    pub(crate) async fn remove(&self, id: &Value) -> Value {
        let document = "mutation($input: RemoveKeyInput!) { removeKey(input: $input) {
            key { id status held removedAt } userErrors { code field message retryAt } } }";
        self.run(document, json!({ "input": { "keyId": id } })).await.data()["removeKey"].clone()
    }

    /// The caller's key as it stands.
    pub(crate) async fn key(&self, id: &Value) -> Value {
        let document = "query($id: ID!) { node(id: $id) { ... on RecycledKey {
            id status label balance nativeBalance held underReview available credited outsideSpending lendable stale
            balanceCheckedAt nextCheckAt checkableAt version removedAt
            problem { code message providerCode since retryAt } } } }";
        self.run(document, json!({ "id": id })).await.data()["node"].clone()
    }

    /// The caller's account with its newest transactions.
    pub(crate) async fn account(&self) -> Value {
        let document = "{ viewer { id balance credited transactions { nodes {
            id kind amount balanceAfter costSource provisional taskType note } } } }";
        self.run(document, Value::Null).await.data()["viewer"].clone()
    }

    /// Opens a lease and answers the payload.
    pub(crate) async fn open_lease(&self, task_id: &str, attempt: i32, route: Value) -> Value {
        let document = "mutation($input: OpenLeaseInput!) { openLease(input: $input) {
            lease { token endpoint expiresAt attempt { id state held provider { code } keyId } }
            decision { summary choice { keyId keyClass estimate share draw } exclusions { reason keys provider { code } } }
            userErrors { code field message retryAt } } }";
        let input = json!({ "input": { "taskId": task_id, "attempt": attempt, "route": route } });
        self.run(document, input).await.data()["openLease"].clone()
    }

    /// The caller's attempt as it stands.
    pub(crate) async fn attempt(&self, id: &Value) -> Value {
        let document = "query($id: ID!) { node(id: $id) { ... on Attempt {
            id state number held cost costSource verdict endedAt provider { code } } } }";
        self.run(document, json!({ "id": id })).await.data()["node"].clone()
    }
}

impl Answer {
    /// The data; fails the test when there are errors.
    pub(crate) fn data(self) -> Value {
        assert!(self.0.get("errors").is_none(), "errors: {}", self.0);
        self.0["data"].clone()
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> &str {
        self.0["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
    }
}

/// Longer than any answer takes: a test that gets none ends with its place instead of hanging.
const SILENCE_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// An HTTP client of the test's own.
pub(crate) fn http_client() -> reqwest::Client {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "tests play outside processes")]
    let client = reqwest::Client::builder().no_proxy().read_timeout(SILENCE_MAX).build();
    client.expect("an HTTP client")
}

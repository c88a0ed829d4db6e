//! The usual cast: a server, an owner who hands keys over, a dispatcher, an operator.

use std::time::Duration;

use key_recycling::domain::{Scope, Usd};
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::sandbox::{code, usd};
use super::{Caller, Database, Server, eventually};

/// Longer than a reading has to be apart from any attempt to count as quiet.
pub(crate) const QUIET: Duration = Duration::from_secs(31);

/// A server with its usual callers.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) owner: Caller,
    pub(crate) dispatcher: Caller,
    pub(crate) operator: Caller,
    pub(crate) gateway: Gateway,
}

/// A key as both sides know it.
#[derive(Clone)]
pub(crate) struct Handed {
    pub(crate) slug: &'static str,
    /// At the provider.
    pub(crate) secret: String,
    /// At the server.
    pub(crate) id: Value,
}

/// An open lease.
#[derive(Clone)]
pub(crate) struct Leased {
    pub(crate) slug: &'static str,
    pub(crate) token: Value,
    pub(crate) attempt: Value,
    pub(crate) key: Value,
}

impl Leased {
    pub(crate) fn token(&self) -> &str {
        self.token.as_str().expect("a token is text")
    }
}

impl Scene {
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, "").await
    }

    /// The same with more lines of configuration.
    pub(crate) async fn start_with(database: Database, more: &str) -> Self {
        Self::with(Server::start_with(database, more).await).await
    }

    /// The usual callers of a server.
    pub(crate) async fn with(server: Server) -> Self {
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let operator = server.service("operations", &[Scope::Operate]).await;
        let gateway = Gateway::at(server.gateway());
        Self { server, owner, dispatcher, operator, gateway }
    }

    /// Ends the server in order and starts it again, on other ports.
    pub(crate) async fn restart(&mut self) {
        self.server.restart().await;
        let public = self.server.public();
        for caller in [&mut self.owner, &mut self.dispatcher, &mut self.operator] {
            *caller = Caller::new(&public, caller.authorization.clone());
        }
        self.gateway = Gateway::at(self.server.gateway());
    }

    /// The owner hands over a fresh key with a balance.
    pub(crate) async fn key(&self, slug: &'static str, balance: &str) -> Handed {
        self.key_of(&self.owner, slug, json!({ "balance": balance })).await
    }

    /// Somebody hands over a key of which the provider knows what the settings say.
    pub(crate) async fn key_of(&self, owner: &Caller, slug: &'static str, settings: Value) -> Handed {
        let secret = self.server.providers.key_with(slug, settings).await;
        let submitted = owner.submit(&code(slug), &secret).await;
        assert_eq!(submitted["key"]["status"], "ACTIVE", "{submitted}");
        Handed { slug, secret, id: submitted["key"]["id"].clone() }
    }

    /// Opens a lease for a Turnstile task at a provider.
    pub(crate) async fn lease(&self, slug: &'static str, task_id: &str) -> Leased {
        self.lease_for(slug, task_id, 1, "TURNSTILE").await
    }

    /// Opens a lease for a kind of task at a provider.
    pub(crate) async fn lease_for(&self, slug: &'static str, task_id: &str, number: i32, kind: &str) -> Leased {
        let route = json!({ "taskType": kind, "onlyProviders": [code(slug)] });
        let opened = self.dispatcher.open_lease(task_id, number, route).await;
        assert_eq!(opened["userErrors"], json!([]), "{slug} {task_id}: {opened}");
        leased(slug, &opened)
    }

    /// Has a Turnstile task created with the lease, and answers the gateway's reply.
    pub(crate) async fn create(&self, lease: &Leased) -> Value {
        self.gateway.create(&lease.token, &turnstile(lease.slug)).await
    }

    /// Creates the task, and polls until the gateway has an end of it.
    pub(crate) async fn solve(&self, lease: &Leased) -> Value {
        let created = self.create(lease).await;
        assert_eq!(created["errorId"], 0, "{created}");
        self.outcome(lease, &created["taskId"]).await
    }

    /// Polls until the gateway has an end of the task.
    pub(crate) async fn outcome(&self, lease: &Leased, task_id: &Value) -> Value {
        eventually("an end of the task", || async {
            let polled = self.gateway.result(&lease.token, task_id).await;
            (polled["status"] != "processing").then_some(polled)
        })
        .await
    }

    /// The lease's attempt once it is in a state.
    pub(crate) async fn attempt_in(&self, lease: &Leased, state: &str) -> Value {
        eventually(&format!("the attempt is {state}"), || async {
            let attempt = self.dispatcher.attempt(&lease.attempt).await;
            (attempt["state"] == state).then_some(attempt)
        })
        .await
    }

    /// The owner's key once it is as wanted.
    pub(crate) async fn key_once(&self, what: &str, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || async { Some(self.owner.key(id).await).filter(&wanted) }).await
    }

    /// What the provider's books charged the key.
    pub(crate) async fn charged(&self, key: &Handed) -> Usd {
        self.server.providers.charged(key.slug, &key.secret).await
    }

    /// How often the provider was called with the key by a method.
    pub(crate) async fn calls(&self, key: &Handed, method: &str) -> u64 {
        self.server.providers.books(key.slug, &key.secret).await["calls"][method].as_u64().unwrap_or(0)
    }

    /// The owner's credits are this, and the ledger has no lies.
    pub(crate) async fn expect_credited(&self, expected: Usd) {
        let account = self.owner.account().await;
        assert_eq!(usd(&account["credited"]), expected, "{account}");
        assert_eq!(usd(&account["balance"]), expected, "{account}");
        self.expect_no_lies().await;
    }

    pub(crate) async fn expect_no_lies(&self) {
        let report = self.server.app().ledger.audit(None).await.expect("the audit runs");
        assert_eq!(report.lies, Vec::<String>::new());
    }

    /// An operator closes an attempt with the charge found by hand.
    pub(crate) async fn resolve(&self, lease: &Leased, cost: &str) -> Value {
        let document = "mutation($input: ResolveAttemptInput!) { resolveAttempt(input: $input) {
            attempt { id state cost costSource } userErrors { code field } } }";
        let input = json!({ "attemptId": lease.attempt, "cost": cost, "note": "seen in the provider's history" });
        self.operator.run(document, json!({ "input": input })).await.data()["resolveAttempt"].clone()
    }
}

/// The lease of an opening that succeeded.
pub(crate) fn leased(slug: &'static str, opened: &Value) -> Leased {
    let lease = &opened["lease"];
    let attempt = &lease["attempt"];
    Leased { slug, token: lease["token"].clone(), attempt: attempt["id"].clone(), key: attempt["keyId"].clone() }
}

/// A Turnstile task in a provider's own words.
pub(crate) fn turnstile(slug: &str) -> Value {
    let name = match slug {
        "capsolver" => "AntiTurnstileTaskProxyLess",
        "capmonster_cloud" => "TurnstileTask",
        "ucaptcha_native" => "TurnstileTokenProxyLess",
        _ => "TurnstileTaskProxyless",
    };
    json!({ "type": name, "websiteURL": "https://example.com/", "websiteKey": "site-key-of-a-page" })
}

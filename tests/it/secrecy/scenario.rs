//! What owners, dispatchers, billing, operators, intruders and ill providers do with secrets.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};

use super::commands::command;
use super::misuse::{misuse_the_api, misuse_the_gateway, misuse_the_socket};
use super::operations::{operate, spoil};
use super::search::Secrets;
use super::trouble::suffer;
use super::witness::Witness;
use crate::support::database::rand_u64;
use crate::support::keys::fresh_key;
use crate::support::sandbox::{SLUGS, code};
use crate::support::server::BOT_TOKEN;
use crate::support::socket::Socket;
use crate::support::solving::turnstile;
use key_recycling::domain::{Clock as _, SystemClock};
use key_recycling::identity::sign_init_data;

/// Telegram's id of the owner of most keys.
pub(super) const OWNER: i64 = 5_000_000_001;

pub(super) const SUBMIT: &str = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) {
    key { id label fingerprint status problem { code message providerCode } nativeBalance }
    userErrors { code message field } } }";

/// The secrets that went in.
#[derive(Default)]
pub(super) struct Planted {
    pub(super) secrets: RefCell<Secrets>,
    pub(super) keys: RefCell<Vec<String>>,
    pub(super) lease_tokens: RefCell<Vec<String>>,
}

impl Planted {
    /// Takes a secret up under a name that may be shown.
    pub(super) fn secret(&self, name: &str, secret: &str) {
        self.secrets.borrow_mut().add(name, secret);
    }

    pub(super) fn key(&self, key: &str) -> String {
        self.secret(&format!("key {}", self.keys.borrow().len()), key);
        self.keys.borrow_mut().push(key.to_owned());
        key.to_owned()
    }

    pub(super) fn lease_token(&self, token: &str) {
        self.secret(&format!("lease token {}", self.lease_tokens.borrow().len()), token);
        self.lease_tokens.borrow_mut().push(token.to_owned());
    }

    /// Every part of a ring file between quotes that is long enough: the others are the file's own words.
    pub(super) fn ring(&self, file: &Path) {
        let ring = std::fs::read_to_string(file).expect("a ring");
        for (number, quoted) in ring.split('"').skip(1).step_by(2).filter(|part| part.len() >= 40).enumerate() {
            self.secret(&format!("ring secret {number}"), quoted);
        }
    }

    pub(super) fn first_key(&self) -> String {
        self.keys.borrow()[0].clone()
    }

    pub(super) fn first_lease_token(&self) -> String {
        self.lease_tokens.borrow()[0].clone()
    }
}

/// The callers of a scenario: the values of their `Authorization` headers.
pub(super) struct Callers {
    pub(super) owner: String,
    pub(super) dispatcher: String,
    pub(super) billing: String,
    pub(super) operator: String,
}

/// Plays everything.
pub(super) async fn play(witness: &Witness, planted: &Planted) {
    let callers = sign_in(witness, planted).await;
    let mut socket = Socket::signed_in(&witness.public, &callers.owner).await;
    let events = "subscription { accountEvents { __typename cursor ... on KeyChanged { key { id label status } } } }";
    socket.subscribe("1", events, Value::Null).await;
    let is_over = Cell::new(false);
    // All the time and to the end: whoever does not answer pings is cut off.
    let listen = async { while socket.next_within(Duration::from_millis(500)).await.is_some() || !is_over.get() {} };
    let everything = async {
        for slug in SLUGS {
            hand_over(witness, planted, &callers, slug).await;
            solve(witness, planted, &callers, slug).await;
        }
        misuse_the_api(witness, planted, &callers).await;
        misuse_the_socket(witness, planted, &callers).await;
        misuse_the_gateway(witness, planted, &callers).await;
        operate(witness, planted, &callers).await;
        spoil(witness, planted, &callers).await;
        suffer(witness, planted, &callers).await;
        look_around(witness, &callers).await;
        command(witness, planted).await;
        is_over.set(true);
    };
    join(listen, everything).await;
    assert!(socket.heard.len() > 20, "the stream tells");
    let events: Value = serde_json::from_str(&socket.heard[1]).expect("JSON");
    witness.coverage.answered("subscription { accountEvents { cursor } }", &events["payload"]["data"]);
    witness.heard(&socket);
}

pub(super) async fn sign_in(witness: &Witness, planted: &Planted) -> Callers {
    planted.secret("bot token", BOT_TOKEN);
    planted.ring(&witness.folder().join("ring.toml"));
    let service = async |name: &str, scope: &str| {
        let (token, _) = witness.service_token(name, scope).await;
        planted.secret(&format!("token of {name}"), &token);
        format!("Bearer {token}")
    };
    Callers {
        owner: owner(planted, OWNER),
        dispatcher: service("dispatcher", "dispatch").await,
        billing: service("billing", "billing").await,
        operator: service("operations", "operate").await,
    }
}

/// A Telegram user's `Authorization`.
pub(super) fn owner(planted: &Planted, user: i64) -> String {
    let init_data = sign_init_data(&BOT_TOKEN.into(), user, SystemClock.now());
    planted.secret(&format!("login of {user}"), init_data.split("hash=").nth(1).expect("a hash"));
    format!("tma {init_data}")
}

fn submission(slug: &str, key: &str) -> Value {
    json!({ "input": { "provider": code(slug), "key": key, "label": "a label" } })
}

/// Hands over a new key with plenty on it; answers it and its id.
pub(super) async fn hand_over_good(witness: &Witness, planted: &Planted, owner: &str, slug: &str) -> (String, Value) {
    let good = planted.key(&fresh_key(slug));
    witness.providers.set_key(slug, &good, json!({ "balance": "1000" })).await;
    let id = submit(witness, owner, slug, &good).await;
    (good, id)
}

/// Hands a key over; answers its id.
pub(super) async fn submit(witness: &Witness, owner: &str, slug: &str, key: &str) -> Value {
    let answer = witness.ask("submitKey", owner, SUBMIT, submission(slug, key)).await;
    let id = answer["data"]["submitKey"]["key"]["id"].clone();
    assert!(id.is_string(), "{slug}: {answer}");
    id
}

/// Hands over a good key, a wrong one, and texts that are none.
async fn hand_over(witness: &Witness, planted: &Planted, callers: &Callers, slug: &str) {
    let (good, id) = hand_over_good(witness, planted, &callers.owner, slug).await;
    let submit = |key: &str| submission(slug, key);
    witness.ask("submitKey again", &callers.owner, SUBMIT, submit(&format!(" {good}\n"))).await;
    let wrong = planted.key(&fresh_key(slug));
    let answer = witness.ask("a wrong key", &callers.owner, SUBMIT, submit(&wrong)).await;
    assert_ne!(answer["data"]["submitKey"]["key"]["status"], "ACTIVE", "{slug}: {answer}");
    let malformed = planted.key(&format!("{:016x} {:016x}", rand_u64(), rand_u64()));
    witness.ask("a malformed key", &callers.owner, SUBMIT, submit(&malformed)).await;
    // A key where its name goes.
    let named = json!({ "input": { "provider": code(slug), "key": good, "label": good } });
    let answer = witness.ask("a key as label", &callers.owner, SUBMIT, named).await;
    assert_eq!(answer["data"]["submitKey"]["userErrors"][0]["code"], "LABEL_FORMAT", "{slug}");
    let rename = "mutation($id: ID!, $label: String) { renameKey(input: { keyId: $id, label: $label }) {
        key { label } userErrors { code message field } } }";
    let another = planted.key(&fresh_key(slug));
    for label in [good.clone(), format!("mine: {good}"), another] {
        let answer = witness.ask("renameKey", &callers.owner, rename, json!({ "id": id, "label": label })).await;
        if label.chars().count() <= 64 {
            assert_eq!(answer["data"]["renameKey"]["userErrors"][0]["code"], "LABEL_FORMAT", "{slug}: {answer}");
        }
    }
    witness.ask("renameKey", &callers.owner, rename, json!({ "id": id, "label": "another label" })).await;
}

/// A Turnstile task at a provider, and whose key comes first.
pub(super) fn turnstile_at(slug: &str, owner: Option<i64>) -> Value {
    let account = owner.map(|user| json!({ "telegramUserId": user.to_string() }));
    json!({ "taskType": "TURNSTILE", "onlyProviders": [code(slug)], "account": account })
}

/// Has a task done through the gateway in the JSON dialect; answers the attempt's id.
pub(super) async fn solve(witness: &Witness, planted: &Planted, callers: &Callers, slug: &str) -> Value {
    let attempt = attempt(witness, planted, callers, slug, None, 100).await;
    assert_eq!(attempt["state"], "SETTLED", "{slug}: {attempt}");
    attempt["id"].clone()
}

/// Has a task tried through the gateway, with a number of polls; answers how the attempt stands.
pub(super) async fn attempt(
    witness: &Witness,
    planted: &Planted,
    callers: &Callers,
    slug: &str,
    owner: Option<i64>,
    polls: usize,
) -> Value {
    let task_id = format!("task {:016x}", rand_u64());
    let (token, opened) = witness.open_lease(&callers.dispatcher, &task_id, &turnstile_at(slug, owner)).await;
    planted.lease_token(&token);
    let body = json!({ "clientKey": token, "task": turnstile(slug) });
    let created = call(witness, "createTask", body).await;
    for _ in 0..polls {
        let body = json!({ "clientKey": token, "taskId": created["taskId"] });
        let polled = call(witness, "getTaskResult", body).await;
        if polled["status"] != "processing" && polled["status"] != "idle" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    call(witness, "getBalance", json!({ "clientKey": token })).await;
    attempt_of(witness, callers, &opened["lease"]["attempt"]["id"]).await
}

/// How an attempt stands.
pub(super) async fn attempt_of(witness: &Witness, callers: &Callers, id: &Value) -> Value {
    let document =
        "query($id: ID!) { node(id: $id) { ... on Attempt { id state keyId cost costSource decision { summary } } } }";
    let mut answer = witness.ask("an attempt", &callers.dispatcher, document, json!({ "id": id })).await;
    answer["data"]["node"].take()
}

pub(super) async fn call(witness: &Witness, method: &str, body: Value) -> Value {
    let request = witness.post(&format!("{}/{method}", witness.gateway), body.to_string());
    serde_json::from_str(&witness.send(method, request).await).unwrap_or(Value::Null)
}

pub(super) async fn remove(witness: &Witness, owner: &str, id: &Value) {
    let document = "mutation($id: ID!) { removeKey(input: { keyId: $id }) { key { id status } userErrors { code } } }";
    let answer = witness.ask("removeKey", owner, document, json!({ "id": id })).await;
    assert_eq!(answer["data"]["removeKey"]["key"]["status"], "REMOVED", "{answer}");
}

/// What everybody can read at the end.
async fn look_around(witness: &Witness, callers: &Callers) {
    let owner = "{ viewer { id eventCursor keys(first: 50) { nodes { id label fingerprint status nativeBalance
        problem { code message providerCode } } } transactions(first: 100) { nodes { id note kind amount } } } }";
    let operator = "{ keys(first: 50) { nodes { id label fingerprint problem { message providerCode } } }
        attempts(first: 100) { nodes { id taskId state cost } } auditLog(first: 100) { nodes { actor action note requestId } } }";
    let schema = "{ __schema { types { name fields { name } inputFields { name defaultValue } } } }";
    witness.ask("an account", &callers.owner, owner, Value::Null).await;
    witness.ask("everything", &callers.operator, operator, Value::Null).await;
    witness.ask("the schema", &callers.operator, schema, Value::Null).await;
}

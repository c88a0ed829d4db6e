//! What owners, dispatchers, billing, operators, intruders and ill providers do with secrets.

use std::time::Duration;

use serde_json::{Value, json};

use super::misuse::{misuse_the_api, misuse_the_gateway, misuse_the_socket};
use super::search::Secrets;
use super::witness::Witness;
use crate::support::database::rand_u64;
use crate::support::keys::fresh_key;
use crate::support::sandbox::{SLUGS, code};
use crate::support::server::BOT_TOKEN;
use crate::support::socket::Socket;
use crate::support::solving::turnstile;
use key_recycling::domain::{Clock as _, SystemClock};
use key_recycling::identity::sign_init_data;

pub(super) const SUBMIT: &str = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) {
    key { id label fingerprint status problem { code message providerCode } nativeBalance }
    userErrors { code message field } } }";

/// The secrets that went in.
#[derive(Default)]
pub(super) struct Planted {
    pub(super) secrets: Secrets,
    pub(super) keys: Vec<String>,
    pub(super) lease_tokens: Vec<String>,
}

impl Planted {
    pub(super) fn key(&mut self, key: &str) -> String {
        self.secrets.add(&format!("key {}", self.keys.len()), key);
        self.keys.push(key.to_owned());
        key.to_owned()
    }

    pub(super) fn lease_token(&mut self, token: &str) {
        self.secrets.add(&format!("lease token {}", self.lease_tokens.len()), token);
        self.lease_tokens.push(token.to_owned());
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
pub(super) async fn play(witness: &mut Witness, planted: &mut Planted) {
    let callers = sign_in(witness, planted).await;
    let mut socket = Socket::signed_in(&witness.public, &callers.owner).await;
    let events = "subscription { accountEvents { __typename cursor ... on KeyChanged { key { id label status } } } }";
    socket.subscribe("1", events, Value::Null).await;
    let mut ids = Vec::new();
    for slug in SLUGS {
        ids.push((slug, hand_over(witness, planted, &callers, slug).await));
    }
    let mut ill = 0;
    for (slug, handed) in &ids {
        solve(witness, planted, &callers, slug, None).await;
        ill += ill_tasks(witness, planted, &callers, slug, handed).await;
        let spare = hand_over_good(witness, planted, &callers, slug).await;
        ill_readings(witness, &callers, slug, &spare.0, &spare.1).await;
        if witness.looks_often {
            witness.look_at_database(slug).await;
        }
    }
    assert!(ill >= 40, "ill tasks were played: {ill}");
    misuse_the_api(witness, planted, &callers).await;
    misuse_the_socket(witness, planted, &callers).await;
    misuse_the_gateway(witness, planted, &callers).await;
    look_around(witness, &callers).await;
    while socket.next_within(Duration::from_millis(500)).await.is_some() {}
    assert!(socket.heard.len() > 20, "the stream tells");
    witness.seen.extend(socket.heard.iter().map(|text| ("message of a socket".to_owned(), text.clone().into_bytes())));
}

pub(super) async fn sign_in(witness: &mut Witness, planted: &mut Planted) -> Callers {
    planted.secrets.add("bot token", BOT_TOKEN);
    let ring = std::fs::read_to_string(witness.folder().join("ring.toml")).expect("a ring");
    // Every second part is between quotes; the others are the file's own words.
    for (number, quoted) in ring.split('"').skip(1).step_by(2).filter(|part| part.len() >= 40).enumerate() {
        planted.secrets.add(&format!("ring secret {number}"), quoted);
    }
    let init_data = sign_init_data(&BOT_TOKEN.into(), 5_000_000_001, SystemClock.now());
    planted.secrets.add("login", init_data.split("hash=").nth(1).expect("a hash"));
    let mut service = async |name: &str, scope: &str| {
        let token = witness.service_token(name, scope).await;
        planted.secrets.add(&format!("token of {name}"), &token);
        format!("Bearer {token}")
    };
    Callers {
        owner: format!("tma {init_data}"),
        dispatcher: service("dispatcher", "dispatch").await,
        billing: service("billing", "billing").await,
        operator: service("operations", "operate").await,
    }
}

fn submission(slug: &str, key: &str) -> Value {
    json!({ "input": { "provider": code(slug), "key": key, "label": "a label" } })
}

/// Hands over a new key with plenty on it; answers it and its id.
pub(super) async fn hand_over_good(
    witness: &mut Witness,
    planted: &mut Planted,
    callers: &Callers,
    slug: &str,
) -> (String, Value) {
    let good = planted.key(&fresh_key(slug));
    witness.providers.set_key(slug, &good, json!({ "balance": "1000" })).await;
    let answer = witness.ask("submitKey", &callers.owner, SUBMIT, submission(slug, &good)).await;
    let id = answer["data"]["submitKey"]["key"]["id"].clone();
    assert!(id.is_string(), "{slug}: {answer}");
    (good, id)
}

/// Hands over a good key, a wrong one, and texts that are none; answers the good one and its id.
async fn hand_over(witness: &mut Witness, planted: &mut Planted, callers: &Callers, slug: &str) -> (String, Value) {
    let (good, id) = hand_over_good(witness, planted, callers, slug).await;
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
    for label in [good.clone(), format!("mine: {good}")] {
        let answer = witness.ask("renameKey", &callers.owner, rename, json!({ "id": id, "label": label })).await;
        if label.chars().count() <= 64 {
            assert_eq!(answer["data"]["renameKey"]["userErrors"][0]["code"], "LABEL_FORMAT", "{slug}: {answer}");
        }
    }
    (good, id)
}

/// Has a task done through the gateway in the JSON dialect; with a number of polls it may fail.
pub(super) async fn solve(
    witness: &mut Witness,
    planted: &mut Planted,
    callers: &Callers,
    slug: &str,
    polls: Option<usize>,
) {
    let (created, attempt) = attempt(witness, planted, callers, slug, polls.unwrap_or(100)).await;
    if polls.is_none() {
        assert_eq!(attempt["data"]["node"]["state"], "SETTLED", "{slug}: {created} {attempt}");
    }
}

/// Has a task tried through the gateway; answers what creating it brought, and how the attempt stands.
pub(super) async fn attempt(
    witness: &mut Witness,
    planted: &mut Planted,
    callers: &Callers,
    slug: &str,
    polls: usize,
) -> (Value, Value) {
    let task_id = format!("task {:016x}", rand_u64());
    let (token, opened) = witness.open_lease(&callers.dispatcher, &task_id, &code(slug)).await;
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
    let document =
        "query($id: ID!) { node(id: $id) { ... on Attempt { state cost costSource decision { summary } } } }";
    let attempt = witness
        .ask("an attempt", &callers.dispatcher, document, json!({ "id": opened["lease"]["attempt"]["id"] }))
        .await;
    (created, attempt)
}

pub(super) async fn call(witness: &mut Witness, method: &str, body: Value) -> Value {
    let request = witness.post(&format!("{}/{method}", witness.gateway), body.to_string());
    serde_json::from_str(&witness.send(method, request).await).unwrap_or(Value::Null)
}

/// Answers that name the key, in every form in which one could come.
fn echoes(key: &str) -> Vec<Value> {
    let error = json!({ "errorId": 1, "errorCode": format!("ERROR_{key}"), "errorDescription": format!("bad key {key}"),
        "solution": { "token": key }, "status": "ready", "balance": key, "cost": key });
    vec![
        json!({ "kind": "raw", "body": error.to_string() }),
        json!({ "kind": "raw", "body": format!("ERROR_WRONG_USER_KEY {key}"), "status": 403, "content_type": "text/plain" }),
        json!({ "kind": "raw", "body": format!("{{\"errorId\":0,\"{key}\":{{\"{key}\":[\"{key}\"]}}") }),
        json!({ "kind": "status", "status": 500, "body": key, "headers": { "x-key": key, "set-cookie": format!("k={key}") } }),
        json!({ "kind": "redirect", "location": format!("http://127.0.0.1:9/?key={key}") }),
    ]
}

/// Readings that go wrong in every way, on the timer and by hand.
async fn ill_readings(witness: &mut Witness, callers: &Callers, slug: &str, key: &str, id: &Value) {
    let mut faults = vec![json!({ "kind": "reset" })];
    faults.extend(echoes(key));
    faults.push(json!({ "kind": "balance_text", "text": format!("\"{key}\"") }));
    faults.push(json!({ "kind": "hang", "ms": 300 }));
    let ordered = faults.len();
    for fault in faults {
        witness.providers.fault(slug, "getBalance", 1, fault).await;
    }
    let document = "mutation($id: ID!) { checkKeyBalance(input: { keyId: $id }) { checked
        key { status problem { code message providerCode } } userErrors { code message } } }";
    witness.ask("checkKeyBalance", &callers.owner, document, json!({ "id": id })).await;
    let shown =
        "query($id: ID!) { node(id: $id) { ... on RecycledKey { status problem { code message providerCode } } } }";
    // Pauses after failures grow, so not every order is carried out; those left are taken back.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    witness.ask("an ailing key", &callers.owner, shown, json!({ "id": id })).await;
    let waiting = witness.providers.call(reqwest::Method::GET, &format!("{slug}/faults"), None).await;
    assert!(waiting["waiting"].as_u64().expect("a number") < ordered as u64, "{slug}: some were carried out");
    witness.providers.call(reqwest::Method::DELETE, &format!("{slug}/faults"), None).await;
}

/// Tasks that go wrong in every way; answers how many.
async fn ill_tasks(
    witness: &mut Witness,
    planted: &mut Planted,
    callers: &Callers,
    slug: &str,
    first: &(String, Value),
) -> usize {
    let mut played = 0;
    let mut lent = first.clone();
    for method in ["getTaskResult", "createTask"] {
        for place in 0.. {
            let Some(fault) = ill_answers(method, &lent.0).into_iter().nth(place) else { break };
            if !can_be_lent(witness, callers, slug).await {
                break;
            }
            witness.providers.fault(slug, method, 1, fault).await;
            solve(witness, planted, callers, slug, Some(4)).await;
            witness.providers.call(reqwest::Method::DELETE, &format!("{slug}/faults"), None).await;
            played += 1;
            // What the fault did to the key may last, so the next gets a key of its own.
            remove(witness, callers, &lent.1).await;
            lent = hand_over_good(witness, planted, callers, slug).await;
        }
    }
    remove(witness, callers, &lent.1).await;
    played
}

fn ill_answers(method: &str, key: &str) -> Vec<Value> {
    if method == "createTask" {
        let mut answers = vec![json!({ "kind": "task_id_text", "text": format!("\"{key}\"") })];
        answers.extend(echoes(key));
        return answers;
    }
    let solution = json!({ "token": format!("t-{key}"), key: { "deep": [key.to_uppercase()] } });
    let solved = json!({ "errorId": 0, "status": "ready", "cost": "0.001", "solution": solution });
    let mut answers = vec![
        json!({ "kind": "raw", "body": solved.to_string() }),
        json!({ "kind": "cost_text", "text": format!("\"{key}\"") }),
    ];
    answers.extend(echoes(key));
    answers
}

async fn remove(witness: &mut Witness, callers: &Callers, id: &Value) {
    let document = "mutation($id: ID!) { removeKey(input: { keyId: $id }) { key { id status } userErrors { code } } }";
    let answer = witness.ask("removeKey", &callers.owner, document, json!({ "id": id })).await;
    assert_eq!(answer["data"]["removeKey"]["key"]["status"], "REMOVED", "{answer}");
}

/// Whether the provider's keys can be lent; what ails them may last.
pub(super) async fn can_be_lent(witness: &mut Witness, callers: &Callers, slug: &str) -> bool {
    let document = "query($route: RouteInput!) { bestKey(route: $route) { choice { keyId } } }";
    let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [code(slug)] });
    let answer = witness.ask("bestKey", &callers.dispatcher, document, json!({ "route": route })).await;
    !answer["data"]["bestKey"]["choice"].is_null()
}

/// What everybody can read at the end.
async fn look_around(witness: &mut Witness, callers: &Callers) {
    let owner = "{ viewer { id eventCursor keys(first: 50) { nodes { id label fingerprint status nativeBalance
        problem { code message providerCode } } } transactions(first: 100) { nodes { id note kind amount } } } }";
    let operator = "{ keys(first: 50) { nodes { id label fingerprint problem { message providerCode } } }
        attempts(first: 100) { nodes { id taskId state cost } } auditLog(first: 100) { nodes { actor action note requestId } } }";
    let schema = "{ __schema { types { name fields { name } inputFields { name defaultValue } } } }";
    witness.ask("an account", &callers.owner, owner, Value::Null).await;
    witness.ask("everything", &callers.operator, operator, Value::Null).await;
    witness.ask("the schema", &callers.operator, schema, Value::Null).await;
    for words in [&["key", "list"][..], &["attempt", "list"], &["log"], &["audit"], &["token", "list"], &["doctor"]] {
        let printed = witness.command(words).await;
        witness.seen.push((words.join(" "), printed.into_bytes()));
    }
}

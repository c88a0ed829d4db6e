//! The seeded load: dispatchers, billing and an owner, who repeat what a crash cut off.
//!
//! What the server acknowledged is noted; the judge holds it to that. A call that failed is repeated
//! with the same content, as the API promises that it may be.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use key_recycling::domain::{Clock as _, SystemClock};
use key_recycling::identity::sign_init_data;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout_at};

use crate::oracle::{KeyName, Oracle, SLUGS, fresh_key};
use crate::program::{BOT_TOKEN, Places};
use crate::random::Random;
use crate::trouble::{Outcome, Trouble};

/// The owners; their ids are made up.
const OWNERS: [i64; 3] = [5_000_000_001, 5_000_000_002, 5_000_000_003];

/// Keys of each provider at the start.
const KEYS_AT_START: u64 = 5;

/// Longest wait for a task to be created, where nothing is killed.
pub(crate) const CREATE_PATIENCE: Duration = Duration::from_secs(15);

/// Longest wait of a dispatcher for a solution.
const SOLVE_PATIENCE: Duration = Duration::from_secs(12);

const OPEN: &str =
    "mutation($input: OpenLeaseInput!) { openLease(input: $input) { lease { token } userErrors { code } } }";
const DEPOSIT: &str = "mutation($input: DepositCreditsInput!) { depositCredits(input: $input) { transaction { id } userErrors { code } } }";
const SUBMIT: &str =
    "mutation($input: SubmitKeyInput!) { submitKey(input: $input) { key { id } userErrors { code } } }";

/// What was acknowledged, and what was asked for.
#[derive(Default)]
pub(crate) struct Notes {
    /// Every key at its provider, whether the server has it or not.
    pub(crate) keys: BTreeMap<KeyName, String>,
    /// Keys that the server took.
    pub(crate) taken: Vec<KeyName>,
    /// Tasks whose solution a dispatcher got.
    pub(crate) solved: Vec<String>,
    /// Deposits that billing asked for, and whether they were acknowledged.
    pub(crate) deposits: BTreeMap<String, bool>,
}

/// Counts of the load, for people and for the full disk.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) opened: AtomicU64,
    pub(crate) failed: AtomicU64,
    /// Calls without an answer.
    pub(crate) cut_off: AtomicU64,
    /// Calls answered with an error of the server's.
    pub(crate) refused: AtomicU64,
}

/// Everything that callers share.
pub(crate) struct Load {
    pub(crate) oracle: Oracle,
    pub(crate) counts: Counts,
    notes: Mutex<Notes>,
    places: watch::Receiver<Places>,
    client: reqwest::Client,
    over: AtomicBool,
    seed: u64,
}

/// Tokens of the two services.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) dispatcher: String,
    pub(crate) billing: String,
}

impl Load {
    pub(crate) fn new(oracle: Oracle, client: reqwest::Client, places: watch::Receiver<Places>, seed: u64) -> Self {
        Self {
            oracle,
            client,
            places,
            seed,
            counts: Counts::default(),
            notes: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    /// What was noted so far.
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has everybody finish what they are at.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Hands over the first keys.
    pub(crate) async fn hand_over(&self) -> Outcome<()> {
        let mut random = Random::new(self.seed, 2);
        for number in 0..KEYS_AT_START {
            for slug in SLUGS {
                let owner = *random.pick(&OWNERS);
                self.hand_over_one(owner, (slug, number), &mut random).await?;
            }
        }
        Ok(())
    }

    /// Hands over a fresh key, which the server has to take.
    pub(crate) async fn hand_over_one(&self, owner: i64, name: KeyName, random: &mut Random) -> Outcome<()> {
        if self.submit(owner, name, random).await? {
            return Ok(());
        }
        Err(Trouble(format!("the server does not take key {}", label(name))))
    }

    /// Starts everybody.
    pub(crate) fn start(self: &Arc<Self>, workers: u64, tokens: &Tokens) -> JoinSet<Outcome<()>> {
        let mut all = JoinSet::new();
        for worker in 0..workers {
            let (load, token) = (self.clone(), tokens.dispatcher.clone());
            all.spawn(async move { load.dispatch(worker, &token).await });
        }
        let (load, token) = (self.clone(), tokens.billing.clone());
        all.spawn(async move { load.bill(&token).await });
        let load = self.clone();
        all.spawn(async move { load.bring_keys().await });
        let load = self.clone();
        all.spawn(async move { load.make_mischief().await });
        all
    }

    async fn dispatch(&self, worker: u64, token: &str) -> Outcome<()> {
        let mut random = Random::new(self.seed, 100 + worker);
        let mut number = 0;
        while !self.is_over() {
            number += 1;
            let slug = *random.pick(&SLUGS);
            // CapSolver answers pictures inside createTask.
            let is_picture = slug == "capsolver" && random.chance(40);
            let (kind, task) = if is_picture { ("IMAGE_TO_TEXT", picture()) } else { ("TURNSTILE", turnstile(slug)) };
            let id = format!("task-{worker}-{number}");
            let route = json!({ "taskType": kind, "onlyProviders": [slug.to_uppercase()] });
            let Some(lease) = self.open(token, &id, &route).await else { break };
            if !lease.is_string() {
                sleep(random.between(Duration::from_millis(50), Duration::from_millis(300))).await;
                continue;
            }
            self.counts.opened.fetch_add(1, Ordering::Relaxed);
            if self.solve(&lease, &task, &mut random).await {
                self.notes().solved.push(id);
            } else {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Opens a lease and answers its token, null when no key is free; nothing when the load is over.
    pub(crate) async fn open(&self, token: &str, task_id: &str, route: &Value) -> Option<Value> {
        let input = json!({ "taskId": task_id, "route": route });
        let mut data = self.insist(&format!("Bearer {token}"), OPEN, &input).await?;
        Some(data["openLease"]["lease"]["token"].take())
    }

    /// Creates the task of a lease.
    pub(crate) async fn create(&self, lease: &Value, task: &Value, end: Instant) -> Option<Value> {
        self.repeat("createTask", &json!({ "clientKey": lease, "task": task }), end).await
    }

    /// Creates the task and polls for it, as a client of the provider would.
    async fn solve(&self, lease: &Value, task: &Value, random: &mut Random) -> bool {
        let end = Instant::now() + SOLVE_PATIENCE;
        let Some(created) = self.create(lease, task, end).await else { return false };
        if created["errorId"] != 0 {
            return false;
        }
        if created["status"] == "ready" {
            return true;
        }
        let poll = json!({ "clientKey": lease, "taskId": created["taskId"] });
        while Instant::now() < end {
            sleep(random.between(Duration::from_millis(100), Duration::from_millis(300))).await;
            let Some(polled) = self.repeat("getTaskResult", &poll, end).await else { return false };
            if polled["errorId"] != 0 {
                return false;
            }
            if polled["status"] == "ready" {
                return true;
            }
        }
        false
    }

    /// A call of the gateway, repeated until it is answered at all.
    async fn repeat(&self, method: &str, body: &Value, end: Instant) -> Option<Value> {
        while Instant::now() < end {
            let address = format!("{}/{method}", self.places.borrow().gateway);
            // A repeated creation waits as long as the first one is under way, or seems to be.
            match timeout_at(end.into(), self.post(&address, None, body)).await {
                Ok(None) => {}
                Ok(answer) => return answer,
                Err(_) => return None,
            }
            sleep(Duration::from_millis(80)).await;
        }
        None
    }

    /// An operation of the API, repeated until it has data or the load is over.
    async fn insist(&self, authorization: &str, document: &str, input: &Value) -> Option<Value> {
        let body = json!({ "query": document, "variables": { "input": input } });
        let mut is_last = false;
        while !is_last {
            // What was begun is tried once more after the end, when the server stays up.
            is_last = self.is_over();
            let address = format!("{}/graphql", self.places.borrow().public);
            if let Some(mut answer) = self.post(&address, Some(authorization), &body).await {
                if answer.get("errors").is_none() {
                    return Some(answer["data"].take());
                }
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            sleep(Duration::from_millis(80)).await;
        }
        None
    }

    async fn post(&self, address: &str, authorization: Option<&str>, body: &Value) -> Option<Value> {
        let mut request = self.client.post(address).header("content-type", "application/json").body(body.to_string());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let text = async { request.send().await?.text().await }.await.ok();
        let answer = text.and_then(|text| serde_json::from_str(&text).ok());
        if answer.is_none() {
            self.counts.cut_off.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// Deposits a cent again and again, each under a name of its own.
    async fn bill(&self, token: &str) -> Outcome<()> {
        let mut random = Random::new(self.seed, 3);
        let mut number = 0;
        while !self.is_over() {
            number += 1;
            let name = format!("deposit-{number}");
            self.notes().deposits.insert(name.clone(), false);
            let owner = random.pick(&OWNERS).to_string();
            let input = json!({ "account": { "telegramUserId": owner }, "amount": "0.01", "idempotencyKey": name });
            let Some(data) = self.insist(&format!("Bearer {token}"), DEPOSIT, &input).await else { break };
            if data["depositCredits"]["transaction"]["id"].is_string() {
                self.notes().deposits.insert(name, true);
            }
            sleep(random.between(Duration::from_millis(50), Duration::from_millis(250))).await;
        }
        Ok(())
    }

    /// Brings a fresh key now and then: attempts in doubt keep theirs from being lent.
    async fn bring_keys(&self) -> Outcome<()> {
        let mut random = Random::new(self.seed, 4);
        let mut number = KEYS_AT_START;
        while !self.is_over() {
            sleep(random.between(Duration::from_millis(500), Duration::from_millis(1500))).await;
            let slug = *random.pick(&SLUGS);
            let owner = *random.pick(&OWNERS);
            self.submit(owner, (slug, number), &mut random).await?;
            number += 1;
        }
        Ok(())
    }

    /// Hands a fresh key over and answers whether it was taken.
    async fn submit(&self, owner: i64, name: KeyName, random: &mut Random) -> Outcome<bool> {
        let key = fresh_key(name.0, random);
        self.oracle.make_key(name.0, &key).await?;
        self.notes().keys.insert(name, key.clone());
        let authorization = authorization(owner);
        let input = json!({ "provider": name.0.to_uppercase(), "key": key, "label": label(name) });
        let answer = self.insist(&authorization, SUBMIT, &input).await;
        let is_taken = answer.is_some_and(|data| data["submitKey"]["key"]["id"].is_string());
        if is_taken {
            self.notes().taken.push(name);
        }
        Ok(is_taken)
    }

    async fn make_mischief(&self) -> Outcome<()> {
        let mut random = Random::new(self.seed, 5);
        while !self.is_over() {
            sleep(random.between(Duration::from_millis(800), Duration::from_millis(2400))).await;
            self.oracle.make_mischief(&mut random).await?;
        }
        self.oracle.end_mischief().await
    }
}

/// What an owner signs in with.
pub(crate) fn authorization(owner: i64) -> String {
    format!("tma {}", sign_init_data(&BOT_TOKEN.into(), owner, SystemClock.now()))
}

/// What the server calls a key.
pub(crate) fn label((slug, number): KeyName) -> String {
    format!("{slug} {number}")
}

/// A Turnstile task as a provider's dialect names it.
pub(crate) fn turnstile(slug: &str) -> Value {
    let name = match slug {
        "capsolver" => "AntiTurnstileTaskProxyLess",
        "capmonster_cloud" => "TurnstileTask",
        "ucaptcha_native" => "TurnstileTokenProxyLess",
        _ => "TurnstileTaskProxyless",
    };
    json!({ "type": name, "websiteURL": "https://example.com/", "websiteKey": "site-key-of-a-page" })
}

fn picture() -> Value {
    json!({ "type": "ImageToTextTask", "body": format!("R0lGODlh{}", "A".repeat(200)) })
}

//! Callers beside a rotation: a steady number of requests a second, all of which have to be answered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use super::Serving;
use crate::support::gateway::Gateway;
use crate::support::scene::turnstile;
use crate::support::{Caller, Providers};

/// Requests a second.
const PACE: u64 = 100;

/// Longest time that requests go on.
const PATIENCE: Duration = Duration::from_secs(900);

/// Keys that serve leases, and keys that come and go: no more than an owner may have validated at once.
const LENT: usize = 8;
const COMING_AND_GOING: usize = 2;

/// What was asked, and how it went.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) asked: AtomicU64,
    pub(super) leases: AtomicU64,
    pub(super) revived: AtomicU64,
    /// What was answered otherwise than it has to be.
    pub(super) failures: Mutex<Vec<String>>,
}

struct Cast {
    owner: Caller,
    dispatcher: Caller,
    gateway: Gateway,
    lent: Vec<Value>,
    /// Each is busy while somebody removes it and brings it back.
    coming: Vec<(tokio::sync::Mutex<Value>, String)>,
    counts: Counts,
}

/// What was asked for, what was answered, and whether it had to be.
type Outcome = (&'static str, Value, bool);

/// Requests under way.
pub(super) struct Load {
    cast: Arc<Cast>,
    stop: Arc<AtomicBool>,
    running: JoinHandle<()>,
}

impl Load {
    /// Hands keys over and begins.
    pub(super) async fn begin(serving: &Serving, owner: Caller, dispatcher: Caller, providers: &Providers) -> Self {
        let (mut lent, mut coming) = (Vec::new(), Vec::new());
        for _ in 0..LENT {
            let key = providers.key("capsolver", "1000").await;
            lent.push(handed_over(&owner, "CAPSOLVER", &key).await);
        }
        for _ in 0..COMING_AND_GOING {
            let key = providers.key("two_captcha", "1000").await;
            let id = handed_over(&owner, "TWO_CAPTCHA", &key).await;
            coming.push((tokio::sync::Mutex::new(id), key));
        }
        let gateway = Gateway::at(serving.gateway.clone());
        let cast = Arc::new(Cast { owner, dispatcher, gateway, lent, coming, counts: Counts::default() });
        let stop = Arc::new(AtomicBool::new(false));
        let running = tokio::spawn(run(cast.clone(), stop.clone()));
        Self { cast, stop, running }
    }

    /// Ends when what is under way is answered; says how a request ended that was not answered at all.
    pub(super) async fn end(self) -> Result<Counts, String> {
        self.stop.store(true, Ordering::SeqCst);
        self.running.await.map_err(|error| error.to_string())?;
        Ok(Arc::into_inner(self.cast).expect("nobody asks any more").counts)
    }
}

async fn handed_over(owner: &Caller, provider: &str, key: &str) -> Value {
    let submitted = owner.submit(provider, key).await;
    assert_eq!(submitted["key"]["status"], "ACTIVE", "{submitted}");
    submitted["key"]["id"].clone()
}

async fn run(cast: Arc<Cast>, stop: Arc<AtomicBool>) {
    let mut ticks = interval(Duration::from_millis(1_000 / PACE));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut under_way = JoinSet::new();
    let most = PACE * PATIENCE.as_secs();
    for number in 0..most {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        ticks.tick().await;
        let cast = cast.clone();
        under_way.spawn(async move { cast.ask(number).await });
        while let Some(asked) = under_way.try_join_next() {
            asked.expect("somebody is answered");
        }
    }
    while let Some(asked) = under_way.join_next().await {
        asked.expect("somebody is answered");
    }
}

impl Cast {
    async fn ask(&self, number: u64) {
        let place = usize::try_from(number).expect("a short load");
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
        let (what, answer, is_good) = match number % 10 {
            0 => self.lease(number).await,
            1 => self.come_and_go(place / 10).await,
            2..5 => self.check(place).await,
            _ => self.decide().await,
        };
        if !is_good {
            let mut failures = self.counts.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.push(format!("{what}: {answer}"));
        }
    }

    async fn decide(&self) -> Outcome {
        let document = "{ bestKey(route: { taskType: TURNSTILE }) { choice { keyClass } } }";
        let answer = self.dispatcher.run(document, Value::Null).await.0;
        let is_good = answer.get("errors").is_none();
        ("a decision", answer, is_good)
    }

    async fn check(&self, place: usize) -> Outcome {
        let document = "mutation($input: CheckKeyBalanceInput!) { checkKeyBalance(input: $input) {
            key { status problem { code } } userErrors { code } } }";
        let input = json!({ "input": { "keyId": self.lent[place % LENT] } });
        let answer = self.owner.run(document, input).await.0;
        let checked = &answer["data"]["checkKeyBalance"];
        let is_good = checked["key"]["status"] == "ACTIVE" && checked["userErrors"] == json!([]);
        ("a check", answer, is_good)
    }

    /// A lease that was opened has to be good for its task.
    async fn lease(&self, number: u64) -> Outcome {
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["CAPSOLVER"] });
        let opened = self.dispatcher.open_lease(&format!("task-{number}"), 1, route).await;
        if opened["lease"].is_null() {
            // All keys have as many attempts as they bear.
            let is_good = opened["userErrors"][0]["code"] == "NO_KEY_AVAILABLE";
            return ("a lease", opened, is_good);
        }
        self.counts.leases.fetch_add(1, Ordering::Relaxed);
        let created = self.gateway.create(&opened["lease"]["token"], &turnstile("capsolver")).await;
        let is_good = created["errorId"] == 0;
        ("a task", created, is_good)
    }

    /// The owner removes a key, which erases it, and hands it over again, which seals it anew.
    async fn come_and_go(&self, place: usize) -> Outcome {
        let (id, secret) = &self.coming[place % COMING_AND_GOING];
        let Ok(id) = id.try_lock() else { return ("a key that is busy", Value::Null, true) };
        let removed = self.owner.remove(&id).await;
        let back = self.owner.submit("TWO_CAPTCHA", secret).await;
        self.counts.revived.fetch_add(1, Ordering::Relaxed);
        let is_good =
            removed["userErrors"] == json!([]) && back["key"]["status"] == "ACTIVE" && back["key"]["id"] == *id;
        ("a key that comes back", json!([removed, back]), is_good)
    }
}

//! Callers beside a rotation: a steady number of requests a second, all of which have to be answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// Keys that serve leases, and keys that come and go.
const LENT: usize = 8;
const COMING_AND_GOING: usize = 4;

/// What was asked, and how it went.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) asked: AtomicU64,
    pub(super) leases: AtomicU64,
    pub(super) revived: AtomicU64,
    pub(super) failed: AtomicU64,
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
            lent.push(owner.submit("CAPSOLVER", &key).await["key"]["id"].clone());
        }
        for _ in 0..COMING_AND_GOING {
            let key = providers.key("two_captcha", "1000").await;
            let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
            coming.push((tokio::sync::Mutex::new(id), key));
        }
        let gateway = Gateway::at(serving.gateway.clone());
        let cast = Arc::new(Cast { owner, dispatcher, gateway, lent, coming, counts: Counts::default() });
        let stop = Arc::new(AtomicBool::new(false));
        let running = tokio::spawn(run(cast.clone(), stop.clone()));
        Self { cast, stop, running }
    }

    /// Ends when what is under way is answered.
    pub(super) async fn end(self) -> Counts {
        self.stop.store(true, Ordering::SeqCst);
        self.running.await.expect("the requests end");
        Arc::into_inner(self.cast).expect("nobody asks any more").counts
    }
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
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

impl Cast {
    async fn ask(&self, number: u64) {
        let place = usize::try_from(number).expect("a short load");
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
        let went_well = match number % 10 {
            0 => self.lease(number).await,
            1 => self.come_and_go(place / 10).await,
            2..5 => self.check(place).await,
            _ => self.decide().await,
        };
        if !went_well {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn decide(&self) -> bool {
        let document = "{ bestKey(route: { taskType: TURNSTILE }) { choice { keyClass } } }";
        self.dispatcher.run(document, Value::Null).await.0.get("errors").is_none()
    }

    async fn check(&self, place: usize) -> bool {
        let document = "mutation($input: CheckKeyBalanceInput!) { checkKeyBalance(input: $input) {
            key { status problem { code } } userErrors { code } } }";
        let input = json!({ "input": { "keyId": self.lent[place % LENT] } });
        let answer = self.owner.run(document, input).await.0;
        let checked = &answer["data"]["checkKeyBalance"];
        checked["key"]["status"] == "ACTIVE" && checked["userErrors"] == json!([])
    }

    /// A lease that was opened has to be good for its task.
    async fn lease(&self, number: u64) -> bool {
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["CAPSOLVER"] });
        let opened = self.dispatcher.open_lease(&format!("task-{number}"), 1, route).await;
        if opened["lease"].is_null() {
            // All keys have as many attempts as they bear.
            return opened["userErrors"][0]["code"] == "NO_KEY_AVAILABLE";
        }
        self.counts.leases.fetch_add(1, Ordering::Relaxed);
        let created = self.gateway.create(&opened["lease"]["token"], &turnstile("capsolver")).await;
        created["errorId"] == 0
    }

    /// The owner removes a key, which erases it, and hands it over again, which seals it anew.
    async fn come_and_go(&self, place: usize) -> bool {
        let (id, secret) = &self.coming[place % COMING_AND_GOING];
        let Ok(mut id) = id.try_lock() else { return true };
        let removed = self.owner.remove(&id).await;
        let back = self.owner.submit("TWO_CAPTCHA", secret).await;
        *id = back["key"]["id"].clone();
        self.counts.revived.fetch_add(1, Ordering::Relaxed);
        removed["userErrors"] == json!([]) && back["key"]["status"] == "ACTIVE"
    }
}

//! The demo's dispatcher: a process of its own that gets leases by GraphQL and solves tasks at the
//! gateway, knowing nothing of the server but its API.
//!
//! It gets its orders as the first line of standard input. The next line lets it finish what it has
//! begun; when standard input closes, it ends at once.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::domain::{ProviderCode, Secret, TaskType};

use super::child::stdin_lines;
use super::client::{Client, Trouble};
use super::dialect::{Ticket, solve_json, solve_legacy, speaks_legacy};
use super::random::Random;

/// Tries at one task.
const TRIES_MAX: i32 = 3;
/// Waits for a key before a task is given up.
const WAITS_MAX: u32 = 12;

/// The task types it gets, each as often as it stands here.
const MIX: [TaskType; 9] = [
    TaskType::ImageToText,
    TaskType::ImageToText,
    TaskType::ImageToText,
    TaskType::ImageToText,
    TaskType::Turnstile,
    TaskType::Turnstile,
    TaskType::RecaptchaV2,
    TaskType::RecaptchaV3,
    TaskType::Hcaptcha,
];

/// What the dispatcher is told.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Orders {
    /// Address of the GraphQL API.
    pub(super) graphql: String,
    /// Its service token.
    pub(super) token: String,
    /// Tasks at once.
    pub(super) workers: u64,
    /// Telegram ids of the accounts that ask for tasks.
    pub(super) owners: Vec<i64>,
    /// Seed of the tasks.
    pub(super) seed: u64,
    /// Tasks to begin with.
    pub(super) errands: Vec<Errand>,
}

/// A task for a certain account at a certain provider.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Errand {
    pub(super) account: i64,
    pub(super) provider: ProviderCode,
    pub(super) task_type: TaskType,
}

/// Reads the orders and dispatches until told to finish.
pub(crate) async fn dispatch() -> Result<(), Trouble> {
    let mut lines = stdin_lines();
    let first = lines.recv().await.ok_or_else(|| Trouble::new("no orders came"))?;
    let orders: Orders = serde_json::from_str(&first).map_err(|_| Trouble::new("the orders cannot be read"))?;
    let (stop, stopped) = watch::channel(false);
    let desk = Arc::new(Desk::open(orders, stopped).await?);
    let mut workers = JoinSet::new();
    for number in 0..desk.orders.workers {
        workers.spawn(Worker::new(Arc::clone(&desk), number).work());
    }
    if lines.recv().await.is_none() {
        return Ok(());
    }
    // Nobody listens any more once every worker has ended.
    let _ = stop.send(true);
    let finished = async { while workers.join_next().await.is_some() {} };
    tokio::select! {
        () = finished => {}
        _ = lines.recv() => {}
    }
    Ok(())
}

/// What all workers share.
struct Desk {
    client: Client,
    authorization: Secret,
    orders: Orders,
    offers: Vec<Offer>,
    stopped: watch::Receiver<bool>,
}

/// A kind of task at a provider, under the provider's own name.
struct Offer {
    provider: ProviderCode,
    task_type: TaskType,
    name: String,
}

const OFFERS: &str = "{ providers { code tasks { taskType proxylessName } } }";

const OPEN: &str = "mutation($input: OpenLeaseInput!) {
  openLease(input: $input) {
    lease { token endpoint attempt { id provider { code } } }
    userErrors { code }
  }
}";

const RELEASE: &str = "mutation($input: ReleaseLeaseInput!) {
  releaseLease(input: $input) { userErrors { code } }
}";

const REPORT: &str = "mutation($input: ReportSolutionInput!) {
  reportSolution(input: $input) { userErrors { code } }
}";

impl Desk {
    async fn open(orders: Orders, stopped: watch::Receiver<bool>) -> Result<Self, Trouble> {
        let authorization = Secret::from(format!("Bearer {}", orders.token));
        let mut desk = Self { client: Client::new()?, authorization, orders, offers: Vec::new(), stopped };
        let data = desk.ask(OFFERS, Value::Null).await?;
        desk.offers = read_offers(&data);
        Ok(desk)
    }

    async fn ask(&self, document: &str, variables: Value) -> Result<Value, Trouble> {
        self.client.graphql(&self.orders.graphql, self.authorization.expose_secret(), document, variables).await
    }

    fn has_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    fn offer(&self, provider: ProviderCode, task_type: TaskType) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.provider == provider && offer.task_type == task_type)
    }
}

fn read_offers(data: &Value) -> Vec<Offer> {
    let items = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut offers = Vec::new();
    for provider in items(data, "providers") {
        let Some(code) = text(&provider, "code").as_deref().and_then(ProviderCode::from_code) else { continue };
        for task in items(&provider, "tasks") {
            let task_type = text(&task, "taskType").as_deref().and_then(TaskType::from_code);
            if let Some((task_type, name)) = task_type.zip(text(&task, "proxylessName")) {
                offers.push(Offer { provider: code, task_type, name });
            }
        }
    }
    offers
}

/// One task at a time.
struct Worker {
    desk: Arc<Desk>,
    number: u64,
    random: Random,
}

/// How an attempt went.
enum Tried {
    /// Solved, or nothing more to do about it.
    Done,
    /// Worth another try.
    Again,
    /// Nothing was eligible, or the last attempt has not ended.
    Wait,
}

impl Worker {
    fn new(desk: Arc<Desk>, number: u64) -> Self {
        let random = Random::new(desk.orders.seed, 1_000 + number);
        Self { desk, number, random }
    }

    async fn work(mut self) {
        let mut serial = 0_u64;
        while !self.desk.has_stopped() {
            serial += 1;
            let route = self.route(serial);
            self.task(&format!("demo-{}-{serial}", self.number), &route).await;
        }
    }

    /// What the task asks for: an errand first, then three in five pinned to one provider, so that
    /// all six are seen at work, and the rest left to the router.
    fn route(&mut self, serial: u64) -> Value {
        let errand = usize::try_from(self.number).ok().and_then(|place| self.desk.orders.errands.get(place));
        if let Some(Errand { account, provider, task_type }) = errand.filter(|_| serial == 1) {
            return route(*task_type, *account, 50, Some(*provider));
        }
        let desk = Arc::clone(&self.desk);
        let task_type = self.random.pick(&MIX).copied().unwrap_or(TaskType::ImageToText);
        let account = self.random.pick(&desk.orders.owners).copied().unwrap_or(0);
        let weight = self.random.pick(&[10, 50, 90]).copied().unwrap_or(50);
        let pinned = if self.random.chance(60) { self.random.pick(ProviderCode::ALL).copied() } else { None };
        route(task_type, account, weight, pinned.filter(|code| desk.offer(*code, task_type).is_some()))
    }

    async fn task(&mut self, id: &str, route: &Value) {
        let mut waits = 0;
        let mut number = 1;
        while number <= TRIES_MAX && waits < WAITS_MAX && !self.desk.has_stopped() {
            // A call that failed on the way is repeated: the same task and number mean the same lease.
            match self.attempt(id, number, route).await.unwrap_or(Tried::Wait) {
                Tried::Done => return,
                Tried::Again => number += 1,
                Tried::Wait => {
                    waits += 1;
                    sleep(Duration::from_millis(200 + self.random.below(500))).await;
                }
            }
        }
    }

    async fn attempt(&mut self, id: &str, number: i32, route: &Value) -> Result<Tried, Trouble> {
        let input = json!({ "taskId": id, "attempt": number, "route": route });
        let data = self.desk.ask(OPEN, json!({ "input": input })).await?;
        let text = |path: &str| data.pointer(path).and_then(Value::as_str).map(str::to_owned);
        match text("/openLease/userErrors/0/code").as_deref() {
            None => {}
            Some("NO_KEY_AVAILABLE" | "ATTEMPT_OPEN" | "TOO_MANY_LEASES") => return Ok(Tried::Wait),
            Some(_) => return Ok(Tried::Done),
        }
        let provider = text("/openLease/lease/attempt/provider/code").as_deref().and_then(ProviderCode::from_code);
        let lease = text("/openLease/lease/token").zip(text("/openLease/lease/endpoint")).zip(provider);
        let (Some(((token, endpoint), provider)), Some(attempt)) = (lease, text("/openLease/lease/attempt/id")) else {
            return Err(Trouble::new("a lease came back incomplete"));
        };
        if self.random.chance(2) {
            // Now and then a task is withdrawn before it is sent.
            self.desk.ask(RELEASE, json!({ "input": { "attemptId": attempt } })).await?;
            return Ok(Tried::Done);
        }
        let task_type = route.get("taskType").and_then(Value::as_str).and_then(TaskType::from_code);
        let ticket = Ticket { provider, endpoint, token };
        // An attempt whose answer got lost is not repeated: it may have been paid for.
        let solved = self.solve(&ticket, task_type).await.unwrap_or(false);
        if solved && self.random.chance(20) {
            let verdict = if self.random.chance(90) { "ACCEPTED" } else { "REJECTED" };
            self.desk.ask(REPORT, json!({ "input": { "attemptId": attempt, "verdict": verdict } })).await?;
        }
        Ok(if solved { Tried::Done } else { Tried::Again })
    }

    async fn solve(&mut self, ticket: &Ticket, task_type: Option<TaskType>) -> Result<bool, Trouble> {
        let desk = Arc::clone(&self.desk);
        let Some(offer) = task_type.and_then(|kind| desk.offer(ticket.provider, kind)) else { return Ok(false) };
        let always_legacy = ticket.provider == ProviderCode::Multibot;
        let legacy = speaks_legacy(ticket.provider, offer.task_type) && (always_legacy || self.random.chance(40));
        if legacy {
            solve_legacy(&desk.client, ticket, offer.task_type).await
        } else {
            solve_json(&desk.client, ticket, &offer.name, offer.task_type).await
        }
    }
}

fn route(task_type: TaskType, account: i64, speed_weight: u8, pinned: Option<ProviderCode>) -> Value {
    json!({
        "taskType": task_type,
        "account": { "telegramUserId": account.to_string() },
        "speedWeight": speed_weight,
        "onlyProviders": pinned.map(|provider| [provider]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_by_name() {
        let data = json!({ "providers": [
            { "code": "CAPSOLVER", "tasks": [
                { "taskType": "TURNSTILE", "proxylessName": "AntiTurnstileTaskProxyLess" },
                { "taskType": "DATADOME", "proxylessName": null },
            ] },
            { "code": "SOMEBODY_NEW", "tasks": [] },
        ] });
        let offers = read_offers(&data);
        assert_eq!(offers.len(), 1);
        assert_eq!(offers[0].name, "AntiTurnstileTaskProxyLess");
    }

    #[test]
    fn a_route_is_what_the_api_takes() {
        let pinned = route(TaskType::Turnstile, 5_000_000_001, 90, Some(ProviderCode::Multibot));
        assert_eq!(
            pinned.to_string(),
            r#"{"taskType":"TURNSTILE","account":{"telegramUserId":"5000000001"},"speedWeight":90,"onlyProviders":["MULTIBOT"]}"#
        );
        assert!(route(TaskType::Turnstile, 1, 50, None)["onlyProviders"].is_null());
    }
}

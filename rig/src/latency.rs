//! How long it takes from a provider's last answer to the credit in the owner's hands.
//!
//! The clock starts when the sandbox sends the reply that says how a task ended; where the cost is
//! read from the balance, when it sends the reading that follows. It stops when the event of the
//! credit arrives over the owner's WebSocket, which is sent after the commit. Each worker is an owner
//! with a key at each provider and has one task at a time, so that an event belongs to its task.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandbox::{Answer, Told};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::ground::Ground;
use crate::load::{CREATE_PATIENCE, Load, authorization, label, turnstile};
use crate::oracle::{SLUGS, is_read_from_balance};
use crate::program::{Places, Tuning};
use crate::random::Random;
use crate::restart::task_id;
use crate::say;
use crate::socket::Events;
use crate::spread::{Spread, shown};
use crate::trouble::{Outcome, Trouble};

/// The first owner; made up.
const FIRST_OWNER: i64 = 5_000_001_000;

/// Results are asked for often, and the timer leaves balances alone.
const TUNING: Tuning = Tuning {
    sync_interval: "1h",
    lease_lifetime: "60s",
    review_after: "11m",
    poll_interval: "100ms",
    concurrency: 64,
    requests_per_second: 100_000,
};

/// A task whose credit has arrived.
struct Sample {
    slug: &'static str,
    task: String,
    key: String,
    arrived: Instant,
}

/// Has so many tasks solved and prints how long their credits took.
pub(crate) async fn measure(arguments: &Arguments, seed: u64, count: u64) -> Outcome<bool> {
    let folder = TempDir::with_prefix("rig-")?;
    let habits = json!({ "solve_ms": [50, 500] });
    let ground = Ground::lay(arguments, seed, (folder.path(), folder.path()), &habits, TUNING).await?;
    let token = ground.tokens().await?.dispatcher;
    // The cluster goes with its value.
    let Ground { client, oracle, cluster, program, .. } = ground;
    let (mut server, at) = program.serve().await?;
    let (_places, watched) = watch::channel(at.clone());
    let load = Arc::new(Load::new(oracle, client, watched, seed));
    let told = load.oracle.listen();
    let mut workers = JoinSet::new();
    for worker in 0..arguments.workers {
        let numbers = (worker..count).step_by(usize::try_from(arguments.workers).unwrap_or(1));
        let worker = Worker { load: load.clone(), token: token.clone(), place: worker };
        let at = at.clone();
        workers.spawn(async move { worker.work(&at, numbers).await });
    }
    let mut samples = Vec::new();
    while let Some(ended) = workers.join_next().await {
        samples.extend(ended??);
    }
    server.stop().await?;
    drop(cluster);
    report(arguments, &samples, told)
}

/// An owner who is also the one for whom the tasks are.
struct Worker {
    load: Arc<Load>,
    token: String,
    place: u64,
}

impl Worker {
    async fn work(&self, at: &Places, numbers: impl Iterator<Item = u64>) -> Outcome<Vec<Sample>> {
        let owner = FIRST_OWNER + i64::try_from(self.place).unwrap_or(0);
        let mut random = Random::new(self.place, 7);
        for slug in SLUGS {
            self.load.hand_over_one(owner, (slug, self.place), &mut random).await?;
        }
        let mut events = Events::open(&at.public, &authorization(owner)).await?;
        let mut samples = Vec::new();
        for (slug, number) in SLUGS.into_iter().cycle().skip(usize::try_from(self.place).unwrap_or(0)).zip(numbers) {
            let task = self.create(slug, number, owner).await?;
            let arrived = self.wait_for_credit(slug, &mut events).await?;
            let key = self.load.notes().keys.get(&(slug, self.place)).cloned().unwrap_or_default();
            samples.push(Sample { slug, task, key, arrived });
        }
        Ok(samples)
    }

    /// Creates a task for the owner, whose own key is taken first, and answers the provider's id of it.
    async fn create(&self, slug: &str, number: u64, owner: i64) -> Outcome<String> {
        let account = json!({ "telegramUserId": owner.to_string() });
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [slug.to_uppercase()], "account": account });
        let lease = self.load.open(&self.token, &format!("task-{number}"), &route).await.unwrap_or(Value::Null);
        if !lease.is_string() {
            return Err(Trouble(format!("no lease for task {number} at {slug}")));
        }
        let created = self.load.create(&lease, &turnstile(slug), Instant::now() + CREATE_PATIENCE).await;
        let created = created.unwrap_or(Value::Null);
        if created["errorId"] != 0 {
            return Err(Trouble(format!("task {number} is not created at {slug}: {created}")));
        }
        Ok(task_id(&created["taskId"]))
    }

    async fn wait_for_credit(&self, slug: &'static str, events: &mut Events) -> Outcome<Instant> {
        loop {
            let event = events.next().await?;
            let arrived = Instant::now();
            let posted = &event["transaction"];
            if posted["kind"] == "RECYCLE_CREDIT" {
                let expected = label((slug, self.place));
                let is_ours = posted["key"]["label"] == *expected;
                return if is_ours {
                    Ok(arrived)
                } else {
                    Err(Trouble(format!("a credit of {expected} and not {event}")))
                };
            }
        }
    }
}

/// When the sandbox said what, as far as the clock depends on it.
#[derive(Default)]
struct Said {
    ends: HashMap<(String, String), Instant>,
    readings: HashMap<String, Vec<Instant>>,
}

impl Said {
    fn read(mut told: UnboundedReceiver<Told>) -> Self {
        let mut said = Self::default();
        while let Ok(told) = told.try_recv() {
            let at = told.at.into_std();
            match told.what {
                Answer::Final { task } => {
                    said.ends.entry((told.provider.to_string(), task)).or_insert(at);
                }
                Answer::Balance { key } => said.readings.entry(key).or_default().push(at),
                Answer::Pending { .. } => {}
            }
        }
        said
    }

    /// When the clock of a sample starts.
    fn start(&self, sample: &Sample) -> Option<Instant> {
        let end = *self.ends.get(&(sample.slug.to_owned(), sample.task.clone()))?;
        if !is_read_from_balance(sample.slug) {
            return Some(end);
        }
        self.readings.get(&sample.key)?.iter().copied().find(|reading| *reading >= end)
    }
}

/// Prints the figures; a sample without its beginning is the rig's failure.
fn report(arguments: &Arguments, samples: &[Sample], told: UnboundedReceiver<Told>) -> Outcome<bool> {
    let said = Said::read(told);
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for sample in samples {
        let start = said.start(sample).ok_or_else(|| Trouble(format!("{} was not told", sample.task)))?;
        let time = sample.arrived.saturating_duration_since(start);
        times.entry(sample.slug).or_default().push(time);
        times.entry("all").or_default().push(time);
    }
    say(&format!(
        "\nFrom the terminal reply to the credit at the owner's WebSocket, on {} with {} tasks at once\n\n\
         | provider | from | credits | p50 | p99 | longest |\n|---|---|---|---|---|---|",
        arguments.database.name(),
        arguments.workers,
    ));
    for (slug, times) in times {
        let from = match slug {
            "all" => "",
            _ if is_read_from_balance(slug) => "reading after it",
            _ => "terminal reply",
        };
        let spread: Spread = times.into_iter().collect();
        let [half, most, longest] = [50, 99, 100].map(|percent| shown(spread.percentile(percent)));
        say(&format!("| {slug} | {from} | {} | {half} | {most} | {longest} |", spread.count()));
    }
    Ok(true)
}

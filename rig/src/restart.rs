//! How long a restart takes with many attempts open at the providers.
//!
//! The tasks are never solved, so every attempt stays SUBMITTED. The server is killed and stays away
//! for longer than the time between two polls, so that all of them are due at once when it comes
//! back: the worst case. Measured are the time until it is ready, and until the providers have
//! been asked for each of the tasks again.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandbox::{Answer, Told};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::arguments::Arguments;
use crate::ground::{Ground, connect};
use crate::judge;
use crate::load::{Load, turnstile};
use crate::oracle::{SLUGS, is_read_from_balance};
use crate::program::Tuning;
use crate::random::Random;
use crate::say;
use crate::spread::{Spread, shown};
use crate::trouble::{Outcome, Trouble};

/// The first owner; made up. Each has a key or none at each provider.
const FIRST_OWNER: i64 = 5_000_002_000;

/// Time between two polls of a task, and the server's absence.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// Limits are settings of an installation, and are put out of the way.
const TUNING: Tuning = Tuning {
    sync_interval: "1h",
    lease_lifetime: "60s",
    review_after: "11m",
    poll_interval: "60s",
    concurrency: 256,
    requests_per_second: 100_000,
};

/// Attempts of one key at once, where the cap is not one.
const PER_KEY: u64 = 10;

/// Callers at once while keys and attempts are made.
const CALLERS: u64 = 16;

/// Longest time for all attempts to be opened: some seconds less than the shortest result window.
const OPEN_PATIENCE: Duration = Duration::from_secs(200);

/// Longest wait for all of them to be asked for again.
const POLL_PATIENCE: Duration = Duration::from_secs(120);

/// Opens so many attempts, restarts the server, and prints the figures. Answers whether every attempt
/// was there and asked for again.
pub(crate) async fn measure(arguments: &Arguments, seed: u64, count: u64) -> Outcome<bool> {
    let folder = TempDir::with_prefix("rig-")?;
    let never = u64::from(u32::MAX);
    let habits = json!({ "solve_ms": [never, never], "result_window_ms": never, "max_polls": 0 });
    let ground = Ground::lay(arguments, seed, (folder.path(), folder.path()), &habits, TUNING).await?;
    let token = ground.tokens().await?.dispatcher;
    // The cluster goes with its value.
    let Ground { client, oracle, cluster, program, database } = ground;
    let (mut server, at) = program.serve().await?;
    let (places, watched) = watch::channel(at);
    let load = Arc::new(Load::new(oracle, client.clone(), watched, seed));
    let begin = Instant::now();
    hand_over(&load, count).await?;
    say(&format!("{} keys handed over in {} s", load.notes().taken.len(), begin.elapsed().as_secs()));
    let begin = Instant::now();
    let tasks = open_all(&load, &token, count).await?;
    say(&format!("{count} attempts opened in {} s", begin.elapsed().as_secs()));
    server.kill().await?;
    sleep(POLL_INTERVAL).await;
    let mut told = load.oracle.listen();
    let begin = Instant::now();
    let (mut server, at) = program.serve().await?;
    let listening = begin.elapsed();
    wait_until_ready(&client, &at.admin).await?;
    let ready = begin.elapsed();
    places.send_replace(at);
    let polled = watch_polls(&mut told, tasks.clone(), begin).await;
    let rows = connect(&database).await?;
    let open = judge::count_in(&rows, &["SUBMITTED"]).await?;
    rows.close().await?;
    server.stop().await?;
    drop(cluster);
    let times = [("listening", listening), ("`/readyz` answers 200", ready)];
    Ok(report(arguments, count, open, &times, &polled, folder.path()))
}

/// Keys for all attempts, with a few to spare: two callers may draw the same one.
async fn hand_over(load: &Arc<Load>, count: u64) -> Outcome<()> {
    let mut all = JoinSet::new();
    for caller in 0..CALLERS {
        let load = load.clone();
        all.spawn(async move {
            let mut random = Random::new(caller, 6);
            for (slug, share) in shares(count) {
                let needed = if is_read_from_balance(slug) { share } else { share.div_ceil(PER_KEY) };
                for number in (0..needed + needed.div_ceil(50)).filter(|number| number % CALLERS == caller) {
                    let owner = FIRST_OWNER + i64::try_from(number).unwrap_or(0);
                    load.hand_over_one(owner, (slug, number), &mut random).await?;
                }
            }
            Ok::<_, Trouble>(())
        });
    }
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    Ok(())
}

/// How many attempts are made at which provider.
fn shares(count: u64) -> impl Iterator<Item = (&'static str, u64)> {
    let providers = SLUGS.len() as u64;
    SLUGS.iter().zip(0..).map(move |(slug, place)| (*slug, count / providers + u64::from(place < count % providers)))
}

/// Opens the attempts, and answers the providers' ids of their tasks.
async fn open_all(load: &Arc<Load>, token: &str, count: u64) -> Outcome<HashSet<String>> {
    let end = Instant::now() + OPEN_PATIENCE;
    let mut all = JoinSet::new();
    for caller in 0..CALLERS {
        let (load, token) = (load.clone(), token.to_owned());
        all.spawn(async move {
            let mut tasks = Vec::new();
            for (slug, share) in shares(count) {
                for number in (0..share).filter(|number| number % CALLERS == caller) {
                    tasks.push(format!("{slug} {}", open(&load, &token, slug, number, end).await?));
                }
            }
            Ok::<_, Trouble>(tasks)
        });
    }
    let mut tasks = HashSet::new();
    while let Some(ended) = all.join_next().await {
        tasks.extend(ended??);
    }
    if tasks.len() as u64 == count { Ok(tasks) } else { Err(Trouble(format!("{} tasks of {count}", tasks.len()))) }
}

async fn open(load: &Load, token: &str, slug: &str, number: u64, end: Instant) -> Outcome<String> {
    let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [slug.to_uppercase()] });
    // A lease that loses its key before the task is created gets another number.
    for again in 0.. {
        if Instant::now() > end {
            break;
        }
        let id = format!("{slug}-{number}-{again}");
        let lease = load.open(token, &id, &route).await.unwrap_or(Value::Null);
        if lease.is_string()
            && let Some(created) = load.create(&lease, &turnstile(slug), end).await
            && created["errorId"] == 0
        {
            return Ok(task_id(&created["taskId"]));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(Trouble("the attempts are not open in time; take fewer, or a faster machine".to_owned()))
}

/// A task's id as text, whether it stands as a text or as a number.
pub(crate) fn task_id(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

async fn wait_until_ready(client: &reqwest::Client, admin: &str) -> Outcome<()> {
    let ready = async {
        loop {
            let answered = client.get(format!("{admin}/readyz")).send().await;
            if answered.is_ok_and(|response| response.status().is_success()) {
                return;
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(POLL_PATIENCE, ready).await.map_err(|_| Trouble("the server does not become ready".to_owned()))
}

/// When each of the tasks was first asked for, until all were or the patience is over.
async fn watch_polls(told: &mut UnboundedReceiver<Told>, mut left: HashSet<String>, begin: Instant) -> Spread {
    let end = tokio::time::Instant::now() + POLL_PATIENCE;
    let mut times = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let Ok(Some(told)) = tokio::time::timeout_at(end, told.recv()).await else { break };
        if let Answer::Pending { task } = told.what
            && left.remove(&format!("{} {task}", told.provider))
        {
            times.push(told.at.into_std().saturating_duration_since(begin));
        }
    }
    times.into_iter().collect()
}

fn report(
    arguments: &Arguments,
    count: u64,
    open: u64,
    times: &[(&str, Duration)],
    polled: &Spread,
    folder: &Path,
) -> bool {
    let all = polled.count() as u64 == count;
    say(&format!(
        "\nRestart on {} with {count} open attempts, all due: providers' limits {} at once and {} in a second, \
         time from the start of the process\n\n| until | time |\n|---|---|",
        arguments.database.name(),
        TUNING.concurrency,
        TUNING.requests_per_second,
    ));
    times.iter().for_each(|(what, time)| say(&format!("| {what} | {} |", shown(*time))));
    for percent in [1, 50, 90, 100] {
        say(&format!("| {percent} % of the attempts asked for again | {} |", shown(polled.percentile(percent))));
    }
    if !all {
        say(&format!("\nBROKEN: {} of {count} attempts were asked for again", polled.count()));
    }
    if open != count {
        say(&format!("\nBROKEN: {open} of {count} attempts are SUBMITTED"));
    }
    if let Ok(log) = std::fs::read_to_string(folder.join("server.log")) {
        say(&format!("\n{} lines of the server's log at level WARN", log.lines().count()));
    }
    all && open == count
}

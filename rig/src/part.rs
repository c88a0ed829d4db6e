//! One part: prepare, load and strike, settle, judge, and the line of its result.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::arguments::{Arguments, Database};
use crate::cluster::is_root;
use crate::disk::{FsyncShim, SmallDisk};
use crate::ground::{Ground, connect};
use crate::judge::{self, Findings};
use crate::lives::{Lives, Record};
use crate::load::{Load, Tokens};
use crate::program::Tuning;
use crate::say;
use crate::schedule::{self, Moment, Wishes};
use crate::trouble::{Outcome, Trouble};

/// Longest wait for callers to finish what they are at.
const FINISH_PATIENCE: Duration = Duration::from_secs(60);

/// Unused leases lapse after five seconds; a busy machine gets some more.
const SETTLE_MIN: Duration = Duration::from_secs(15);

/// Everything happens soon.
const TUNING: Tuning = Tuning {
    sync_interval: "1s",
    lease_lifetime: "5s",
    review_after: "60s",
    poll_interval: "200ms",
    concurrency: 16,
    requests_per_second: 1000,
};

/// Runs one part and answers its result; with "held" false the server broke a promise.
///
/// # Errors
/// The rig cannot go on, or a strike that was planned was not carried out.
pub(crate) async fn run(arguments: &Arguments, seed: u64) -> Outcome<Value> {
    let begin = Instant::now();
    let mut folder = TempDir::with_prefix("rig-")?;
    let disk = small_disk(arguments, folder.path()).await?;
    let wishes = Wishes {
        seed,
        length: arguments.length,
        kills: arguments.kills,
        is_postgres: arguments.database == Database::Postgres,
        points: arguments.points.is_some(),
        full_disk: disk.is_some(),
        fsync: arguments.fsync && arguments.database == Database::Sqlite,
    };
    let moments = schedule::draw(wishes);
    let database = arguments.database.name();
    say(&format!("{} on {database}, seed {seed}, load for {} s", arguments.plan, arguments.length.as_secs()));
    moments.iter().for_each(|moment| say(&format!("  {moment}")));
    let mut stage = Stage::set(arguments, seed, folder.path(), disk).await?;
    stage.play(arguments, &moments).await?;
    let findings = stage.judge().await?;
    let result = stage.result(arguments, seed, begin.elapsed(), &findings);
    say(&format!("  {result}"));
    if result["held"] != true {
        folder.disable_cleanup(true);
        say(&format!("  rows and log are kept in {}", folder.path().display()));
        return Ok(result);
    }
    let (planned, done) = (schedule::planned(&moments), stage.lives.record.done);
    if planned != done {
        stage.lives.record.missed.iter().for_each(|missed| say(&format!("  MISSED: {missed}")));
        return Err(Trouble(format!("planned were {planned:?}, carried out {done:?}")));
    }
    Ok(result)
}

async fn small_disk(arguments: &Arguments, folder: &Path) -> Outcome<Option<SmallDisk>> {
    if !arguments.full_disk {
        return Ok(None);
    }
    if arguments.database != Database::Sqlite || !is_root() {
        say("the full disk is left out: it needs SQLite and root");
        return Ok(None);
    }
    SmallDisk::mount(folder).await.map(Some)
}

/// Everything that takes part.
struct Stage {
    lives: Lives,
    load: Arc<Load>,
    tokens: Tokens,
    database: String,
}

impl Stage {
    async fn set(arguments: &Arguments, seed: u64, folder: &Path, disk: Option<SmallDisk>) -> Outcome<Self> {
        let habits = json!({ "solve_ms": [50, 900], "latency_ms": [0, 40], "unsolvable_percent": 10 });
        let rows = disk.as_ref().map_or(folder, |disk| disk.folder.as_path());
        let mut ground = Ground::lay(arguments, seed, (folder, rows), &habits, TUNING).await?;
        let tokens = ground.tokens().await?;
        let is_shimmed = arguments.fsync && arguments.database == Database::Sqlite;
        let shim = if is_shimmed { Some(FsyncShim::build(folder).await?) } else { None };
        ground.program.environment = shim.as_ref().map(FsyncShim::environment).unwrap_or_default();
        let Ground { client, oracle, cluster, program, database } = ground;
        let begin = Instant::now();
        let (server, at) = program.serve().await?;
        let record = Record { last_start: begin.elapsed(), slowest_start: begin.elapsed(), ..Record::default() };
        let (places, watched) = watch::channel(at);
        let load = Arc::new(Load::new(oracle, client, watched, seed));
        let lives = Lives { program, server, places, cluster, disk, shim, record };
        Ok(Self { lives, load, tokens, database })
    }

    fn result(&self, arguments: &Arguments, seed: u64, took: Duration, findings: &Findings) -> Value {
        let (record, counts, notes) = (&self.lives.record, &self.load.counts, self.load.notes());
        let breaches: Vec<&String> = record.breaches.iter().chain(&findings.breaches).collect();
        breaches.iter().for_each(|breach| say(&format!("  BROKEN: {breach}")));
        let done = record.done;
        json!({
            "plan": arguments.plan, "database": arguments.database.name(), "seed": seed,
            "load_s": arguments.length.as_secs(), "took_s": took.as_secs(), "held": breaches.is_empty(),
            "kills": done.kills, "recovery_kills": done.recovery_kills, "points": done.points,
            "database_stops": done.database_stops, "disk_faults": done.disk_faults, "deaths": record.deaths,
            "slowest_start_ms": u64::try_from(record.slowest_start.as_millis()).unwrap_or(u64::MAX),
            "leases": counts.opened.load(Ordering::Relaxed), "solved": notes.solved.len(),
            "failed": counts.failed.load(Ordering::Relaxed), "cut_off": counts.cut_off.load(Ordering::Relaxed),
            "refused": counts.refused.load(Ordering::Relaxed), "deposits": notes.deposits.len(),
            "rows": findings.figures, "breaches": breaches,
        })
    }

    /// The load with its strikes, until nothing moves any more.
    async fn play(&mut self, arguments: &Arguments, moments: &[Moment]) -> Outcome<()> {
        self.load.hand_over().await?;
        let callers = self.load.start(arguments.workers, &self.tokens);
        self.lives.carry_out(moments, arguments.length, &self.load).await?;
        self.load.end();
        finish(callers).await?;
        let database = connect(&self.database).await?;
        let end = Instant::now() + arguments.settle.max(SETTLE_MIN);
        while Instant::now() < end && judge::count_in(&database, &judge::HOLDING).await? > 0 {
            sleep(Duration::from_millis(500)).await;
        }
        // What a kill cut off waits for longer time-outs.
        if judge::count_in(&database, &["RESERVED"]).await? > 0 {
            self.lives.record.breaches.push("leases that nobody used did not expire".to_owned());
        }
        database.close().await?;
        if !self.lives.server.stop().await? {
            self.lives.record.breaches.push("the server did not end in order".to_owned());
        }
        Ok(())
    }

    /// The program's own audit, and the comparison with the books.
    async fn judge(&self) -> Outcome<Findings> {
        let (is_content, said) = self.lives.program.ask(&["audit"]).await?;
        let database = connect(&self.database).await?;
        let mut findings = judge::judge(&database, &self.load).await?;
        database.close().await?;
        if !is_content {
            findings.breaches.push(format!("audit: {said}"));
        }
        if self.load.notes().solved.is_empty() {
            findings.breaches.push("no task was solved".to_owned());
        }
        Ok(findings)
    }
}

async fn finish(mut callers: JoinSet<Outcome<()>>) -> Outcome<()> {
    let all = async {
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        Ok(())
    };
    timeout(FINISH_PATIENCE, all).await.map_err(|_| Trouble("the load does not end".to_owned()))?
}

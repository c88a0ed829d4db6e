//! One part: prepare, load and strike, settle, judge, and the line of its result.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::cluster::{Cluster, is_root};
use crate::disk::{FsyncShim, SmallDisk};
use crate::judge::{self, Findings};
use crate::lives::Lives;
use crate::load::{Load, Tokens};
use crate::oracle::Oracle;
use crate::program::{Places, Program};
use crate::schedule::{self, Moment, Wishes};
use crate::trouble::{Outcome, Trouble};
use crate::{Arguments, Database, say};

/// Longest wait for callers to finish what they are at.
const FINISH_PATIENCE: Duration = Duration::from_secs(60);

/// Unused leases lapse after five seconds; a busy machine gets some more.
const SETTLE_MIN: Duration = Duration::from_secs(15);

/// Longest wait of a caller for one answer.
const CALL_PATIENCE: Duration = Duration::from_secs(15);

/// Runs one part and answers its result; with "held" false the server broke a promise.
pub(crate) async fn run(arguments: &Arguments, seed: u64, program: &Path) -> Outcome<Value> {
    let begin = Instant::now();
    let mut folder = TempDir::with_prefix("rig-")?;
    let disk = small_disk(arguments, folder.path()).await?;
    let wishes = Wishes {
        seed,
        length: arguments.length,
        kills: arguments.kills,
        is_postgres: arguments.database == Database::Postgres,
        points: arguments.points,
        full_disk: disk.is_some(),
        fsync: arguments.fsync && arguments.database == Database::Sqlite,
    };
    let moments = schedule::draw(wishes);
    let database = arguments.database.name();
    say(&format!("seed {seed}, {database}, load for {} s", arguments.length.as_secs()));
    moments.iter().for_each(|moment| say(&format!("  {moment}")));
    let mut stage = Stage::set(arguments, seed, program, folder.path(), disk).await?;
    stage.play(arguments, &moments).await?;
    let findings = stage.judge().await?;
    let (lives, counts) = (&stage.lives, &stage.load.counts);
    let breaches: Vec<&String> = lives.breaches.iter().chain(&findings.breaches).collect();
    let held = breaches.is_empty();
    if !held {
        folder.disable_cleanup(true);
        breaches.iter().for_each(|breach| say(&format!("  BROKEN: {breach}")));
        say(&format!("  rows and log are kept in {}", folder.path().display()));
    }
    let result = json!({
        "seed": seed, "database": database, "load_s": arguments.length.as_secs(), "held": held,
        "took_s": begin.elapsed().as_secs(), "strikes": moments.len(), "deaths": lives.deaths,
        "slowest_start_ms": u64::try_from(lives.slowest_start.as_millis()).unwrap_or(u64::MAX),
        "leases": counts.opened.load(Ordering::Relaxed), "solved": stage.load.notes().solved.len(),
        "failed": counts.failed.load(Ordering::Relaxed), "cut_off": counts.cut_off.load(Ordering::Relaxed),
        "refused": counts.refused.load(Ordering::Relaxed), "deposits": stage.load.notes().deposits.len(),
        "rows": findings.figures, "breaches": breaches,
    });
    say(&format!("  {result}"));
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
    async fn set(
        arguments: &Arguments,
        seed: u64,
        path: &Path,
        folder: &Path,
        disk: Option<SmallDisk>,
    ) -> Outcome<Self> {
        #[expect(clippy::disallowed_methods, reason = "the rig is an outside caller")]
        let client = reqwest::Client::builder().no_proxy().timeout(CALL_PATIENCE).build()?;
        let oracle = Oracle::start(seed, client.clone()).await?;
        let cluster = match (arguments.database, &arguments.postgres_bin) {
            (Database::Sqlite, _) => None,
            (Database::Postgres, Some(programs)) => Some(Cluster::start(programs, folder).await?),
            (Database::Postgres, None) => return Err(Trouble("PostgreSQL needs: --postgres-bin FOLDER".to_owned())),
        };
        let file_folder = disk.as_ref().map_or(folder, |disk| disk.folder.as_path());
        let file = format!("sqlite:{}", file_folder.join("key-recycling.sqlite").display());
        let database = cluster.as_ref().map_or(file, Cluster::url);
        let is_shimmed = arguments.fsync && arguments.database == Database::Sqlite;
        let shim = if is_shimmed { Some(FsyncShim::build(folder).await?) } else { None };
        let environment = shim.as_ref().map(FsyncShim::environment).unwrap_or_default();
        let program = Program { path: path.to_owned(), folder: folder.to_owned(), environment };
        program.prepare(&database, &oracle)?;
        let (is_migrated, said) = program.ask(&["migrate"]).await?;
        if !is_migrated {
            return Err(Trouble(said));
        }
        let tokens = Tokens {
            dispatcher: program.token("dispatcher", "dispatch").await?,
            billing: program.token("billing", "billing").await?,
        };
        let mut server = program.spawn(None)?;
        let Some(at) = server.places().await? else {
            return Err(Trouble(std::fs::read_to_string(folder.join("server.log"))?));
        };
        let (places, watched) = watch::channel::<Places>(at);
        let load = Arc::new(Load::new(oracle, client, watched, seed));
        let (breaches, deaths, slowest_start) = (Vec::new(), 0, Duration::ZERO);
        let lives = Lives { program, server, places, cluster, disk, shim, breaches, deaths, slowest_start };
        Ok(Self { lives, load, tokens, database })
    }

    /// The load with its strikes, until nothing moves any more.
    async fn play(&mut self, arguments: &Arguments, moments: &[Moment]) -> Outcome<()> {
        self.load.hand_over().await?;
        let callers = self.load.start(arguments.workers, &self.tokens);
        self.lives.carry_out(moments, arguments.length, &self.load).await?;
        self.load.end();
        finish(callers).await?;
        let database = self.connect().await?;
        let end = Instant::now() + arguments.settle.max(SETTLE_MIN);
        while Instant::now() < end && judge::count_in(&database, &judge::HOLDING).await? > 0 {
            sleep(Duration::from_millis(500)).await;
        }
        // What a kill cut off waits for longer time-outs.
        if judge::count_in(&database, &["RESERVED"]).await? > 0 {
            self.lives.breaches.push("leases that nobody used did not expire".to_owned());
        }
        database.close().await?;
        if !self.lives.server.stop().await? {
            self.lives.breaches.push("the server did not end in order".to_owned());
        }
        Ok(())
    }

    /// The program's own audit, and the comparison with the books.
    async fn judge(&self) -> Outcome<Findings> {
        let (is_content, said) = self.lives.program.ask(&["audit"]).await?;
        let database = self.connect().await?;
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

    async fn connect(&self) -> Outcome<DatabaseConnection> {
        Ok(sea_orm::Database::connect(&self.database).await?)
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

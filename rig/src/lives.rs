//! Carries a schedule out on a running server, and starts the server again after each death.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{sleep, sleep_until, timeout};

use crate::cluster::Cluster;
use crate::disk::{FsyncShim, SmallDisk};
use crate::load::Load;
use crate::program::{Places, Program, Server};
use crate::say;
use crate::schedule::{Moment, Strike, Tally};
use crate::trouble::{Outcome, Trouble};

/// The signal of `abort`, by which a server dies at a named place.
const SIGABRT: i32 = 6;

/// The signal of the rig's own kills.
const SIGKILL: i32 = 9;

/// Exit code of a program that refuses its variables: one without the named places.
const USAGE: i32 = 2;

/// Shortest time that a server serves between two strikes, so that there is something to lose.
const SERVE_MIN: Duration = Duration::from_millis(600);

/// How often a kill during recovery is tried when the server was up sooner than thought.
const RECOVERY_TRIES: u32 = 6;

/// Longest wait for something that has to happen under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, what it stands on, and what became of it.
pub(crate) struct Lives {
    pub(crate) program: Program,
    pub(crate) server: Server,
    pub(crate) places: watch::Sender<Places>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) disk: Option<SmallDisk>,
    pub(crate) shim: Option<FsyncShim>,
    pub(crate) record: Record,
}

/// What became of the server.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// What a server did that it must not.
    pub(crate) breaches: Vec<String>,
    /// Strikes that were carried out.
    pub(crate) done: Tally,
    /// Strikes that were not, and why: the rig's failure, not the server's.
    pub(crate) missed: Vec<String>,
    /// How often the server died, by the rig or by itself as ordered.
    pub(crate) deaths: u64,
    /// Time from a start until the server served: the last one and the longest.
    pub(crate) last_start: Duration,
    pub(crate) slowest_start: Duration,
}

impl Lives {
    /// Carries the schedule out; moments count from now. One that is late follows as soon as the
    /// server has served for a while.
    pub(crate) async fn carry_out(&mut self, schedule: &[Moment], length: Duration, load: &Arc<Load>) -> Outcome<()> {
        let begin = tokio::time::Instant::now();
        let mut serving_since = begin;
        for moment in schedule {
            sleep_until((begin + moment.at).max(serving_since + SERVE_MIN)).await;
            self.check_alive().await?;
            match &moment.strike {
                Strike::Kill(again) => self.kill(*again).await?,
                Strike::StopDatabase(pause) => self.stop_database(*pause).await?,
                Strike::Point(name, count) => self.die_at(name, *count).await?,
                Strike::FillDisk(blackout) => self.fill_disk(*blackout, load).await?,
                Strike::FailFsync(blackout) => self.fail_fsync(*blackout).await?,
            }
            serving_since = tokio::time::Instant::now();
        }
        sleep_until((begin + length).max(serving_since + SERVE_MIN)).await;
        self.check_alive().await
    }

    /// Nobody but the rig ends a server.
    async fn check_alive(&mut self) -> Outcome<()> {
        if let Some(status) = self.server.ended(Duration::ZERO).await? {
            self.record.breaches.push(format!("the server ended by itself: {status}"));
            self.start().await?;
        }
        Ok(())
    }

    async fn kill(&mut self, again: Option<u32>) -> Outcome<()> {
        if self.end().await? {
            self.record.done.kills += 1;
        } else {
            self.record.missed.push("a kill came too late".to_owned());
        }
        if let Some(percent) = again {
            self.kill_during_recovery(percent).await?;
        }
        self.start().await
    }

    /// Kills a server that has been started and does not serve yet. One that is up sooner than the
    /// last start makes believe is killed all the same, and the next one earlier.
    async fn kill_during_recovery(&mut self, percent: u32) -> Outcome<()> {
        let mut after = self.record.last_start * percent / 100;
        for _ in 0..RECOVERY_TRIES {
            self.server = self.program.spawn()?;
            let is_up = timeout(after, self.server.places()).await.is_ok();
            if self.end().await? && !is_up {
                self.record.done.recovery_kills += 1;
                return Ok(());
            }
            after /= 2;
        }
        self.record.missed.push(format!("the server was up too soon to be killed at {percent} % of its start"));
        Ok(())
    }

    /// Kills the server; answers whether it lived until then.
    async fn end(&mut self) -> Outcome<bool> {
        self.record.deaths += 1;
        let status = self.server.kill().await?;
        let is_ours = status.signal() == Some(SIGKILL);
        if !is_ours {
            self.record.breaches.push(format!("the server ended by itself before it was killed: {status}"));
        }
        Ok(is_ours)
    }

    /// Starts the server and tells the load where it is.
    async fn start(&mut self) -> Outcome<()> {
        let begin = Instant::now();
        let (server, places) = self.program.serve().await?;
        self.server = server;
        self.record.last_start = begin.elapsed();
        self.record.slowest_start = self.record.slowest_start.max(self.record.last_start);
        self.places.send_replace(places);
        Ok(())
    }

    async fn stop_database(&mut self, pause: Duration) -> Outcome<()> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        cluster.stop_immediately().await?;
        sleep(pause).await;
        cluster.start_again().await?;
        self.record.done.database_stops += 1;
        Ok(())
    }

    async fn die_at(&mut self, name: &str, count: u64) -> Outcome<()> {
        self.end().await?;
        self.server = self.program.spawn_to_die_at(name, count)?;
        // It may come by before it serves.
        if let Some(places) = self.server.places().await? {
            self.places.send_replace(places);
        }
        match self.server.ended(PATIENCE).await? {
            Some(status) if status.signal() == Some(SIGABRT) => {
                self.record.deaths += 1;
                self.record.done.points += 1;
            }
            Some(status) if status.code() == Some(USAGE) => {
                return Err(Trouble("the program of --points refuses to die; build it by rig/build".to_owned()));
            }
            Some(status) => {
                self.record.breaches.push(format!("before \"{name}\" the server ended by itself: {status}"));
            }
            None => {
                self.record.missed.push(format!("the server never came by \"{name}\" {count} times"));
                self.end().await?;
            }
        }
        self.start().await
    }

    /// While the disk is full writes are refused, and once it is not they go on, in the same process.
    async fn fill_disk(&mut self, blackout: Duration, load: &Arc<Load>) -> Outcome<()> {
        let Some(disk) = &self.disk else { return Ok(()) };
        let refused = || load.counts.refused.load(Ordering::Relaxed);
        let opened = || load.counts.opened.load(Ordering::Relaxed);
        let before = refused();
        disk.fill()?;
        if !happens(|| refused() > before).await {
            self.record.breaches.push("with the disk full nothing was refused".to_owned());
        }
        sleep(blackout).await;
        disk.free()?;
        let before = opened();
        if !happens(|| opened() > before + 5).await {
            self.record.breaches.push("with room on the disk again no lease was opened".to_owned());
        }
        self.record.done.disk_faults += 1;
        Ok(())
    }

    /// After a failed fsync nobody knows what is on the disk: the server has to end by itself.
    async fn fail_fsync(&mut self, blackout: Duration) -> Outcome<()> {
        let Some(shim) = &self.shim else { return Ok(()) };
        shim.fail()?;
        let ended = self.server.ended(PATIENCE).await?;
        sleep(blackout).await;
        shim.mend()?;
        match ended {
            Some(status) => {
                say(&format!("         with fsync failing the server ended: {status}"));
                self.record.deaths += 1;
            }
            None => {
                self.record.breaches.push("with fsync failing the server served on".to_owned());
                self.end().await?;
            }
        }
        self.record.done.disk_faults += 1;
        self.start().await
    }
}

async fn happens(look: impl Fn() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if look() {
            return true;
        }
        sleep(Duration::from_millis(50)).await;
    }
    false
}

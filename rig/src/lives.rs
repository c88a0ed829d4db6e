//! Carries a schedule out on a running server, and starts the server again after each death.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

use crate::cluster::Cluster;
use crate::disk::{FsyncShim, SmallDisk};
use crate::load::Load;
use crate::program::{Places, Program, Server};
use crate::say;
use crate::schedule::{Moment, Strike};
use crate::trouble::{Outcome, Trouble};

/// The signal of `abort`, by which a server dies at a named place.
const SIGABRT: i32 = 6;

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
    /// What a server did that it must not.
    pub(crate) breaches: Vec<String>,
    /// How often the server died, by the rig or by itself as ordered.
    pub(crate) deaths: u64,
    /// Longest time from a start until the server served.
    pub(crate) slowest_start: Duration,
}

impl Lives {
    /// Carries the schedule out; moments count from now, and one that is late follows at once.
    pub(crate) async fn carry_out(&mut self, schedule: &[Moment], length: Duration, load: &Arc<Load>) -> Outcome<()> {
        let begin = tokio::time::Instant::now();
        for moment in schedule {
            sleep_until(begin + moment.at).await;
            self.check_alive().await?;
            match &moment.strike {
                Strike::Kill(again) => self.kill(*again).await?,
                Strike::StopDatabase(pause) => self.stop_database(*pause).await?,
                Strike::Point(name, count) => self.die_at(name, *count).await?,
                Strike::FillDisk(blackout) => self.fill_disk(*blackout, load).await?,
                Strike::FailFsync(blackout) => self.fail_fsync(*blackout).await?,
            }
        }
        sleep_until(begin + length).await;
        self.check_alive().await
    }

    /// Nobody but the rig ends a server.
    async fn check_alive(&mut self) -> Outcome<()> {
        if let Some(status) = self.server.ended(Duration::ZERO).await? {
            self.breaches.push(format!("the server ended by itself: {status}"));
            self.start().await?;
        }
        Ok(())
    }

    async fn kill(&mut self, again: Option<Duration>) -> Outcome<()> {
        self.end().await?;
        if let Some(after) = again {
            self.server = self.program.spawn(None)?;
            sleep(after).await;
            self.end().await?;
        }
        self.start().await
    }

    async fn end(&mut self) -> Outcome<()> {
        self.deaths += 1;
        self.server.kill().await
    }

    /// Starts the server and tells the load where it is.
    async fn start(&mut self) -> Outcome<()> {
        let begin = Instant::now();
        self.server = self.program.spawn(None)?;
        let Some(places) = self.server.places().await? else {
            return Err(Trouble("the server does not start again; its log says why".to_owned()));
        };
        self.slowest_start = self.slowest_start.max(begin.elapsed());
        self.places.send_replace(places);
        Ok(())
    }

    async fn stop_database(&mut self, pause: Duration) -> Outcome<()> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        cluster.stop_immediately().await?;
        sleep(pause).await;
        cluster.start_again().await
    }

    async fn die_at(&mut self, name: &str, count: u64) -> Outcome<()> {
        self.end().await?;
        self.server = self.program.spawn(Some((name, count)))?;
        // It may come by before it serves.
        if let Some(places) = self.server.places().await? {
            self.places.send_replace(places);
        }
        match self.server.ended(PATIENCE).await? {
            Some(status) if status.signal() == Some(SIGABRT) => self.deaths += 1,
            Some(status) => self.breaches.push(format!("before \"{name}\" the server ended by itself: {status}")),
            None => {
                self.breaches.push(format!("the server never came by \"{name}\" {count} times"));
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
            self.breaches.push("with the disk full nothing was refused".to_owned());
        }
        sleep(blackout).await;
        disk.free()?;
        let before = opened();
        if !happens(|| opened() > before + 5).await {
            self.breaches.push("with room on the disk again no lease was opened".to_owned());
        }
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
                self.deaths += 1;
            }
            None => {
                self.breaches.push("with fsync failing the server served on".to_owned());
                self.end().await?;
            }
        }
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

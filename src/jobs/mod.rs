//! What runs by itself: each job is a loop around one use case, and is safe to run twice.
//!
//! A pass that fails is logged and comes again; no failure ends a loop. Loops end when the server
//! shuts down; work that a pass began goes on in the task tracker until it is done.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::keys::Keys;
use crate::leases::Leases;
use crate::live::Live;

/// Time between looks for results that are due.
const POLL: Duration = Duration::from_millis(100);

/// Longest time between looks for readings that are due.
const SYNC_MAX: Duration = Duration::from_secs(1);

/// Time between looks for what time ended, and for what other processes did.
const SWEEP: Duration = Duration::from_secs(1);

/// Time between passes that erase and delete.
const PRUNE: Duration = Duration::from_secs(30);

/// What the jobs work with.
pub struct Jobs {
    /// Readings, erasure, pruning.
    pub keys: Keys,
    /// Results, expiry, the routing pool.
    pub leases: Leases,
    /// Listeners.
    pub live: Arc<Live>,
    /// How long events are kept.
    pub events_kept: Duration,
}

impl Jobs {
    /// Starts every loop on the tracker; the token ends them.
    pub fn start(self, tasks: &TaskTracker, stop: &CancellationToken) {
        let Self { keys, leases, live, events_kept } = self;
        let sync_every = (keys.sync_interval() / 4).clamp(POLL, SYNC_MAX);
        let spawn = |name, every, pass: Pass| tasks.spawn(run(name, every, stop.clone(), pass));
        spawn("sync", sync_every, {
            let keys = keys.clone();
            Box::new(move || {
                let keys = keys.clone();
                Box::pin(async move { Ok(keys.sync_due().await.map(|_| ())?) })
            })
        });
        spawn("poll", POLL, {
            let leases = leases.clone();
            Box::new(move || {
                let leases = leases.clone();
                Box::pin(async move { Ok(leases.poll_due().await.map(|_| ())?) })
            })
        });
        spawn("sweep", SWEEP, {
            let leases = leases.clone();
            Box::new(move || {
                let leases = leases.clone();
                Box::pin(async move { Ok(leases.sweep().await.map(|_| ())?) })
            })
        });
        spawn("follow", SWEEP, {
            let leases = leases.clone();
            Box::new(move || {
                let (leases, live) = (leases.clone(), live.clone());
                Box::pin(async move {
                    leases.follow_pool().await?;
                    Ok(live.follow().await?)
                })
            })
        });
        spawn("ring", SWEEP, {
            let keys = keys.clone();
            Box::new(move || {
                let keys = keys.clone();
                Box::pin(async move { Ok(keys.follow_ring().await?) })
            })
        });
        spawn(
            "prune",
            PRUNE,
            Box::new(move || {
                let (keys, leases) = (keys.clone(), leases.clone());
                Box::pin(async move {
                    keys.erase_unneeded().await?;
                    leases.erase_old_replies().await?;
                    Ok(keys.prune(events_kept).await?)
                })
            }),
        );
    }
}

/// One pass of a job.
type Pass = Box<dyn Fn() -> futures_util::future::BoxFuture<'static, Result<(), JobError>> + Send + Sync>;

/// A pass that failed.
type JobError = Box<dyn std::error::Error + Send + Sync>;

async fn run(name: &'static str, every: Duration, stop: CancellationToken, pass: Pass) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(failure) = pass().await {
            tracing::error!(job = name, %failure, "job {name} failed; it runs again");
        }
    }
}

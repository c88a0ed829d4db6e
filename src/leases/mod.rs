//! What is done with leases: open, create, observe, release, expire, resolve, report.
//!
//! Each arrow of an attempt is a transaction of its own, committed before the network call it
//! announces. Calls to the provider run in tracked tasks: a dispatcher that hangs up changes
//! nothing, and a shutdown waits for them. Creating a task is never retried here.

mod answer;
mod create;
mod evidence;
mod failure;
mod observe;
mod open;
mod readings;
mod release;
mod report;
mod resolve;
mod settle;
mod sweep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::domain::{AttemptId, ProviderCode};
use crate::moves::key::Policy;
use crate::pool::Pool;
use crate::providers::Providers;
use crate::store::Store;
use crate::vault::Vault;

pub use answer::{CreateAnswer, GatewayRefusal, ResultAnswer};
pub use failure::Failure;
pub use open::{Lease, OpenError, OpenRefusal, OpenRequest, Opened, RouteInput};
pub use release::ReleaseError;
pub use report::ReportError;
pub use resolve::ResolveError;

/// Settings of the use cases around leases.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a lease may lie unused.
    pub lifetime: Duration,
    /// Most attempts of a service that hold something.
    pub open_per_service: u64,
    /// How long after its call an UNKNOWN attempt is put before the operator.
    pub review_after: Duration,
    /// The gateway's origin, without path or final slash.
    pub endpoint: String,
    /// Time between regular readings of a key.
    pub sync_interval: Duration,
    /// Longest time between readings of a depleted key.
    pub depleted_interval_max: Duration,
}

/// The use cases around leases; clones share everything.
#[derive(Clone)]
pub struct Leases {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Arc<Vault>,
    providers: Arc<Providers>,
    pool: Arc<Pool>,
    clock: SharedClock,
    entropy: SharedEntropy,
    tasks: TaskTracker,
    settings: Settings,
    /// Attempts whose result this process is asking for right now, and where.
    polling: Mutex<HashMap<AttemptId, ProviderCode>>,
}

/// What the use cases need of the rest.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The vault.
    pub vault: Arc<Vault>,
    /// The providers.
    pub providers: Arc<Providers>,
    /// The routing pool.
    pub pool: Arc<Pool>,
    /// The clock.
    pub clock: SharedClock,
    /// The randomness.
    pub entropy: SharedEntropy,
    /// Where work that outlives a request runs.
    pub tasks: TaskTracker,
}

impl Leases {
    /// The use cases over the parts given.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let Parts { store, vault, providers, pool, clock, entropy, tasks } = parts;
        let polling = Mutex::default();
        Self { inner: Arc::new(Inner { store, vault, providers, pool, clock, entropy, tasks, settings, polling }) }
    }
}

impl Inner {
    fn policy(&self, provider: ProviderCode) -> Policy {
        Policy {
            interval: self.settings.sync_interval,
            depleted_interval_max: self.settings.depleted_interval_max,
            dust: self.providers.settings(provider).dust,
            result_window: self.providers.result_window(provider),
            rate_missing: self.providers.info(provider).rate_missing,
            rejects_all: self.providers.rejects_all(provider),
            rejections: self.providers.rejections(provider),
            jitter: self.entropy.unit(),
        }
    }
}

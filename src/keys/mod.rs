//! What is done with keys: submit, check (by hand and by timer alike), rename, remove, block, seal anew.
//!
//! A use case seals and reads keys and calls the provider between its writes; what changes rows is
//! a move. Work that goes on to the network after a commit runs in the task tracker, so that a
//! dropped request loses nothing and a shutdown waits for it.

mod block;
mod budget;
mod check;
mod failure;
mod hourly;
mod label;
mod prune;
mod read;
mod remove;
mod rename;
mod ring;
mod rotate;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use self::hourly::Hourly;
use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::domain::provider::{ProviderHealth, ProviderInfo};
use crate::domain::{AccountId, Actor, ProviderCode};
use crate::moves::key::Policy;
use crate::providers::Providers;
use crate::store::Store;
use crate::vault::Vault;

pub use block::Blocking;
pub use budget::Budget;
pub use check::{CheckError, Checked};
pub use failure::Failure;
pub use remove::RemoveError;
pub use rename::RenameError;
pub use ring::RingKeyStatus;
pub use rotate::Rotated;
pub use submit::{Submission, SubmitError, SubmitRefusal};

/// Settings of the use cases around keys.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long submitKey and checkKeyBalance wait for the provider.
    pub validation_wait: Duration,
    /// Least time between two checks of a key by its owner.
    pub check_cooldown: Duration,
    /// Most keys an account may have in the pool's care.
    pub per_account: u64,
    /// Most submissions of an account in an hour.
    pub submissions_per_hour: usize,
    /// Most checks by an account in an hour.
    pub checks_per_hour: usize,
    /// Time between regular readings.
    pub sync_interval: Duration,
    /// Longest time between readings of a depleted key.
    pub depleted_interval_max: Duration,
}

/// The use cases around keys; clones share everything.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Arc<Vault>,
    providers: Arc<Providers>,
    clock: SharedClock,
    entropy: SharedEntropy,
    tasks: TaskTracker,
    settings: Settings,
    infos: Vec<ProviderInfo>,
    readers: read::Readers,
    submissions: Hourly,
    checks: Hourly,
}

/// What the use cases need of the rest.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The vault.
    pub vault: Arc<Vault>,
    /// The providers.
    pub providers: Arc<Providers>,
    /// The clock.
    pub clock: SharedClock,
    /// The randomness.
    pub entropy: SharedEntropy,
    /// Where work that outlives a request runs.
    pub tasks: TaskTracker,
}

impl Keys {
    /// The use cases over the parts given.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let infos = parts.providers.infos();
        let Parts { store, vault, providers, clock, entropy, tasks } = parts;
        let submissions = Hourly::new(settings.submissions_per_hour);
        let checks = Hourly::new(settings.checks_per_hour);
        Self {
            inner: Arc::new(Inner {
                store,
                vault,
                providers,
                clock,
                entropy,
                tasks,
                settings,
                infos,
                readers: read::Readers::new(),
                submissions,
                checks,
            }),
        }
    }

    /// The providers in catalogue order.
    #[must_use]
    pub fn infos(&self) -> &[ProviderInfo] {
        &self.inner.infos
    }

    /// How a provider does.
    #[must_use]
    pub fn health(&self, provider: ProviderCode) -> ProviderHealth {
        self.inner.providers.health(provider)
    }

    /// Time between regular readings.
    #[must_use]
    pub fn sync_interval(&self) -> Duration {
        self.inner.settings.sync_interval
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

/// The account whose keys the actor hands over and removes: an owner's own, or the platform's.
fn owner_of(actor: &Actor) -> Option<AccountId> {
    match actor {
        Actor::Owner(account) => Some(*account),
        Actor::Operator => Some(crate::domain::account::PLATFORM),
        Actor::Service(_) | Actor::System => None,
    }
}

//! The pool as operators see it, one entry a provider.

use super::Pool;
use crate::domain::provider::ProviderInfo;
use crate::domain::{KeyStatus, ProviderCode, Timestamp, Usd};

/// How many keys a provider has in the pool, and what is on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOverview {
    /// The provider.
    pub provider: ProviderCode,
    /// Until when calls are paused, `None` when they are not.
    pub paused_until: Option<Timestamp>,
    /// Keys by status, every status once.
    pub key_counts: Vec<(KeyStatus, u64)>,
    /// Keys that can serve at least the cheapest task now.
    pub eligible_keys: u64,
    /// What new attempts may use, over all eligible keys.
    pub available: Usd,
    /// What is held for attempts under way.
    pub held: Usd,
    /// Attempts under way.
    pub in_flight: u64,
}

impl Pool {
    /// All providers in catalogue order.
    #[must_use]
    pub fn overview(&self) -> Vec<ProviderOverview> {
        let now = self.clock.now();
        self.pass_time(now);
        let state = self.read();
        let entry = |info: &ProviderInfo| {
            let shelf = state.index.shelf(info.code);
            let eligible = shelf.able_to_pay(info.cheapest());
            let counts = KeyStatus::ALL.iter().map(|status| (*status, shelf.statuses[*status as usize]));
            ProviderOverview {
                provider: info.code,
                paused_until: state.paused_until(info.code, now),
                key_counts: counts.collect(),
                eligible_keys: eligible.keys as u64,
                available: usd(eligible.weight.try_into()),
                held: usd(shelf.held().try_into()),
                in_flight: u64::try_from(shelf.in_flight).unwrap_or(0),
            }
        };
        self.infos.iter().map(entry).collect()
    }
}

/// Sums over a provider's keys may outgrow an amount; then the largest one stands for them.
fn usd<E>(nanos: Result<i64, E>) -> Usd {
    Usd::from_nanos(nanos.unwrap_or(i64::MAX))
}

//! The routing pool, one entry a provider.

use async_graphql::{Object, SimpleObject};

use super::codes::KeyStatus;
use super::provider::Provider;
use crate::graphql::scalars::{DateTime, Usd, int};
use crate::pool::ProviderOverview;

/// One provider's part of the routing pool, as it stood at one moment.
pub(crate) struct ProviderPool(pub(crate) ProviderOverview);

/// One provider's part of the routing pool.
#[Object]
impl ProviderPool {
    /// The provider.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// Until when calls are paused, null when they are not.
    async fn paused_until(&self) -> Option<DateTime> {
        self.0.paused_until.map(DateTime)
    }

    /// Keys by status.
    async fn key_counts(&self) -> Vec<KeyCount> {
        let counts = self.0.key_counts.iter();
        counts.map(|(status, count)| KeyCount { status: (*status).into(), count: int(*count) }).collect()
    }

    /// Keys that can serve at least the cheapest task now.
    async fn eligible_keys(&self) -> i32 {
        int(self.0.eligible_keys)
    }

    /// What new attempts may use, over all eligible keys.
    async fn available(&self) -> Usd {
        self.0.available.into()
    }

    /// What is held for attempts under way.
    async fn held(&self) -> Usd {
        self.0.held.into()
    }

    /// Attempts under way.
    async fn in_flight(&self) -> i32 {
        int(self.0.in_flight)
    }
}

/// How many keys have a status.
#[derive(SimpleObject)]
pub(crate) struct KeyCount {
    /// The status.
    status: KeyStatus,
    /// How many keys.
    count: i32,
}

//! What the database keeps for a while only.

use std::time::Duration;

use super::{Failure, Keys};
use crate::store::StoreError;

/// How long changes of balances are kept.
const SAMPLES_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long routing statistics are kept; they count for nothing long before.
const STATS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Keys {
    /// Deletes events older than `events_kept`, old samples and statistics, and rejections that
    /// have lapsed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune(&self, events_kept: Duration) -> Result<(), Failure> {
        let now = self.inner.clock.now();
        let (events, samples, stats) = (now.minus(events_kept), now.minus(SAMPLES_KEPT), now.minus(STATS_KEPT));
        let pruned = self.inner.store.write("prune", move |tx| {
            Box::pin(async move {
                tx.delete_events(events).await?;
                tx.delete_outdated(samples, stats).await?;
                Ok::<_, StoreError>(())
            })
        });
        Ok(pruned.await?)
    }
}

//! `poolUpdates`: the state of the pool, not its history: what changed within a second shows once.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Subscription};
use futures_util::{Stream, stream};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::WatchStream;

use crate::domain::ProviderCode;
use crate::graphql::caller::{Admits, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::pool::ProviderPool;
use crate::pool::{Pool, ProviderOverview};

/// Shortest time between two values of one provider.
const PACE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct PoolUpdates;

#[Subscription]
impl PoolUpdates {
    /// Dispatchers and operators: each provider's pool at once, then again after changes, at most once a second each.
    #[graphql(guard = "Admits::DispatchersAndOperators", visible = "shown_to::dispatchers_and_operators")]
    async fn pool_updates(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = ProviderPool>> {
        let watcher = Watcher::new(services(ctx)?.pool.clone());
        Ok(stream::unfold(watcher, |mut watcher| async move {
            let overview = watcher.next().await?;
            Some((ProviderPool(overview), watcher))
        }))
    }
}

/// Compares the pool with what was last sent.
struct Watcher {
    pool: Arc<Pool>,
    /// Ticks at once, and then after changes, as often as the pace allows.
    ticks: Pin<Box<dyn Stream<Item = u64> + Send>>,
    sent: Vec<ProviderOverview>,
    waiting: VecDeque<ProviderOverview>,
}

impl Watcher {
    fn new(pool: Arc<Pool>) -> Self {
        let ticks = Box::pin(WatchStream::new(pool.changes()).throttle(PACE));
        Self { pool, ticks, sent: Vec::new(), waiting: VecDeque::new() }
    }

    /// The next value to send; `None` once the pool is gone.
    async fn next(&mut self) -> Option<ProviderOverview> {
        while self.waiting.is_empty() {
            self.ticks.next().await?;
            let now = self.pool.overview();
            self.waiting = changed(&self.sent, &now);
            self.sent = now;
        }
        self.waiting.pop_front()
    }
}

/// The providers whose part of the pool is not what it was.
fn changed(before: &[ProviderOverview], now: &[ProviderOverview]) -> VecDeque<ProviderOverview> {
    let of = |provider: ProviderCode| before.iter().find(|overview| overview.provider == provider);
    now.iter().filter(|overview| of(overview.provider) != Some(*overview)).cloned().collect()
}

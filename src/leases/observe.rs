//! One poller an attempt, and it is the server's: it asks for results that are due.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::answer::to_poll;
use super::{Failure, GatewayRefusal, Inner, Leases, ResultAnswer};
use crate::domain::attempt::Dialect;
use crate::domain::{Attempt, AttemptId, KeyStatus, ProviderCode};
use crate::moves;
use crate::providers::Polled;
use crate::store::StoreError;

/// Fewest and most polls of one provider that may be under way at once; between the two it is as many
/// as it takes requests at once. So few wait that each gets its turn at the provider in time.
const UNDER_WAY: (usize, usize) = (64, 1024);

/// When it is looked again whether a key in doubt is good, at the earliest.
const AGAIN: Duration = Duration::from_secs(1);

/// Time after which it is seen whether the key of a task is INVALID still.
const INVALID_AGAIN: Duration = Duration::from_secs(10);

impl Leases {
    /// Asks for the results that are due, each in a task of its own. Answers how many.
    ///
    /// A provider that does not answer fills its own share of polls under way, and keeps no other
    /// provider's results from being asked for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn poll_due(&self) -> Result<usize, Failure> {
        let due = self.inner.store.providers_to_poll(self.inner.clock.now()).await?;
        let passes = join_all(due.into_iter().map(|provider| self.inner.poll_provider(provider))).await;
        passes.into_iter().sum()
    }

    /// What the dispatcher gets for a poll: only what is committed.
    ///
    /// # Errors
    /// The lease or its task is unknown, or something fails here.
    pub async fn result(&self, token: &str, provider_task_id: &str) -> Result<ResultAnswer, GatewayRefusal> {
        let found = self.find_by_token(token).await.map_err(|failure| {
            tracing::error!(%failure, "gateway call failed");
            GatewayRefusal::Internal
        })?;
        let attempt = found.ok_or(GatewayRefusal::UnknownToken)?;
        if attempt.provider_task_id.as_deref() != Some(provider_task_id) {
            return Err(GatewayRefusal::UnknownTask);
        }
        to_poll(&attempt).ok_or(GatewayRefusal::UnknownTask)
    }
}

/// A poll under way in this process; over when dropped.
struct Turn {
    inner: Arc<Inner>,
    id: AttemptId,
}

impl Turn {
    fn take(inner: &Arc<Inner>, attempt: &Attempt) -> Self {
        inner.polling.lock().unwrap_or_else(PoisonError::into_inner).insert(attempt.id, attempt.provider);
        Self { inner: inner.clone(), id: attempt.id }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.inner.polling.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Inner {
    /// Begins the polls of one provider that are due, as far as there is room for them.
    async fn poll_provider(self: &Arc<Self>, provider: ProviderCode) -> Result<usize, Failure> {
        let under_way = self.under_way(provider);
        let room = self
            .providers
            .settings(provider)
            .concurrency
            .clamp(UNDER_WAY.0, UNDER_WAY.1)
            .saturating_sub(under_way.len());
        if room == 0 {
            return Ok(0);
        }
        let (providers, now) = (self.providers.clone(), self.clock.now());
        let claimed = self.store.write("claim polls", move |tx| {
            Box::pin(async move {
                let next = |task_type| now.plus(providers.task_interval(provider, task_type));
                tx.claim_polls(provider, room as u64, &under_way, next).await
            })
        });
        let claimed = claimed.await?;
        let begun = claimed.len();
        for attempt in claimed {
            let (turn, inner) = (Turn::take(self, &attempt), self.clone());
            self.tasks.spawn(async move {
                let id = attempt.id;
                if let Err(failure) = inner.observe(attempt).await {
                    tracing::error!(attempt.id = %id, %failure, "poll of attempt {id} failed");
                }
                drop(turn);
            });
        }
        Ok(begun)
    }

    /// The attempts that this process is asking a provider for right now.
    fn under_way(&self, provider: ProviderCode) -> Vec<AttemptId> {
        let polling = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        polling.iter().filter(|(_, at)| **at == provider).map(|(id, _)| *id).collect()
    }

    async fn observe(&self, attempt: Attempt) -> Result<(), Failure> {
        let Some(task_id) = attempt.provider_task_id.clone() else { return Ok(()) };
        let (provider, now) = (attempt.provider, self.clock.now());
        let waited = attempt.sent_at.map_or_else(Default::default, |sent| now.since(sent));
        let polls_left = i64::from(attempt.polls) < i64::from(self.providers.poll_cap(provider));
        if waited > self.providers.result_window(provider) || !polls_left {
            return self.lose(&attempt).await.map(|_| ());
        }
        let Some((key, secret)) = self.unseal_with_key(attempt.key).await? else { return Ok(()) };
        // A provider counts each call by a wrong key. The next reading finds out whether it is one.
        if key.status == KeyStatus::Invalid || key.is_in_doubt() {
            // An INVALID key has no next reading: it may be handed over again.
            let looked_at = key.next_sync_at.unwrap_or(now.plus(INVALID_AGAIN));
            let (id, later) = (attempt.id, now.plus(AGAIN).max(looked_at));
            let put_off = self.store.write("put off poll", move |tx| Box::pin(tx.put_off_poll(id, later)));
            return Ok::<(), StoreError>(put_off.await?).map_err(Failure::from);
        }
        let dialect = attempt.dialect.unwrap_or(Dialect::Json);
        match self.providers.result(provider, &secret, dialect, &task_id, attempt.task_type).await {
            Polled::Pending => Ok(()),
            Polled::Ended(ending) => self.settle(attempt, ending, &secret).await.map(|_| ()),
            Polled::Lost(_) => self.lose(&attempt).await.map(|_| ()),
            Polled::Trouble(blame) => {
                let (key, policy) = (attempt.key, self.policy(provider));
                let blamed = self.store.write("blame", move |tx| {
                    Box::pin(async move { moves::key::blame(tx, key, &blame, policy).await })
                });
                Ok::<(), StoreError>(blamed.await?).map_err(Failure::from)
            }
        }
    }
}

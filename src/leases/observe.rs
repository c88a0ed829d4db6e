//! One poller an attempt, and it is the server's: it asks for results that are due.

use super::answer::to_poll;
use super::{Failure, GatewayRefusal, Inner, Leases, ResultAnswer};
use crate::domain::attempt::Dialect;
use crate::domain::{Attempt, AttemptId, AttemptState};
use crate::moves;
use crate::providers::Polled;
use crate::store::StoreError;

/// Most attempts that one pass looks at.
const BATCH: u64 = 256;

impl Leases {
    /// Asks for the results that are due, each in a task of its own. Answers how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn poll_due(&self) -> Result<usize, Failure> {
        let due = self.inner.store.attempts_to_poll(self.inner.clock.now().micros(), BATCH).await?;
        let mut begun = 0;
        for attempt in due {
            let Some(turn) = Turn::take(&self.inner, attempt.id) else { continue };
            begun += 1;
            let inner = self.inner.clone();
            self.inner.tasks.spawn(async move {
                let id = attempt.id;
                if let Err(failure) = inner.observe(attempt).await {
                    tracing::error!(attempt.id = %id, %failure, "poll of attempt {id} failed");
                }
                drop(turn);
            });
        }
        Ok(begun)
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

/// The right to poll an attempt in this process; ends when dropped.
struct Turn {
    inner: std::sync::Arc<Inner>,
    id: AttemptId,
}

impl Turn {
    fn take(inner: &std::sync::Arc<Inner>, id: AttemptId) -> Option<Self> {
        let mut polling = inner.polling.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        polling.insert(id).then(|| Self { inner: inner.clone(), id })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.inner.polling.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.id);
    }
}

impl Inner {
    async fn observe(&self, attempt: Attempt) -> Result<(), Failure> {
        let (AttemptState::Submitted, Some(task_id), Some(due)) =
            (attempt.state, attempt.provider_task_id.clone(), attempt.poll_at)
        else {
            return Ok(());
        };
        let provider = attempt.provider;
        let now = self.clock.now();
        let next = now.plus(self.providers.task_interval(provider, attempt.task_type));
        let id = attempt.id;
        let is_ours = self.store.write("schedule poll", move |tx| Box::pin(tx.schedule_poll(id, due, next))).await?;
        if !is_ours {
            return Ok(());
        }
        let waited = attempt.sent_at.map_or_else(Default::default, |sent| now.since(sent));
        let polls_left = i64::from(attempt.polls) < i64::from(self.providers.poll_cap(provider));
        if waited > self.providers.result_window(provider) || !polls_left {
            return self.lose(&attempt).await.map(|_| ());
        }
        let Some(secret) = self.unseal(attempt.key).await? else { return Ok(()) };
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

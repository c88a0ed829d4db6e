//! The unit of work: `store.write(name, |tx| …)` and nothing else writes.
//!
//! The work never runs in the caller's task, so a dropped request can't cancel it half way (a
//! cancelled transaction can poison a pooled connection). It commits on `Ok` and rolls back on `Err`;
//! the observers are told after the commit and before the caller gets the answer.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Store, StoreError, Tx};
use crate::domain::request_id;

/// Work inside a transaction: a boxed future that may borrow the [`Tx`].
pub type Work<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// The error of a unit of work: it says whether the transaction itself is lost.
pub trait WriteError: From<StoreError> + Send + 'static {
    /// Whether the database failed, so that nothing of the transaction can be trusted. A refusal or
    /// a constraint that did its duty is not fatal: only the unit's own changes are undone.
    fn is_fatal(&self) -> bool;
}

impl WriteError for StoreError {
    fn is_fatal(&self) -> bool {
        match self {
            Self::Database(_) | Self::Panicked | Self::Open(_) | Self::Lost => true,
            Self::Conflict | Self::CheckFailed | Self::Inconsistent { .. } | Self::Stale => false,
        }
    }
}

/// What is to become of a unit's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Commit them.
    Keep,
    /// Undo them; others in the same transaction stand.
    Undo,
    /// The transaction is lost.
    Lost,
}

/// A unit of work, ready to run.
pub(super) trait Unit: Send {
    /// Its name in traces.
    fn name(&self) -> &'static str;

    /// Runs it once.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Verdict>;

    /// Gives the caller its answer: what the work answered if `outcome` is `Ok`, else the error.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Pending<T, E, F> {
    name: &'static str,
    work: Option<F>,
    /// Id of the request that it is done for.
    request: Option<Arc<str>>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
    /// Lets a shutdown wait for it.
    _token: TaskTrackerToken,
}

impl<T, E, F> Unit for Pending<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E> + Send,
    T: Send,
    E: WriteError,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Verdict> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Verdict::Lost };
            let result = AssertUnwindSafe(request_id::within_same(self.request.take(), async { work(tx).await }))
                .catch_unwind()
                .await;
            let result = result.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
            let verdict = match &result {
                Ok(_) => Verdict::Keep,
                Err(error) if error.is_fatal() => Verdict::Lost,
                Err(_) => Verdict::Undo,
            };
            self.result = Some(result);
            verdict
        })
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = match (outcome, self.result) {
            (Ok(()), Some(result)) => result,
            // Its own failure says more than that of the transaction.
            (Err(_), Some(Err(error))) if error.is_fatal() => Err(error),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Lost.into()),
        };
        // Nobody may be waiting any more; what is committed is committed.
        let _ = self.caller.send(result);
    }
}

impl Store {
    /// Runs the work in a transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// `name` appears in traces. Neither the vault nor the network may be used inside; the
    /// transport refuses to send there.
    ///
    /// # Errors
    /// Whatever the work answers, or the database's failure to begin or commit. After such a
    /// failure nothing was acknowledged; whether a lost connection had committed shows in the rows.
    pub async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: WriteError,
    {
        let (caller, answer) = oneshot::channel();
        let (work, request) = (Some(work), request_id::current());
        let unit = Pending { name, work, request, result: None, caller, _token: self.inner.tasks.token() };
        self.inner.writer.submit(Box::new(unit)).await;
        answer.await.unwrap_or_else(|_| Err(StoreError::Lost.into()))
    }
}

//! An operator closes an attempt that evidence did not decide.

use super::{Failure, Leases};
use crate::domain::audit::{Target, TargetKind};
use crate::domain::{Actor, Attempt, AttemptId, AttemptState, CostSource, Usd};
use crate::moves;
use crate::moves::attempt::{Cost, End};
use crate::store::{StoreError, Tx};

/// How many list prices a charge may be at most, where nothing else is configured.
const BELIEVABLE: i64 = 5;

/// Why nothing was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// There is no such attempt.
    AttemptNotFound,
    /// The attempt is not under review.
    NotUnderReview,
    /// The cost is negative or above the highest believable price.
    CostImplausible,
}

impl Leases {
    /// Ends an attempt under review with the charge found by hand; zero ends it without a credit.
    /// The note is kept in the audit log.
    ///
    /// # Errors
    /// The database fails.
    pub async fn resolve(
        &self,
        actor: &Actor,
        id: AttemptId,
        cost: Usd,
        note: String,
    ) -> Result<Result<Attempt, ResolveError>, Failure> {
        let Some(attempt) = self.inner.store.attempt(actor, id).await? else {
            return Ok(Err(ResolveError::AttemptNotFound));
        };
        let configured = self.inner.providers.settings(attempt.provider).max_cost;
        let most = configured.or_else(|| self.inner.list_price(&attempt).checked_mul(BELIEVABLE));
        if cost.is_negative() || most.is_some_and(|most| cost > most) {
            return Ok(Err(ResolveError::CostImplausible));
        }
        let actor = actor.audit_name();
        let resolved = self
            .inner
            .store
            .write("resolve", move |tx| Box::pin(async move { resolve(tx, &actor, id, cost, note).await }));
        Ok(resolved.await?)
    }
}

async fn resolve(
    tx: &mut Tx,
    actor: &str,
    id: AttemptId,
    cost: Usd,
    note: String,
) -> Result<Result<Attempt, ResolveError>, StoreError> {
    let Some(mut attempt) = tx.lock_attempt(id).await? else { return Ok(Err(ResolveError::AttemptNotFound)) };
    if attempt.state != AttemptState::UnderReview {
        return Ok(Err(ResolveError::NotUnderReview));
    }
    let charged = cost.is_positive();
    let end = End {
        to: if charged { AttemptState::Settled } else { AttemptState::FailedFree },
        cost: charged.then_some(Cost { amount: cost, source: CostSource::Reported, provisional: false }),
        cost_raw: None,
        reply: None,
        error_code: None,
    };
    moves::attempt::end(tx, &mut attempt, end).await?;
    let target = Target { kind: TargetKind::Attempt, id: id.0 };
    tx.append_audit(actor, "attempt.resolved", Some(target), Some(note)).await?;
    Ok(Ok(attempt))
}

//! What time ends: leases that lapsed, calls that died with their process, attempts that stay
//! UNKNOWN.

use std::time::Duration;

use super::answer::UNSOLVABLE;
use super::{Failure, Leases};
use crate::domain::attempt::REPLY_KEPT;
use crate::domain::{AttemptId, AttemptState};
use crate::moves;
use crate::store::{StoreError, Tx};

/// Longer than a call that creates a task may take: what is SENT for longer lost its caller.
const CALL_MAX: Duration = Duration::from_secs(90);

/// Most attempts that one pass ends of each sort.
const BATCH: u64 = 256;

impl Leases {
    /// Expires reserved attempts whose time is over, marks those UNKNOWN whose call died, and puts
    /// those before the operator that stayed UNKNOWN too long. Answers how many it moved.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sweep(&self) -> Result<usize, Failure> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let mut moved = 0;
        // One that fails is told and comes again; it must not keep the others from their end.
        let mut count = |id: AttemptId, outcome: Result<(), Failure>| match outcome {
            Ok(()) => moved += 1,
            Err(failure) => tracing::error!(attempt.id = %id, %failure, "attempt {id} could not be swept"),
        };
        for id in inner.store.attempts_to_expire(now.micros(), BATCH).await? {
            let expired = inner.store.write("expire", move |tx| Box::pin(expire(tx, id))).await;
            count(id, expired.map_err(Failure::from));
        }
        for attempt in inner.store.attempts_in(AttemptState::Sent, BATCH).await? {
            if attempt.sent_at.is_some_and(|sent| now.since(sent) > CALL_MAX) {
                count(attempt.id, inner.lose(&attempt).await.map(|_| ()));
            }
        }
        let unknown = inner.store.attempts_in(AttemptState::Unknown, BATCH).await?;
        inner.decide_unknown(&unknown).await?;
        for attempt in unknown {
            if attempt.sent_at.is_none_or(|sent| now.since(sent) > inner.settings.review_after) {
                let id = attempt.id;
                let reviewed = inner.store.write("review", move |tx| Box::pin(review(tx, id))).await;
                count(id, reviewed.map_err(Failure::from));
            }
        }
        Ok(moved)
    }
}

async fn expire(tx: &mut Tx, id: AttemptId) -> Result<(), StoreError> {
    let Some(mut attempt) = tx.lock_attempt(id).await? else { return Ok(()) };
    if attempt.state == AttemptState::Reserved && tx.now() >= attempt.expires_at {
        moves::attempt::give_back(tx, &mut attempt, AttemptState::Expired).await?;
    }
    Ok(())
}

async fn review(tx: &mut Tx, id: AttemptId) -> Result<(), StoreError> {
    let Some(mut attempt) = tx.lock_attempt(id).await? else { return Ok(()) };
    if attempt.state == AttemptState::Unknown {
        moves::attempt::decide(tx, &mut attempt, AttemptState::UnderReview, None, UNSOLVABLE).await?;
    }
    Ok(())
}

impl Leases {
    /// Erases answers that are no longer kept for polls.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_old_replies(&self) -> Result<u64, Failure> {
        let before = self.inner.clock.now().minus(REPLY_KEPT);
        Ok(self.inner.store.write("erase replies", move |tx| Box::pin(tx.erase_replies(before))).await?)
    }

    /// Lets the routing pool see what other processes changed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn follow_pool(&self) -> Result<(), Failure> {
        Ok(self.inner.pool.follow(&self.inner.store).await?)
    }
}

//! An attempt's end: hold freed, cost noted, owner credited, statistics fed, all or nothing.

use std::time::Duration;

use crate::domain::account::PLATFORM;
use crate::domain::key::Reading;
use crate::domain::{Attempt, AttemptState, CostSource, KeyProblemCode, SolutionVerdict, Timestamp, Usd};
use crate::store::{StatDelta, StoreError, Tx};

use super::open::step;
use crate::moves::{key, transfer};

/// Length of a bucket of the routing statistics.
const STAT_BUCKET: Duration = Duration::from_secs(60);

/// What an attempt was charged.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The charge.
    pub amount: Usd,
    /// How it was learnt.
    pub source: CostSource,
    /// Whether reconciliation may still lower it.
    pub provisional: bool,
}

/// How an attempt ends.
#[derive(Clone, Debug)]
pub struct End {
    /// SETTLED, FAILED_FREE, FAILED_CHARGED or UNDER_REVIEW.
    pub to: AttemptState,
    /// What it was charged; `None` where it is free or not believed.
    pub cost: Option<Cost>,
    /// The provider's text of the cost.
    pub cost_raw: Option<String>,
    /// Scrubbed answer for the dispatcher.
    pub reply: Option<String>,
    /// The provider's error code.
    pub error_code: Option<String>,
}

/// Ends a locked attempt.
///
/// # Errors
/// There is no such arrow, somebody else ended it, or the database fails.
pub async fn end(tx: &mut Tx, attempt: &mut Attempt, end: End) -> Result<(), StoreError> {
    let from = step(attempt, end.to)?;
    let now = tx.now();
    attempt.poll_at = None;
    if from.is_under_way() {
        attempt.returned_at = Some(now);
    }
    attempt.ended_at = (end.to != AttemptState::UnderReview).then_some(now);
    attempt.reply = end.reply.or(attempt.reply.take());
    attempt.error_code = end.error_code.or(attempt.error_code.take());
    attempt.cost_raw = end.cost_raw.or(attempt.cost_raw.take());
    attempt.cost = match &end.cost {
        Some(cost) => Some(cost.amount),
        None => (end.to != AttemptState::UnderReview).then_some(Usd::ZERO),
    };
    attempt.cost_source = end.cost.as_ref().map(|cost| cost.source);
    tx.save_attempt(from, attempt).await?;
    settle_key(tx, attempt, from, end.cost.as_ref()).await?;
    if let Some(cost) = &end.cost {
        transfer::credit(tx, attempt, cost.amount, cost.source, cost.provisional).await?;
    }
    if end.to != AttemptState::UnderReview && from.is_under_way() {
        tx.add_stat(observation(attempt, now)).await?;
    }
    Ok(())
}

/// Takes the hold off the key and puts the cost on it.
async fn settle_key(tx: &mut Tx, attempt: &Attempt, from: AttemptState, cost: Option<&Cost>) -> Result<(), StoreError> {
    let before = tx.lock_key(attempt.key).await?.ok_or(StoreError::Stale)?;
    let mut key = before.clone();
    if from.holds() {
        key.held -= attempt.estimate;
        key.in_flight -= 1;
    }
    if from == AttemptState::UnderReview {
        key.under_review -= attempt.estimate;
    }
    if attempt.state == AttemptState::UnderReview {
        key.under_review += attempt.estimate;
    }
    if let Some(cost) = cost {
        // A charge found by hand or by evidence can be older than the last reading, and in it.
        let is_in = |reading: Reading| attempt.returned_at.is_some_and(|at| at <= reading.started_at);
        let is_in_quiet = |reading: Reading| attempt.returned_at.is_some_and(|at| at < reading.started_at);
        if !key.reading.is_some_and(is_in) {
            key.spent_since += cost.amount;
        }
        if from == AttemptState::UnderReview && key.quiet_reading.is_some_and(is_in_quiet) {
            // While nobody knew what it was, a quiet reading showed the drop as spent elsewhere.
            key.outside_spending -= cost.amount.min(key.outside_spending);
            key.vouched += cost.amount;
        }
        key.credited += if attempt.owner == PLATFORM { Usd::ZERO } else { cost.amount };
    }
    // What was missing may be what this one cost: weighed against others, it would be put down to them.
    key.evidence = None;
    // Counted under the key's lock, so that of two that end at once the second sees the first.
    if !tx.has_attempt_in(attempt.key, AttemptState::Unknown).await? {
        key::end_rest(&mut key, KeyProblemCode::CheckingCharge, tx.now());
    }
    let key = key::save(tx, &before, key).await?;
    key::erase_if_done(tx, &key).await
}

/// Ends an UNKNOWN attempt without a solution: charged, free, or before the operator.
///
/// # Errors
/// It is UNKNOWN no more, or the database fails.
pub async fn decide(
    tx: &mut Tx,
    attempt: &mut Attempt,
    to: AttemptState,
    cost: Option<Cost>,
    error_code: &str,
) -> Result<(), StoreError> {
    let error_code = Some(error_code.to_owned());
    end(tx, attempt, End { to, cost, cost_raw: None, reply: None, error_code }).await
}

fn observation(attempt: &Attempt, now: Timestamp) -> StatDelta {
    let bucket = i64::try_from(STAT_BUCKET.as_micros()).unwrap_or(i64::MAX);
    let solved = attempt.state == AttemptState::Settled;
    let took = attempt.sent_at.map_or(Duration::ZERO, |sent| now.since(sent));
    StatDelta {
        provider: attempt.provider,
        task_type: attempt.task_type,
        bucket: Timestamp::from_micros(now.micros().div_euclid(bucket) * bucket),
        samples: 1,
        solved: i64::from(solved),
        costed: i64::from(solved && attempt.cost.is_some()),
        cost: attempt.cost.filter(|_| solved).unwrap_or_default(),
        solve_ms: if solved { i64::try_from(took.as_millis()).unwrap_or(i64::MAX) } else { 0 },
    }
}

/// Notes what the target site said to a solution; one it refused counts as unsolved from now on.
///
/// # Errors
/// The attempt changed meanwhile, or the database fails.
pub async fn note_verdict(tx: &mut Tx, attempt: &Attempt) -> Result<(), StoreError> {
    tx.save_attempt(attempt.state, attempt).await?;
    if attempt.verdict == Some(SolutionVerdict::Rejected) {
        let refused = StatDelta {
            samples: 0,
            solved: -1,
            costed: 0,
            cost: Usd::ZERO,
            solve_ms: 0,
            ..observation(attempt, tx.now())
        };
        tx.add_stat(refused).await?;
    }
    Ok(())
}

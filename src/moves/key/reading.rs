//! A reading of a key's balance comes in: figures, outside spending, provisional credits, status.
//!
//! A reading is quiet when the provider worked on no attempt of the key during it and for 30 s
//! before; only quiet readings deplete a key, correct credits and show outside spending, because
//! only then does the figure have every charge in it and nothing else. One that overlaps the quiet
//! reading before it is none.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::account::PLATFORM;
use crate::domain::audit::{Target, TargetKind};
use crate::domain::key::{BalanceSource, Reading};
use crate::domain::{Attempt, Blame, Key, KeyId, KeyProblem, KeyProblemCode, KeyStatus, Timestamp, Usd};
use crate::store::{StoreError, Tx};

use super::{blame, evidence, save};
use crate::moves::transfer;

/// How long no attempt may have been under way before a quiet reading.
const QUIET: Duration = Duration::from_secs(30);

/// How soon a key that stopped lending for want of a quiet reading is read again.
const QUIET_RETRY: Duration = Duration::from_secs(10);

/// How long after a credit a rise of the same amount is suspected to be its refund.
const REFUND_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// What a provider answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The balance in dollars.
    pub balance: Usd,
    /// The balance in the provider's own unit.
    pub native: Option<String>,
    /// Whether the key's worth is a package or subscription.
    pub prepaid: bool,
}

/// A reading, successful or not.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which key was read.
    pub key: KeyId,
    /// The claim it was read under; readings around an attempt have none.
    pub claim: Option<Uuid>,
    /// Who wanted it.
    pub source: BalanceSource,
    /// When the call began.
    pub started_at: Timestamp,
    /// When its answer arrived.
    pub read_at: Timestamp,
    /// What came back.
    pub outcome: Result<Answer, Blame>,
}

/// What the provider and the configuration make of a reading.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Time between regular readings.
    pub interval: Duration,
    /// Longest time between readings of a depleted key.
    pub depleted_interval_max: Duration,
    /// Under this a balance buys nothing.
    pub dust: Usd,
    /// How long after its creation the provider may still come to charge a task.
    pub result_window: Duration,
    /// Whether the provider counts in a unit of its own and no dollar rate is set.
    pub rate_missing: bool,
    /// Whether the provider is taken to reject every key, so that no rejection counts.
    pub rejects_all: bool,
    /// How many keys it may reject in ten minutes.
    pub rejections: usize,
    /// A number from 0 to 1 that spreads retries.
    pub jitter: f64,
}

/// Records a reading. Answers the key, or `None` when the reading came too late to count: its claim
/// lapsed, the key was removed, or a later reading is in.
///
/// # Errors
/// The database fails.
pub async fn record_reading(tx: &mut Tx, report: Report, policy: Policy) -> Result<Option<Key>, StoreError> {
    let Some(before) = tx.lock_key(report.key).await? else { return Ok(None) };
    if let Some(claim) = report.claim {
        let stands = tx.end_claim(before.id, claim).await?;
        // What was asked for before a key was blocked must not move it any more; what belongs to an
        // attempt under way has no claim, and does.
        if !stands || before.blocked_at.is_some() {
            return drop_report(tx, &before, &report, policy).await;
        }
    }
    let overtaken = before.reading.is_some_and(|reading| reading.started_at > report.started_at);
    if overtaken || before.status == KeyStatus::Removed {
        return drop_report(tx, &before, &report, policy).await;
    }
    let unknown = tx.unknown_attempts_of(report.key).await?;
    let mut key = before.clone();
    match report.outcome {
        Ok(ref answer) => accept(tx, &mut key, answer, &report, (policy, &unknown)).await?,
        Err(ref fault) => blame::unreadable(tx, &mut key, fault, policy).await?,
    }
    save(tx, &before, key).await.map(Some)
}

/// What comes too late changes nothing of the key; that its provider was asked in vain stays on record.
async fn drop_report(tx: &mut Tx, before: &Key, report: &Report, policy: Policy) -> Result<Option<Key>, StoreError> {
    if let Err(fault) = &report.outcome {
        blame::count(tx, before, fault, policy).await?;
    }
    Ok(None)
}

async fn accept(
    tx: &mut Tx,
    key: &mut Key,
    answer: &Answer,
    report: &Report,
    (policy, unknown): (Policy, &[Attempt]),
) -> Result<(), StoreError> {
    let reading = Reading { balance: answer.balance, started_at: report.started_at, read_at: report.read_at };
    // Of two readings that overlap nobody knows whose figure is the newer.
    let overlaps = key.quiet_reading.is_some_and(|quiet| quiet.read_at > report.started_at);
    let is_quiet = !overlaps && !tx.was_busy_since(key.id, report.started_at.minus(QUIET)).await?;
    if is_quiet && unknown.is_empty() {
        reconcile(tx, key, reading).await?;
        key.quiet_reading = Some(reading);
        key.evidence = None;
        key.paused_until = None;
    } else if is_quiet {
        // What the UNKNOWN attempts cost is in the figure, so it can't be the next baseline yet.
        evidence::note(tx, key, reading, unknown, policy.result_window).await?;
    }
    let (shown, read) = (key.balance(), key.reading.map(|reading| reading.balance));
    key.reading = Some(reading);
    key.spent_since = tx.charged_since(key.id, report.started_at).await?;
    key.native_balance.clone_from(&answer.native);
    key.prepaid = answer.prepaid;
    // What was charged since the last reading shows already, and is in no sample yet.
    if key.balance() != shown || read != Some(reading.balance) {
        tx.insert_sample(key.id, report.read_at, key.balance().unwrap_or_default(), report.source).await?;
    }
    if key.status == KeyStatus::Pending {
        tx.delete_known_bad(key.provider, &key.fingerprint).await?;
    }
    settle_status(key, is_quiet, policy);
    settle_problem(key, tx.now(), policy, !unknown.is_empty());
    key.first_rejected_at = None;
    let waits_for_quiet = !is_quiet && key.paused_until.is_some();
    key.backoff = if key.status == KeyStatus::Depleted { key.backoff.saturating_add(1) } else { 0 };
    key.next_sync_at = Some(match key.status {
        _ if !unknown.is_empty() => evidence::next_look(key, unknown, tx.now(), policy.result_window),
        KeyStatus::Depleted => next_depleted(key, tx.now(), policy),
        _ if waits_for_quiet => tx.now().plus(QUIET_RETRY.min(policy.interval)),
        _ => next_regular(key.id, tx.now(), policy.interval),
    });
    Ok(())
}

/// Compares a quiet reading with the last one and what was charged in between.
async fn reconcile(tx: &mut Tx, key: &mut Key, reading: Reading) -> Result<(), StoreError> {
    let Some(last) = key.quiet_reading else {
        // Nothing to compare with: what was credited so far is the baseline.
        key.vouched = key.vouched.max(key.credited);
        return Ok(());
    };
    let charged = tx.charged_since_quiet(key.id, last.started_at).await?;
    let dropped = last.balance - reading.balance;
    // A top-up hides a drop, but not what the provider itself named.
    key.vouched += dropped.max(tx.figured_since_quiet(key.id, last.started_at).await?).or_zero();
    let unexplained = dropped - charged;
    let corrected = if key.owner == PLATFORM { Usd::ZERO } else { transfer::correct(tx, key, -unexplained).await? };
    let unexplained = unexplained + corrected;
    if unexplained.is_positive() {
        key.outside_spending += unexplained;
        evidence::suspect_late_charge(tx, key, unexplained).await?;
    }
    if unexplained.is_negative() {
        suspect_refund(tx, key, -unexplained).await?;
    }
    Ok(())
}

/// Notes that a balance rose by just what an attempt cost: the provider may have given it back.
async fn suspect_refund(tx: &mut Tx, key: &Key, rise: Usd) -> Result<(), StoreError> {
    let since = tx.now().minus(REFUND_WINDOW);
    let Some(attempt) = tx.attempt_charged(key.id, rise, since).await? else { return Ok(()) };
    let Some(credit) = tx.credit_of(attempt).await? else { return Ok(()) };
    let target = Target { kind: TargetKind::Transfer, id: credit.id.0 };
    let note = format!("The key's balance rose by {rise} USD, the cost of this credit's attempt.");
    tx.append_audit("system", "refund.suspected", Some(target), Some(note)).await
}

fn settle_status(key: &mut Key, is_quiet: bool, policy: Policy) {
    let has_worth = key.prepaid
        || key.reading.is_some_and(|reading| reading.balance >= policy.dust && reading.balance.is_positive())
        || (policy.rate_missing && key.native_balance.is_some());
    key.status = match key.status {
        KeyStatus::Pending | KeyStatus::Depleted if has_worth => KeyStatus::Active,
        KeyStatus::Pending => KeyStatus::Depleted,
        KeyStatus::Active if is_quiet && !has_worth => KeyStatus::Depleted,
        unchanged => unchanged,
    };
    key.ever_active |= key.status == KeyStatus::Active;
}

/// A successful reading ends every problem but those that have an end of their own. A key that was
/// handed over again goes on resting while a charge is looked for.
fn settle_problem(key: &mut Key, now: Timestamp, policy: Policy, is_charge_unknown: bool) {
    let rests = key.paused_until.is_some_and(|until| until > now) && !is_charge_unknown;
    if rests || key.problem.as_ref().is_some_and(|problem| problem.code.has_its_own_end()) {
        return;
    }
    let code = if is_charge_unknown {
        Some(KeyProblemCode::CheckingCharge)
    } else if policy.rate_missing {
        Some(KeyProblemCode::RateMissing)
    } else if key.prepaid {
        Some(KeyProblemCode::Prepaid)
    } else {
        None
    };
    set_problem(key, code.map(|code| (code, None, None)), now);
}

/// Sets or clears the problem; `since` stays when it is the same one.
pub(super) fn set_problem(
    key: &mut Key,
    problem: Option<(KeyProblemCode, Option<&str>, Option<Timestamp>)>,
    now: Timestamp,
) {
    let since = |code| key.problem.as_ref().filter(|problem| problem.code == code).map_or(now, |it| it.since);
    key.problem = problem.map(|(code, provider_code, retry_at)| KeyProblem {
        code,
        provider_code: provider_code.map(str::to_owned),
        since: since(code),
        retry_at,
    });
}

/// Puts a key back in line for validation, as its owner may ask for an INVALID one.
///
/// # Errors
/// The database fails.
pub async fn pend(tx: &mut Tx, before: &Key) -> Result<Key, StoreError> {
    let mut key = before.clone();
    key.status = KeyStatus::Pending;
    key.invalid_at = None;
    key.next_sync_at = Some(tx.now());
    save(tx, before, key).await
}

/// The next regular reading: every key has a phase of its own within the interval, so that neither
/// a first pass nor a restart reads all at once.
pub(super) fn next_regular(key: KeyId, now: Timestamp, interval: Duration) -> Timestamp {
    let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
    let mut tail = [0; 8];
    tail.copy_from_slice(&key.as_bytes()[8..]);
    let phase = i64::from_be_bytes(tail).rem_euclid(interval);
    let periods = (now.micros() - phase).div_euclid(interval) + 1;
    Timestamp::from_micros(periods * interval + phase)
}

/// A depleted key is read on a growing interval.
fn next_depleted(key: &Key, now: Timestamp, policy: Policy) -> Timestamp {
    let doublings = u32::try_from(key.backoff.clamp(0, 20)).unwrap_or(0).saturating_sub(1);
    let interval = policy.interval.saturating_mul(1 << doublings).min(policy.depleted_interval_max);
    now.plus(interval.max(policy.interval))
}

/// A blame that a key shows as trouble with its reading.
pub(super) fn problem_of(fault: &Blame) -> KeyProblemCode {
    fault.problem.unwrap_or(KeyProblemCode::ProviderUnavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_fixed_and_due_times_lie_ahead() {
        let interval = Duration::from_secs(300);
        let key = KeyId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let first = next_regular(key, now, interval);
        assert!(first > now && first.since(now) <= interval);
        assert_eq!(next_regular(key, first, interval).since(first), interval);
    }
}

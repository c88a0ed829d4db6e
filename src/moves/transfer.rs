//! Movements on an account: each is chained to the one before, tells the owner, and stays.

use sha2::{Digest, Sha256};

use crate::domain::account::PLATFORM;
use crate::domain::audit::{SHORTFALL, Target, TargetKind};
use crate::domain::event::EventBody;
use crate::domain::{
    Account, AccountId, AccountRef, Attempt, AttemptId, CostSource, Key, KeyId, TaskType, Transfer, TransferId,
    TransferKind, Usd,
};
use crate::store::{ProvisionalCredit, StoreError, Tx};

/// Quiet readings that may lower a provisional credit.
const READINGS: i32 = 2;

/// A movement to be posted.
#[derive(Clone, Debug)]
pub struct NewTransfer<'a> {
    /// The system side.
    pub counter: AccountId,
    /// Signed from the owner's side, never zero.
    pub amount: Usd,
    /// What kind of movement it is.
    pub kind: TransferKind,
    /// The attempt whose charge it is.
    pub attempt: Option<AttemptId>,
    /// The key that caused it.
    pub key: Option<KeyId>,
    /// The kind of task that was solved.
    pub task_type: Option<TaskType>,
    /// How the amount was learnt.
    pub cost_source: Option<CostSource>,
    /// What it corrects, and why: unique together.
    pub corrects: Option<(TransferId, &'a str)>,
    /// The service's name, its idempotency key and the hash of its request.
    pub request: Option<(&'a str, &'a str, &'a [u8])>,
    /// Words given with it.
    pub note: Option<String>,
}

impl NewTransfer<'_> {
    /// A movement of nothing but an amount; the caller fills in the rest.
    #[must_use]
    pub fn new(kind: TransferKind, counter: AccountId, amount: Usd) -> Self {
        Self {
            counter,
            amount,
            kind,
            attempt: None,
            key: None,
            task_type: None,
            cost_source: None,
            corrects: None,
            request: None,
            note: None,
        }
    }
}

/// Posts a movement on a locked account and tells its owner.
///
/// # Errors
/// The balance would fall below zero, the movement is posted already, or the database fails.
pub async fn post(tx: &mut Tx, account: &mut Account, new: NewTransfer<'_>) -> Result<Transfer, StoreError> {
    account.balance += new.amount;
    if new.kind.is_recycling() {
        account.credited += new.amount;
    }
    account.ledger_seq += 1;
    let mut posted = Transfer {
        id: TransferId::generate(tx.clock(), tx.entropy()),
        account: account.id,
        counter: new.counter,
        amount: new.amount,
        kind: new.kind,
        attempt: new.attempt,
        key: new.key,
        task_type: new.task_type,
        cost_source: new.cost_source,
        provisional: false,
        corrects: new.corrects.map(|(id, _)| id),
        note: new.note,
        seq: account.ledger_seq,
        balance_after: account.balance,
        hash: Vec::new(),
        posted_at: tx.now(),
    };
    posted.hash = chain_hash(&account.ledger_hash, &posted);
    account.ledger_hash.clone_from(&posted.hash);
    tx.save_ledger_state(account).await?;
    tx.insert_transfer(&posted, new.request, new.corrects.map(|(_, reason)| reason)).await?;
    tx.append_event(account.id, EventBody::TransactionPosted(posted.id)).await?;
    Ok(posted)
}

/// Credits the owner of an attempt's key with its cost. Platform-owned keys and a cost of nothing
/// post none.
///
/// # Errors
/// The attempt is credited already, or the database fails.
pub async fn credit(
    tx: &mut Tx,
    attempt: &Attempt,
    cost: Usd,
    source: CostSource,
    provisional: bool,
) -> Result<Option<Transfer>, StoreError> {
    if cost.is_zero() || attempt.owner == PLATFORM {
        return Ok(None);
    }
    let mut account = tx.lock_account(AccountRef::Id(attempt.owner)).await?.ok_or(StoreError::Stale)?;
    let posted = post(
        tx,
        &mut account,
        NewTransfer {
            attempt: Some(attempt.id),
            key: Some(attempt.key),
            task_type: Some(attempt.task_type),
            cost_source: Some(source),
            ..NewTransfer::new(TransferKind::RecycleCredit, PLATFORM, cost)
        },
    )
    .await?;
    if provisional {
        tx.insert_provisional(&ProvisionalCredit {
            transfer: posted.id,
            key: attempt.key,
            remaining: cost,
            readings_left: READINGS,
            seq: posted.seq,
            settled_at: tx.now(),
        })
        .await?;
    }
    Ok(Some(posted))
}

/// Lets a quiet reading lower the key's provisional credits by what the balance did not drop,
/// newest first, and counts the reading on each. Answers by how much they were lowered.
///
/// What the owner has spent already can't be taken back; the platform bears it and the audit log
/// names it.
///
/// # Errors
/// The database fails.
pub async fn correct(tx: &mut Tx, key: &mut Key, surplus: Usd) -> Result<Usd, StoreError> {
    let mut credits = tx.lock_provisional(key.id).await?;
    let mut left = surplus.or_zero();
    if credits.is_empty() {
        return Ok(Usd::ZERO);
    }
    let mut account = tx.lock_account(AccountRef::Id(key.owner)).await?.ok_or(StoreError::Stale)?;
    for credit in &mut credits {
        let lower_by = left.min(credit.remaining);
        left -= lower_by;
        let reason = format!("quiet reading {}", READINGS - credit.readings_left + 1);
        credit.remaining -= lower_by;
        credit.readings_left -= 1;
        let taken = lower_by.min(account.balance);
        if taken.is_positive() {
            let adjustment = NewTransfer {
                key: Some(key.id),
                cost_source: Some(CostSource::BalanceDelta),
                corrects: Some((credit.transfer, &reason)),
                note: Some("The balance dropped by less than the list price.".to_owned()),
                ..NewTransfer::new(TransferKind::Adjustment, PLATFORM, -taken)
            };
            post(tx, &mut account, adjustment).await?;
            key.credited -= taken;
        }
        if taken < lower_by {
            key.vouched += lower_by - taken;
            let target = Target { kind: TargetKind::Transfer, id: credit.transfer.0 };
            let note = format!("The owner no longer had {} USD of it.", lower_by - taken);
            tx.append_audit("system", SHORTFALL, Some(target), Some(note)).await?;
        }
        tx.save_provisional(credit).await?;
    }
    Ok(surplus.or_zero() - left)
}

/// SHA-256 over the hash of the transfer before and everything about this one.
#[must_use]
pub fn chain_hash(previous: &[u8], transfer: &Transfer) -> Vec<u8> {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(bytes);
    };
    let optional = |id: Option<&[u8; 16]>| id.map(|bytes| bytes.to_vec()).unwrap_or_default();
    part(previous);
    part(transfer.id.as_bytes());
    part(transfer.account.as_bytes());
    part(transfer.counter.as_bytes());
    part(&transfer.amount.nanos().to_be_bytes());
    part(transfer.kind.as_str().as_bytes());
    part(&optional(transfer.attempt.as_ref().map(AttemptId::as_bytes)));
    part(&optional(transfer.key.as_ref().map(KeyId::as_bytes)));
    part(transfer.task_type.map_or("", TaskType::as_str).as_bytes());
    part(transfer.cost_source.map_or("", CostSource::as_str).as_bytes());
    part(&optional(transfer.corrects.as_ref().map(TransferId::as_bytes)));
    part(transfer.note.as_deref().unwrap_or_default().as_bytes());
    part(&transfer.seq.to_be_bytes());
    part(&transfer.balance_after.nanos().to_be_bytes());
    part(&transfer.posted_at.micros().to_be_bytes());
    hasher.finalize().to_vec()
}

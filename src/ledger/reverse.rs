//! A credit is taken back, as far as its owner still has it.

use super::idempotency::{Known, Request};
use super::{Failure, Ledger};
use crate::domain::account::PLATFORM;
use crate::domain::audit::{AuditEntry, SHORTFALL, Target, TargetKind};
use crate::domain::{AccountRef, Actor, Transfer, TransferId, TransferKind, Usd};
use crate::moves;
use crate::moves::transfer::{NewTransfer, post};
use crate::store::{StoreError, Tx};

/// Why a correction is a reversal; one a credit.
const REASON: &str = "reversal";

/// A reversal that is asked for.
#[derive(Clone, Debug)]
pub struct Reversal {
    /// The credit to take back.
    pub transaction: TransferId,
    /// How much of it; `None` takes it back whole.
    pub amount: Option<Usd>,
    /// The service's own name for it.
    pub idempotency_key: String,
    /// Why.
    pub note: String,
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// The reversing transfer; `None` when the owner has nothing left.
    pub transfer: Option<Transfer>,
    /// What the owner no longer had.
    pub shortfall: Usd,
}

/// Why nothing was posted, and the field that is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseRefusal {
    /// Why.
    pub code: ReverseError,
    /// The part of the input that is to blame.
    pub field: Vec<String>,
}

/// Why nothing was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReverseError {
    /// There is no such transaction.
    TransactionNotFound,
    /// It is no recycling credit, or is already reversed.
    NotReversible,
    /// The amount is not above zero, or above what was credited.
    AmountInvalid,
    /// The idempotency key was used for another content.
    IdempotencyMismatch,
}

type Outcome = Result<Reversed, ReverseRefusal>;

impl Ledger {
    /// Takes a credit back by a linked transfer; the original stays as it is. The shortfall is what
    /// the owner no longer had; the platform bears it and the audit log names it.
    ///
    /// # Errors
    /// The caller is no service, or the database fails.
    pub async fn reverse(&self, actor: &Actor, it: Reversal) -> Result<Outcome, Failure> {
        let principal = actor.principal().ok_or(Failure::NotAService)?.to_owned();
        Ok(self.store.write("reverse", move |tx| Box::pin(reverse(tx, principal, it))).await?)
    }
}

pub(super) async fn reverse(tx: &mut Tx, principal: String, it: Reversal) -> Result<Outcome, StoreError> {
    let Some(credit) = tx.find_transfer(it.transaction).await? else {
        return Ok(Err(refusal(ReverseError::TransactionNotFound, "transactionId")));
    };
    let request = Request {
        principal,
        key: it.idempotency_key.clone(),
        content: vec![
            ("transactionId", it.transaction.to_string()),
            ("amount", it.amount.map(|amount| amount.to_string()).unwrap_or_default()),
            ("note", it.note.clone()),
        ],
    };
    // Keys are locked before accounts.
    let key = match credit.key {
        Some(key) => tx.lock_key(key).await?,
        None => None,
    };
    let mut account = tx.lock_account(AccountRef::Id(credit.account)).await?.ok_or(StoreError::Stale)?;
    let corrections = tx.find_corrections(credit.id).await?;
    let adjusted: Usd = corrections.iter().filter(|it| it.kind == TransferKind::Adjustment).map(|it| it.amount).sum();
    let standing = credit.amount + adjusted;
    let wanted = it.amount.unwrap_or(standing);
    match request.look_up(tx).await? {
        Known::Repeat(transfer) => {
            let shortfall = wanted + transfer.amount;
            return Ok(Ok(Reversed { transfer: Some(*transfer), shortfall }));
        }
        Known::Mismatch => return Ok(Err(mismatch(tx, &request, &it).await?)),
        Known::First => {}
    }
    // A reversal that found nothing left has no transfer; its audit entry remembers it.
    if let Some(entry) = tx.audit_entry_of(&request.principal, SHORTFALL, &request.key).await? {
        return Ok(repeat_of_nothing(&entry, credit.id, wanted));
    }
    let is_reversed = corrections.iter().any(|it| it.kind == TransferKind::RecycleReversal);
    if credit.kind != TransferKind::RecycleCredit || is_reversed {
        return Ok(Err(refusal(ReverseError::NotReversible, "transactionId")));
    }
    if !wanted.is_positive() || wanted > standing {
        return Ok(Err(refusal(ReverseError::AmountInvalid, "amount")));
    }
    let taken = wanted.min(account.balance);
    let shortfall = wanted - taken;
    if shortfall.is_positive() {
        let target = Target { kind: TargetKind::Transfer, id: credit.id.0 };
        let note = Some(shortfall_note(shortfall));
        tx.append_audit_once(&request.principal, SHORTFALL, Some(target), Some(&request.key), note).await?;
    }
    if taken.is_zero() {
        return Ok(Ok(Reversed { transfer: None, shortfall }));
    }
    tx.delete_provisional(credit.id).await?;
    if let Some(before) = key {
        let mut after = before.clone();
        after.credited -= taken;
        moves::key::save(tx, &before, after).await?;
    }
    let hash = request.hash();
    let new = NewTransfer {
        key: credit.key,
        task_type: credit.task_type,
        cost_source: credit.cost_source,
        corrects: Some((credit.id, REASON)),
        request: Some((&request.principal, &request.key, &hash)),
        note: Some(it.note),
        ..NewTransfer::new(TransferKind::RecycleReversal, PLATFORM, -taken)
    };
    let transfer = post(tx, &mut account, new).await?;
    Ok(Ok(Reversed { transfer: Some(transfer), shortfall }))
}

/// Answers a reversal that took nothing the first time: nothing again.
fn repeat_of_nothing(entry: &AuditEntry, credit: TransferId, wanted: Usd) -> Outcome {
    if entry.target.map(|target| target.id) != Some(credit.0) {
        return Err(refusal(ReverseError::IdempotencyMismatch, "transactionId"));
    }
    if entry.note.as_deref() != Some(&shortfall_note(wanted)) {
        return Err(refusal(ReverseError::IdempotencyMismatch, "amount"));
    }
    Ok(Reversed { transfer: None, shortfall: wanted })
}

fn shortfall_note(shortfall: Usd) -> String {
    format!("The owner no longer had {shortfall} USD of it.")
}

/// Names the first field in which the stored reversal differs from what is asked now.
async fn mismatch(tx: &mut Tx, request: &Request, it: &Reversal) -> Result<ReverseRefusal, StoreError> {
    let stored = tx.transfer_by_idempotency_key(&request.principal, &request.key).await?;
    let field = match stored {
        Some((stored, _)) if stored.kind != TransferKind::RecycleReversal => "idempotencyKey",
        Some((stored, _)) if stored.corrects != Some(it.transaction) => "transactionId",
        Some((stored, _)) if stored.note.as_deref() != Some(&it.note) => "note",
        _ => "amount",
    };
    Ok(refusal(ReverseError::IdempotencyMismatch, field))
}

fn refusal(code: ReverseError, field: &str) -> ReverseRefusal {
    ReverseRefusal { code, field: vec![field.to_owned()] }
}

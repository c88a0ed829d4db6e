//! Credits come in by a deposit and go out by a payment.

use super::idempotency::{Known, Request};
use super::{Failure, Ledger};
use crate::domain::account::{FUNDING, REVENUE};
use crate::domain::{Account, AccountKind, AccountRef, Actor, Transfer, TransferKind, Usd};
use crate::moves::transfer::{NewTransfer, post};
use crate::store::{StoreError, Tx};

/// A deposit or a payment.
#[derive(Clone, Debug)]
pub struct MoveCredits {
    /// Whose credits.
    pub account: AccountRef,
    /// How much, above zero.
    pub amount: Usd,
    /// The service's own name for it.
    pub idempotency_key: String,
    /// Words kept with it.
    pub note: Option<String>,
}

/// Why nothing was posted, and the field that is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditRefusal {
    /// Why.
    pub code: CreditError,
    /// The part of the input that is to blame.
    pub field: Vec<String>,
}

/// Why nothing was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditError {
    /// There is no such account.
    AccountNotFound,
    /// The account is frozen.
    AccountFrozen,
    /// The amount is not above zero, or above the limit.
    AmountInvalid,
    /// The balance is smaller than the amount.
    InsufficientCredits,
    /// The idempotency key was used for another content.
    IdempotencyMismatch,
}

type Posted = Result<Transfer, CreditRefusal>;

impl Ledger {
    /// Adds bought credits, making the account where a Telegram user has none yet.
    ///
    /// # Errors
    /// The caller is no service, or the database fails.
    pub async fn deposit(&self, actor: &Actor, it: MoveCredits) -> Result<Posted, Failure> {
        self.carry_out(actor, TransferKind::Deposit, it).await
    }

    /// Takes credits for a task.
    ///
    /// # Errors
    /// The caller is no service, or the database fails.
    pub async fn spend(&self, actor: &Actor, it: MoveCredits) -> Result<Posted, Failure> {
        self.carry_out(actor, TransferKind::Spend, it).await
    }

    async fn carry_out(&self, actor: &Actor, kind: TransferKind, it: MoveCredits) -> Result<Posted, Failure> {
        let principal = actor.principal().ok_or(Failure::NotAService)?.to_owned();
        if !it.amount.is_positive() || it.amount > self.amount_max {
            return Ok(Err(refusal(CreditError::AmountInvalid, "amount")));
        }
        let name = if kind == TransferKind::Deposit { "deposit" } else { "spend" };
        let first = self.post_once(name, kind, principal.clone(), it.clone()).await;
        match first {
            // The same request was carried out at the same moment: now it is a repeat.
            Err(StoreError::Conflict) => Ok(self.post_once(name, kind, principal, it).await?),
            other => Ok(other?),
        }
    }

    async fn post_once(
        &self,
        name: &'static str,
        kind: TransferKind,
        principal: String,
        it: MoveCredits,
    ) -> Result<Posted, StoreError> {
        self.store.write(name, move |tx| Box::pin(carry_out(tx, kind, principal, it))).await
    }
}

async fn carry_out(tx: &mut Tx, kind: TransferKind, principal: String, it: MoveCredits) -> Result<Posted, StoreError> {
    let Some(mut account) = find_account(tx, kind, it.account).await? else {
        return Ok(Err(refusal(CreditError::AccountNotFound, "account")));
    };
    let request = Request {
        principal,
        key: it.idempotency_key,
        content: vec![
            ("kind", kind.as_str().to_owned()),
            ("account", account.id.to_string()),
            ("amount", it.amount.to_string()),
            ("note", it.note.clone().unwrap_or_default()),
        ],
    };
    match request.look_up(tx).await? {
        Known::Repeat(transfer) => return Ok(Ok(*transfer)),
        Known::Mismatch => return Ok(Err(mismatch(tx, &request, kind, &account, &it.note, it.amount).await?)),
        Known::First => {}
    }
    let (counter, amount) = match kind {
        TransferKind::Spend => (REVENUE, -it.amount),
        _ => (FUNDING, it.amount),
    };
    if kind == TransferKind::Spend && account.frozen_at.is_some() {
        return Ok(Err(refusal(CreditError::AccountFrozen, "account")));
    }
    if (account.balance + amount).is_negative() {
        return Ok(Err(refusal(CreditError::InsufficientCredits, "amount")));
    }
    let hash = request.hash();
    let new = NewTransfer {
        request: Some((&request.principal, &request.key, &hash)),
        note: it.note,
        ..NewTransfer::new(kind, counter, amount)
    };
    post(tx, &mut account, new).await.map(Ok)
}

/// The owner's account, locked; a deposit makes it where a Telegram user has none.
async fn find_account(tx: &mut Tx, kind: TransferKind, account: AccountRef) -> Result<Option<Account>, StoreError> {
    if let (TransferKind::Deposit, AccountRef::Telegram(user)) = (kind, account) {
        tx.make_owner_account(user).await?;
    }
    let found = tx.lock_account(account).await?;
    Ok(found.filter(|account| account.kind == AccountKind::Owner))
}

/// Names the first field in which the stored transaction differs from what is asked now.
async fn mismatch(
    tx: &mut Tx,
    request: &Request,
    kind: TransferKind,
    account: &Account,
    note: &Option<String>,
    amount: Usd,
) -> Result<CreditRefusal, StoreError> {
    let stored = tx.transfer_by_idempotency_key(&request.principal, &request.key).await?;
    let field = match stored {
        Some((stored, _)) if stored.kind != kind => "idempotencyKey",
        Some((stored, _)) if stored.account != account.id => "account",
        Some((stored, _)) if stored.amount != amount && stored.amount != -amount => "amount",
        Some((stored, _)) if stored.note != *note => "note",
        _ => "idempotencyKey",
    };
    Ok(refusal(CreditError::IdempotencyMismatch, field))
}

fn refusal(code: CreditError, field: &str) -> CreditRefusal {
    CreditRefusal { code, field: vec![field.to_owned()] }
}

//! `spendCredits`: billing takes credits for a task.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::user_error::{blamed, user_error};
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::scalars::Usd;
use crate::graphql::types::account::AccountRefInput;
use crate::graphql::types::transaction::Transaction;
use crate::graphql::{services, texts};
use crate::ledger::{CreditError, CreditRefusal, MoveCredits};

/// Input of spendCredits.
#[derive(InputObject)]
pub(crate) struct SpendCreditsInput {
    /// Who pays.
    account: AccountRefInput,
    /// How much, above zero.
    amount: Usd,
    /// The caller's own name for this payment, 1 to 64 characters; a repeat answers the first transaction.
    idempotency_key: String,
    /// Words kept with the transaction, at most 200 characters.
    note: Option<String>,
}

/// Answer of spendCredits.
#[derive(SimpleObject)]
pub(crate) struct SpendCreditsPayload {
    /// The transaction; null with a user error.
    transaction: Option<Transaction>,
    /// Why nothing was posted.
    user_errors: Vec<SpendCreditsError>,
}

user_error! {
    /// Expected failure of spendCredits.
    SpendCreditsError,
    /// Codes of spendCredits.
    SpendCreditsErrorCode {
        /// There is no such account.
        AccountNotFound at "account" => "There is no such account.",
        /// The account is frozen.
        AccountFrozen at "account" => "The account is frozen.",
        /// The amount is not above zero, or above the limit.
        AmountInvalid at "amount" => "The amount is not above zero, or above the limit.",
        /// The balance is smaller than the amount.
        InsufficientCredits at "amount" => "The balance is smaller than the amount.",
        /// The idempotency key was used for another content; field names the difference.
        IdempotencyMismatch at "idempotencyKey" => "The idempotency key was used for another content.",
    }
}

impl From<CreditRefusal> for SpendCreditsError {
    fn from(refusal: CreditRefusal) -> Self {
        let code = match refusal.code {
            CreditError::AccountNotFound => SpendCreditsErrorCode::AccountNotFound,
            CreditError::AccountFrozen => SpendCreditsErrorCode::AccountFrozen,
            CreditError::AmountInvalid => SpendCreditsErrorCode::AmountInvalid,
            CreditError::InsufficientCredits => SpendCreditsErrorCode::InsufficientCredits,
            CreditError::IdempotencyMismatch => SpendCreditsErrorCode::IdempotencyMismatch,
        };
        let usual = Self::from(code);
        Self { field: blamed(refusal.field, usual.field), ..usual }
    }
}

impl From<SpendCreditsError> for SpendCreditsPayload {
    fn from(error: SpendCreditsError) -> Self {
        Self { transaction: None, user_errors: vec![error] }
    }
}

#[derive(Default)]
pub(super) struct SpendCredits;

#[Object]
impl SpendCredits {
    /// Billing: takes credits for a task from an account.
    #[graphql(guard = "Admits::Billing", visible = "shown_to::billing")]
    async fn spend_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, how much, and the idempotency key.")] input: SpendCreditsInput,
    ) -> Result<Option<SpendCreditsPayload>> {
        let services = services(ctx)?;
        let SpendCreditsInput { account, amount, idempotency_key, note } = input;
        texts::idempotency_key(&idempotency_key)?;
        texts::note(note.as_deref())?;
        let Some(account) = account.resolve(&services.ids) else {
            return Ok(Some(SpendCreditsError::from(SpendCreditsErrorCode::AccountNotFound).into()));
        };
        let payment = MoveCredits { account, amount: amount.0, idempotency_key, note };
        Ok(Some(match services.ledger.spend(actor(ctx)?, payment).await? {
            Ok(transfer) => SpendCreditsPayload { transaction: Some(Transaction(transfer)), user_errors: Vec::new() },
            Err(refusal) => SpendCreditsError::from(refusal).into(),
        }))
    }
}

//! `reverseCredit`: billing takes a recycling credit back.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::{blamed, user_error};
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::scalars::Usd;
use crate::graphql::types::transaction::Transaction;
use crate::graphql::{services, texts};
use crate::ledger::{Reversal, ReverseError, ReverseRefusal, Reversed};

/// Input of reverseCredit.
#[derive(InputObject)]
pub(crate) struct ReverseCreditInput {
    /// Opaque id of the RECYCLE_CREDIT to take back.
    transaction_id: ID,
    /// How much of it; null takes it back whole.
    amount: Option<Usd>,
    /// The caller's own name for this reversal, 1 to 64 characters; a repeat answers the first transaction.
    idempotency_key: String,
    /// Why, at most 200 characters.
    note: String,
}

/// Answer of reverseCredit.
#[derive(SimpleObject)]
pub(crate) struct ReverseCreditPayload {
    /// The reversing transaction; null with a user error, or when the owner has nothing left.
    transaction: Option<Transaction>,
    /// What the owner no longer had and the platform bears; null with a user error.
    shortfall: Option<Usd>,
    /// Why nothing was posted.
    user_errors: Vec<ReverseCreditError>,
}

user_error! {
    /// Expected failure of reverseCredit.
    ReverseCreditError,
    /// Codes of reverseCredit.
    ReverseCreditErrorCode {
        /// There is no such transaction.
        TransactionNotFound at "transactionId" => "There is no such transaction.",
        /// The transaction is no recycling credit, or is already reversed.
        NotReversible at "transactionId" => "The transaction is no recycling credit, or is already reversed.",
        /// The amount is not above zero, or above what was credited.
        AmountInvalid at "amount" => "The amount is not above zero, or above what was credited.",
        /// The idempotency key was used for another content; field names the difference.
        IdempotencyMismatch at "idempotencyKey" => "The idempotency key was used for another content.",
    }
}

impl From<ReverseRefusal> for ReverseCreditError {
    fn from(refusal: ReverseRefusal) -> Self {
        let code = match refusal.code {
            ReverseError::TransactionNotFound => ReverseCreditErrorCode::TransactionNotFound,
            ReverseError::NotReversible => ReverseCreditErrorCode::NotReversible,
            ReverseError::AmountInvalid => ReverseCreditErrorCode::AmountInvalid,
            ReverseError::IdempotencyMismatch => ReverseCreditErrorCode::IdempotencyMismatch,
        };
        let usual = Self::from(code);
        Self { field: blamed(refusal.field, usual.field), ..usual }
    }
}

impl From<ReverseCreditError> for ReverseCreditPayload {
    fn from(error: ReverseCreditError) -> Self {
        Self { transaction: None, shortfall: None, user_errors: vec![error] }
    }
}

impl From<Reversed> for ReverseCreditPayload {
    fn from(reversed: Reversed) -> Self {
        Self {
            transaction: reversed.transfer.map(Transaction),
            shortfall: Some(reversed.shortfall.into()),
            user_errors: Vec::new(),
        }
    }
}

#[derive(Default)]
pub(super) struct ReverseCredit;

#[Object]
impl ReverseCredit {
    /// Billing: takes back a credit, as far as its owner still has it, by a linked transaction; the original stays as it is.
    #[graphql(guard = "Admits::Billing", visible = "shown_to::billing")]
    async fn reverse_credit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which transaction, how much, and why.")] input: ReverseCreditInput,
    ) -> Result<Option<ReverseCreditPayload>> {
        let services = services(ctx)?;
        let ReverseCreditInput { transaction_id, amount, idempotency_key, note } = input;
        texts::idempotency_key(&idempotency_key)?;
        texts::note(Some(&note))?;
        let Some(transaction) = services.ids.open(&transaction_id) else {
            return Ok(Some(ReverseCreditError::from(ReverseCreditErrorCode::TransactionNotFound).into()));
        };
        let reversal = Reversal { transaction, amount: amount.map(|amount| amount.0), idempotency_key, note };
        Ok(Some(match services.ledger.reverse(actor(ctx)?, reversal).await? {
            Ok(reversed) => reversed.into(),
            Err(refusal) => ReverseCreditError::from(refusal).into(),
        }))
    }
}

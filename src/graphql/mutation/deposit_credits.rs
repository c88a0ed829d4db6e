//! `depositCredits`: billing adds bought credits.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::user_error::{blamed, user_error};
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::{ApiError, Result};
use crate::graphql::scalars::Usd;
use crate::graphql::types::account::AccountRefInput;
use crate::graphql::types::transaction::Transaction;
use crate::graphql::{services, texts};
use crate::ledger::{CreditError, CreditRefusal, MoveCredits};

/// Input of depositCredits.
#[derive(InputObject)]
pub(crate) struct DepositCreditsInput {
    /// Who receives the credits.
    account: AccountRefInput,
    /// How much, above zero.
    amount: Usd,
    /// The caller's own name for this deposit, 1 to 64 characters; a repeat answers the first transaction.
    idempotency_key: String,
    /// Words kept with the transaction, at most 200 characters.
    note: Option<String>,
}

/// Answer of depositCredits.
#[derive(SimpleObject)]
pub(crate) struct DepositCreditsPayload {
    /// The transaction; null with a user error.
    transaction: Option<Transaction>,
    /// Why nothing was posted.
    user_errors: Vec<DepositCreditsError>,
}

user_error! {
    /// Expected failure of depositCredits.
    DepositCreditsError,
    /// Codes of depositCredits.
    DepositCreditsErrorCode {
        /// There is no account with this id.
        AccountNotFound at "account" => "There is no account with this id.",
        /// The amount is not above zero, or above the limit.
        AmountInvalid at "amount" => "The amount is not above zero, or above the limit.",
        /// The idempotency key was used for another content; field names the difference.
        IdempotencyMismatch at "idempotencyKey" => "The idempotency key was used for another content.",
    }
}

impl TryFrom<CreditRefusal> for DepositCreditsError {
    type Error = ApiError;

    /// # Errors
    /// The refusal is one of a payment, which a deposit cannot meet.
    fn try_from(refusal: CreditRefusal) -> Result<Self> {
        let code = match refusal.code {
            CreditError::AccountNotFound => DepositCreditsErrorCode::AccountNotFound,
            CreditError::AmountInvalid => DepositCreditsErrorCode::AmountInvalid,
            CreditError::IdempotencyMismatch => DepositCreditsErrorCode::IdempotencyMismatch,
            CreditError::AccountFrozen | CreditError::InsufficientCredits => {
                return Err(ApiError::broken("a deposit was refused as a payment"));
            }
        };
        let usual = Self::from(code);
        Ok(Self { field: blamed(refusal.field, usual.field), ..usual })
    }
}

impl From<DepositCreditsError> for DepositCreditsPayload {
    fn from(error: DepositCreditsError) -> Self {
        Self { transaction: None, user_errors: vec![error] }
    }
}

#[derive(Default)]
pub(super) struct DepositCredits;

#[Object]
impl DepositCredits {
    /// Billing: adds bought credits to an account, making the account where a Telegram user has none yet.
    #[graphql(guard = "Admits::Billing", visible = "shown_to::billing")]
    async fn deposit_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, how much, and the idempotency key.")] input: DepositCreditsInput,
    ) -> Result<Option<DepositCreditsPayload>> {
        let services = services(ctx)?;
        let DepositCreditsInput { account, amount, idempotency_key, note } = input;
        texts::idempotency_key(&idempotency_key)?;
        texts::note(note.as_deref())?;
        let Some(account) = account.resolve(&services.ids) else {
            return Ok(Some(DepositCreditsError::from(DepositCreditsErrorCode::AccountNotFound).into()));
        };
        let deposit = MoveCredits { account, amount: amount.0, idempotency_key, note };
        Ok(Some(match services.ledger.deposit(actor(ctx)?, deposit).await? {
            Ok(transfer) => DepositCreditsPayload { transaction: Some(Transaction(transfer)), user_errors: Vec::new() },
            Err(refusal) => DepositCreditsError::try_from(refusal)?.into(),
        }))
    }
}

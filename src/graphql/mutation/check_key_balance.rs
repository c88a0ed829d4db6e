//! `checkKeyBalance`: an owner has a balance read now.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::key::RecycledKey;
use crate::keys::CheckError;

/// Input of checkKeyBalance.
#[derive(InputObject)]
pub(crate) struct CheckKeyBalanceInput {
    /// Opaque id of the key.
    key_id: ID,
}

/// Answer of checkKeyBalance.
#[derive(SimpleObject)]
pub(crate) struct CheckKeyBalancePayload {
    /// The key with its newest known figures.
    key: Option<RecycledKey>,
    /// Whether the provider was read for this answer; otherwise see the key's checkableAt and problem.
    checked: bool,
    /// Why there is no answer.
    user_errors: Vec<CheckKeyBalanceError>,
}

user_error! {
    /// Expected failure of checkKeyBalance.
    CheckKeyBalanceError,
    /// Codes of checkKeyBalance.
    CheckKeyBalanceErrorCode {
        /// There is no such key of the caller.
        KeyNotFound at "keyId" => "There is no such key.",
        /// The key is removed; hand it over again.
        KeyRemoved at "keyId" => "The key is removed; hand it over again.",
    }
}

impl From<CheckError> for CheckKeyBalanceErrorCode {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::KeyNotFound => Self::KeyNotFound,
            CheckError::KeyRemoved => Self::KeyRemoved,
        }
    }
}

impl From<CheckKeyBalanceErrorCode> for CheckKeyBalancePayload {
    fn from(code: CheckKeyBalanceErrorCode) -> Self {
        Self { key: None, checked: false, user_errors: vec![code.into()] }
    }
}

#[derive(Default)]
pub(super) struct CheckKeyBalance;

#[Object]
impl CheckKeyBalance {
    /// Owners: reads the key's balance at the provider now, or answers the last figure while the cool-down runs.
    #[graphql(guard = "Admits::Owners", visible = "shown_to::owners")]
    async fn check_key_balance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: CheckKeyBalanceInput,
    ) -> Result<Option<CheckKeyBalancePayload>> {
        let services = services(ctx)?;
        let Some(id) = services.ids.open(&input.key_id) else {
            return Ok(Some(CheckKeyBalanceErrorCode::KeyNotFound.into()));
        };
        Ok(Some(match services.keys.check(actor(ctx)?, id).await? {
            Ok(answer) => CheckKeyBalancePayload {
                key: Some(RecycledKey(answer.key)),
                checked: answer.checked,
                user_errors: Vec::new(),
            },
            Err(error) => CheckKeyBalanceErrorCode::from(error).into(),
        }))
    }
}

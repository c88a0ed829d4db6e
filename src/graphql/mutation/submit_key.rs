//! `submitKey`: an owner hands over a key.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::scalars::ProviderKey;
use crate::graphql::services;
use crate::graphql::types::codes::ProviderCode;
use crate::graphql::types::key::RecycledKey;
use crate::keys::{Submission, SubmitError, SubmitRefusal};

/// Input of submitKey.
#[derive(InputObject)]
pub(crate) struct SubmitKeyInput {
    /// The provider that issued the key.
    provider: ProviderCode,
    /// The key, as copied from the provider.
    key: ProviderKey,
    /// The owner's own name for it, at most 64 characters; null keeps the one it had.
    label: Option<String>,
}

/// Answer of submitKey.
#[derive(SimpleObject)]
pub(crate) struct SubmitKeyPayload {
    /// The key, also when the verdict is INVALID; null with a user error.
    key: Option<RecycledKey>,
    /// Why nothing was taken.
    user_errors: Vec<SubmitKeyError>,
}

user_error! {
    /// Expected failure of submitKey.
    SubmitKeyError,
    /// Codes of submitKey.
    SubmitKeyErrorCode {
        /// The text cannot be a key of this provider; nobody was asked.
        KeyFormat at "key" => "This text cannot be a key of this provider.",
        /// The key cannot be taken here; nobody was asked.
        KeyNotAccepted at "key" => "This key cannot be taken here.",
        /// The label is too long, has control characters, or a word that looks like a key.
        LabelFormat at "label" => "A label has at most 64 characters, no control characters, and nothing that looks like a key.",
        /// New keys of this provider are not taken now.
        ProviderClosed at "provider" => "New keys of this provider are not taken now.",
        /// The account has as many keys as it may.
        KeyLimit => "The account has as many keys as it may.",
        /// Too many submissions; see retryAt.
        TooManySubmissions => "Too many keys were submitted lately; try again later.",
        /// The account is frozen.
        AccountFrozen => "The account is frozen.",
    }
}

impl From<SubmitRefusal> for SubmitKeyError {
    fn from(refusal: SubmitRefusal) -> Self {
        let code = match refusal.code {
            SubmitError::KeyFormat => SubmitKeyErrorCode::KeyFormat,
            SubmitError::KeyNotAccepted => SubmitKeyErrorCode::KeyNotAccepted,
            SubmitError::LabelFormat => SubmitKeyErrorCode::LabelFormat,
            SubmitError::ProviderClosed => SubmitKeyErrorCode::ProviderClosed,
            SubmitError::KeyLimit => SubmitKeyErrorCode::KeyLimit,
            SubmitError::TooManySubmissions => SubmitKeyErrorCode::TooManySubmissions,
            SubmitError::AccountFrozen => SubmitKeyErrorCode::AccountFrozen,
        };
        Self { retry_at: refusal.retry_at, ..code.into() }
    }
}

#[derive(Default)]
pub(super) struct SubmitKey;

#[Object]
impl SubmitKey {
    /// Owners: hands over a key, or revives one's own; waits for the provider's verdict and answers PENDING when it takes longer.
    #[graphql(guard = "Admits::Owners", visible = "shown_to::owners")]
    async fn submit_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key and its provider.", secret)] input: SubmitKeyInput,
    ) -> Result<Option<SubmitKeyPayload>> {
        let SubmitKeyInput { provider, key, label } = input;
        let submission = Submission { provider: provider.into(), key: key.0, label };
        Ok(Some(match services(ctx)?.keys.submit(actor(ctx)?, submission).await? {
            Ok(key) => SubmitKeyPayload { key: Some(RecycledKey(key)), user_errors: Vec::new() },
            Err(refusal) => SubmitKeyPayload { key: None, user_errors: vec![refusal.into()] },
        }))
    }
}

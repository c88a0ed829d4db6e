//! `removeKey`: an owner takes a key back.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::key::RecycledKey;
use crate::keys::RemoveError;

/// Input of removeKey.
#[derive(InputObject)]
pub(crate) struct RemoveKeyInput {
    /// Opaque id of the key.
    key_id: ID,
}

/// Answer of removeKey.
#[derive(SimpleObject)]
pub(crate) struct RemoveKeyPayload {
    /// The removed key; null with a user error.
    key: Option<RecycledKey>,
    /// Why nothing was removed.
    user_errors: Vec<RemoveKeyError>,
}

user_error! {
    /// Expected failure of removeKey.
    RemoveKeyError,
    /// Codes of removeKey.
    RemoveKeyErrorCode {
        /// There is no such key of the caller.
        KeyNotFound at "keyId" => "There is no such key.",
    }
}

impl From<RemoveError> for RemoveKeyErrorCode {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::KeyNotFound => Self::KeyNotFound,
        }
    }
}

impl From<RemoveKeyErrorCode> for RemoveKeyPayload {
    fn from(code: RemoveKeyErrorCode) -> Self {
        Self { key: None, user_errors: vec![code.into()] }
    }
}

#[derive(Default)]
pub(super) struct RemoveKey;

#[Object]
impl RemoveKey {
    /// Owners: takes a key out of routing before this answers; tasks already sent still earn their credit.
    #[graphql(guard = "Admits::Owners", visible = "shown_to::owners")]
    async fn remove_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RemoveKeyInput,
    ) -> Result<Option<RemoveKeyPayload>> {
        let services = services(ctx)?;
        let Some(id) = services.ids.open(&input.key_id) else {
            return Ok(Some(RemoveKeyErrorCode::KeyNotFound.into()));
        };
        Ok(Some(match services.keys.remove(actor(ctx)?, id).await? {
            Ok(key) => RemoveKeyPayload { key: Some(RecycledKey(key)), user_errors: Vec::new() },
            Err(error) => RemoveKeyErrorCode::from(error).into(),
        }))
    }
}

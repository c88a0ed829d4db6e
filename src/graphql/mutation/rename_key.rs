//! `renameKey`: an owner changes the label of a key.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::key::RecycledKey;
use crate::keys::RenameError;

/// Input of renameKey.
#[derive(InputObject)]
pub(crate) struct RenameKeyInput {
    /// Opaque id of the key.
    key_id: ID,
    /// The new label, at most 64 characters; null takes it away.
    label: Option<String>,
}

/// Answer of renameKey.
#[derive(SimpleObject)]
pub(crate) struct RenameKeyPayload {
    /// The key with its new label; null with a user error.
    key: Option<RecycledKey>,
    /// Why nothing was changed.
    user_errors: Vec<RenameKeyError>,
}

user_error! {
    /// Expected failure of renameKey.
    RenameKeyError,
    /// Codes of renameKey.
    RenameKeyErrorCode {
        /// There is no such key of the caller.
        KeyNotFound at "keyId" => "There is no such key.",
        /// The label is too long, has control characters, or a word that looks like a key.
        LabelFormat at "label" => "A label has at most 64 characters, no control characters, and nothing that looks like a key.",
    }
}

impl From<RenameError> for RenameKeyErrorCode {
    fn from(error: RenameError) -> Self {
        match error {
            RenameError::KeyNotFound => Self::KeyNotFound,
            RenameError::LabelFormat => Self::LabelFormat,
        }
    }
}

impl From<RenameKeyErrorCode> for RenameKeyPayload {
    fn from(code: RenameKeyErrorCode) -> Self {
        Self { key: None, user_errors: vec![code.into()] }
    }
}

#[derive(Default)]
pub(super) struct RenameKey;

#[Object]
impl RenameKey {
    /// Owners: changes the label of a key.
    #[graphql(guard = "Admits::Owners", visible = "shown_to::owners")]
    async fn rename_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and its new label.")] input: RenameKeyInput,
    ) -> Result<Option<RenameKeyPayload>> {
        let services = services(ctx)?;
        let Some(id) = services.ids.open(&input.key_id) else {
            return Ok(Some(RenameKeyErrorCode::KeyNotFound.into()));
        };
        Ok(Some(match services.keys.rename(actor(ctx)?, id, input.label).await? {
            Ok(key) => RenameKeyPayload { key: Some(RecycledKey(key)), user_errors: Vec::new() },
            Err(error) => RenameKeyErrorCode::from(error).into(),
        }))
    }
}

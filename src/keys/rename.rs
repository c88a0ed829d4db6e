//! An owner renames a key.

use super::{Failure, Keys, label};
use crate::domain::{Actor, Key, KeyId};
use crate::moves;

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameError {
    /// There is no such key of the caller.
    KeyNotFound,
    /// The label is too long, has control characters, or a word that looks like a key.
    LabelFormat,
}

impl Keys {
    /// Gives the key a label, or takes it away.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rename(
        &self,
        actor: &Actor,
        id: KeyId,
        label: Option<String>,
    ) -> Result<Result<Key, RenameError>, Failure> {
        let Ok(label) = label::clean(label) else { return Ok(Err(RenameError::LabelFormat)) };
        let Some(key) = self.inner.store.key(actor, id).await? else {
            return Ok(Err(RenameError::KeyNotFound));
        };
        if self.inner.shows_key(label.as_deref(), key.provider, &key.fingerprint) {
            return Ok(Err(RenameError::LabelFormat));
        }
        let renamed = self.inner.store.write("rename key", move |tx| {
            Box::pin(async move { Ok::<_, Failure>(moves::key::change(tx, id, |key| key.label = label).await?) })
        });
        renamed.await.map(Ok)
    }
}

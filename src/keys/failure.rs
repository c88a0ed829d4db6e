//! What goes wrong inside: clients get a fixed sentence, the log gets this.

use crate::store::{StoreError, WriteError};
use crate::vault::VaultError;

/// An internal failure of a use case around keys.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The caller is not one that this use case knows.
    #[error("the actor has no keys of its own")]
    NotAnOwner,
}

impl WriteError for Failure {
    fn is_fatal(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_fatal())
    }
}

//! What goes wrong inside: clients get a fixed sentence, the log gets this.

use crate::store::{StoreError, WriteError};
use crate::vault::VaultError;

/// An internal failure of a use case around leases.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A value of ours does not serialize.
    #[error("a decision cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

impl WriteError for Failure {
    fn is_fatal(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_fatal())
    }
}

//! What goes wrong inside: clients get a fixed sentence, the log gets this.

use crate::store::StoreError;

/// An internal failure of a use case around credits.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Only a service moves credits.
    #[error("the actor is not a service")]
    NotAService,
}

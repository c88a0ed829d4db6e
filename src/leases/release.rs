//! A service gives a lease back unused.

use super::{Failure, Leases};
use crate::domain::{Attempt, AttemptId, AttemptState};
use crate::moves;
use crate::store::{StoreError, Tx};

/// Why nothing was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseError {
    /// There is no such attempt of the caller.
    AttemptNotFound,
    /// The task has gone to the provider.
    AlreadySent,
}

impl Leases {
    /// Frees the hold of a lease that was not used; one that has lapsed by itself is answered as it is.
    ///
    /// # Errors
    /// The database fails.
    pub async fn release(&self, principal: &str, id: AttemptId) -> Result<Result<Attempt, ReleaseError>, Failure> {
        let principal = principal.to_owned();
        let released =
            self.inner.store.write("release", move |tx| Box::pin(async move { release(tx, &principal, id).await }));
        Ok(released.await?)
    }
}

async fn release(tx: &mut Tx, principal: &str, id: AttemptId) -> Result<Result<Attempt, ReleaseError>, StoreError> {
    let found = tx.lock_attempt(id).await?.filter(|attempt| attempt.principal == principal);
    let Some(mut attempt) = found else { return Ok(Err(ReleaseError::AttemptNotFound)) };
    match attempt.state {
        AttemptState::Released | AttemptState::Expired => Ok(Ok(attempt)),
        AttemptState::Reserved => {
            moves::attempt::give_back(tx, &mut attempt, AttemptState::Released).await?;
            Ok(Ok(attempt))
        }
        _ => Ok(Err(ReleaseError::AlreadySent)),
    }
}

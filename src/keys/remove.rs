//! A key leaves the pool, and later the database forgets it.

use std::time::Duration;

use super::{Failure, Keys, owner_of};
use crate::domain::{Actor, Key, KeyId, KeyStatus};
use crate::moves;
use crate::store::{StoreError, Tx};

/// How long an INVALID key keeps its sealed form, for a second look by its owner.
const INVALID_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Why nothing was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoveError {
    /// There is no such key of the caller.
    KeyNotFound,
}

impl Keys {
    /// Takes the key out of routing before this answers; tasks already sent still settle.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove(&self, actor: &Actor, id: KeyId) -> Result<Result<Key, RemoveError>, Failure> {
        let found = self.inner.store.key(actor, id).await?;
        let Some(key) = found.filter(|key| Some(key.owner) == owner_of(actor)) else {
            return Ok(Err(RemoveError::KeyNotFound));
        };
        if key.status == KeyStatus::Removed {
            return Ok(Ok(key));
        }
        let removed = self.inner.store.write("remove key", move |tx| Box::pin(remove(tx, id)));
        removed.await.map(Ok)
    }

    /// Erases the sealed form of keys that nothing needs any more. Answers how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_unneeded(&self) -> Result<usize, Failure> {
        self.inner.store.write("erase sealed keys", |tx| Box::pin(erase_unneeded(tx))).await
    }
}

async fn remove(tx: &mut Tx, id: KeyId) -> Result<Key, Failure> {
    // Attempts are locked before their key. One that is reserved in between finds the key removed
    // when it is to be sent, and expires.
    moves::attempt::release_reserved(tx, id).await?;
    let key = tx.lock_key(id).await?.ok_or(StoreError::Stale)?;
    if key.status == KeyStatus::Removed {
        return Ok(key);
    }
    let removed = moves::key::remove(tx, &key).await?;
    moves::key::erase_if_done(tx, &removed).await?;
    Ok(tx.lock_key(id).await?.unwrap_or(removed))
}

async fn erase_unneeded(tx: &mut Tx) -> Result<usize, Failure> {
    let mut erased = 0;
    for key in tx.keys_to_erase(tx.now().minus(INVALID_KEPT)).await? {
        erased += usize::from(tx.erase_envelope(&key).await?);
    }
    Ok(erased)
}

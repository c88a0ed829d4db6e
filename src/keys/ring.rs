//! The ring keys in life: what hangs on each, which one seals, and how servers follow.
//!
//! A ring key that is added is only read at first. It seals once the database has its canary, which
//! `activate` stores; servers look once a second, and read the ring again when something names a ring
//! key that they don't know. So no server is surprised by a row that another one sealed. Who stores what
//! it sealed looks once more, in the transaction: what an older ring key sealed is not stored.

use super::{Failure, Inner, Keys};
use crate::domain::{Actor, Timestamp};
use crate::store::{RingKeyUse, StoreError};

/// A ring key and what hangs on it.
#[derive(Clone, Debug)]
pub struct RingKeyStatus {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it seals.
    pub seals: bool,
    /// Whether it has a canary: once it did seal, or does.
    pub has_canary: bool,
    /// What hangs on it.
    pub uses: RingKeyUse,
}

impl RingKeyStatus {
    /// Whether it was added and nothing was sealed by it yet.
    #[must_use]
    pub const fn is_prepared(&self) -> bool {
        !self.has_canary && !self.seals
    }

    /// Whether it may be taken out of the ring.
    #[must_use]
    pub const fn may_retire(&self) -> bool {
        !self.seals && !self.is_prepared() && self.uses.sealed == 0 && self.uses.leases == 0
    }
}

impl Keys {
    /// All ring keys, the newest last.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ring_keys(&self) -> Result<Vec<RingKeyStatus>, Failure> {
        let inner = &self.inner;
        let uses = inner.store.ring_key_uses().await?;
        let canaries = inner.store.canaries().await?;
        let sealing = inner.vault.sealing_ring_key_id();
        let status = |key: crate::vault::RingKeyInfo| RingKeyStatus {
            seals: key.id == sealing,
            has_canary: canaries.iter().any(|(id, _)| *id == key.id),
            uses: uses.get(&key.id).copied().unwrap_or_default(),
            created: key.created,
            id: key.id,
        };
        Ok(inner.vault.ring_keys().into_iter().map(status).collect())
    }

    /// Adds a ring key to the ring file and answers its id. It seals nothing yet.
    ///
    /// # Errors
    /// The ring can't be written.
    pub fn add_ring_key(&self) -> Result<String, Failure> {
        Ok(self.inner.vault.add_ring_key(&*self.inner.clock)?)
    }

    /// Reads the ring again if it has changed, and seals by the newest ring key that has a canary.
    ///
    /// # Errors
    /// The database fails, or the ring is no good; what was known stays in use.
    pub async fn follow_ring(&self) -> Result<(), Failure> {
        let refreshed = self.inner.vault.refresh();
        if matches!(refreshed, Ok(true)) {
            tracing::info!("the key ring was read again");
        }
        self.inner.seal_by_newest().await?;
        Ok(refreshed.map(|_| ())?)
    }

    /// Has the newest ring key seal from now on, here and on every server that follows.
    pub(super) async fn activate(&self) -> Result<(), Failure> {
        let inner = &self.inner;
        let sealed = inner.vault.canary_seal()?;
        let stored = inner.store.write("ring key", move |tx| {
            Box::pin(async move {
                tx.insert_canary(&sealed.ring_key_id, sealed.envelope).await?;
                tx.append_audit(&Actor::Operator.audit_name(), "ring_key.activated", None, Some(sealed.ring_key_id))
                    .await
            })
        });
        match stored.await {
            // It has one already: this rotation goes on where an earlier one ended.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
        inner.seal_by_newest().await
    }
}

impl Inner {
    /// Has the newest ring key seal that the database knows to seal.
    pub(super) async fn seal_by_newest(&self) -> Result<(), Failure> {
        Ok(self.vault.seal_by(&self.store.canaries().await?)?)
    }
}

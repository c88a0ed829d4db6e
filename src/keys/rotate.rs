//! Rotation: every stored key is sealed anew under the newest ring key, while servers go on.
//!
//! Rows are read in batches, opened and sealed outside of any transaction, and each is replaced only
//! where it still is what was read. So a rotation may be killed at any moment, run twice, and run
//! beside servers that erase, revive and open the same rows: whatever row is found opens.

use std::time::{Duration, Instant};

use super::{Failure, Keys};
use crate::domain::KeyId;
use crate::moves;
use crate::store::{Resealed, SealedKey};
use crate::vault::{SealContext, VaultError};

/// Rows in a batch: few enough that no other writer of SQLite waits for long.
const BATCH: u64 = 250;

/// How long after the ring key has begun to seal the last look is taken. A server that looks at the canaries once a
/// second only, and not when it stores, as those of an earlier version do, has heard of it by then.
const HEARD: Duration = Duration::from_secs(3);

/// Pause before rows are looked at again that somebody else worked on.
const AGAIN: Duration = Duration::from_millis(100);

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Keys sealed anew.
    pub resealed: u64,
    /// Keys that somebody changed or worked on at the same moment; they are looked at again.
    pub passed_over: u64,
    /// Keys that failed their seal's check, and were set aside.
    pub set_aside: u64,
}

impl Rotated {
    fn add(&mut self, other: Self) {
        self.resealed += other.resealed;
        self.passed_over += other.passed_over;
        self.set_aside += other.set_aside;
    }
}

impl Keys {
    /// Has the newest ring key seal, and seals every key anew that another one seals. Tells after each
    /// batch how far it is. Ends when nothing is left.
    ///
    /// # Errors
    /// The database fails, or the ring lacks the ring key of a row: what was done stays done.
    pub async fn rotate(&self, mut tell: impl FnMut(Rotated) + Send) -> Result<Rotated, Failure> {
        self.activate().await?;
        let heard = Instant::now() + HEARD;
        let mut all = Rotated::default();
        loop {
            let pass = self.rotate_once(&mut all, &mut tell).await?;
            if pass.passed_over > 0 {
                tokio::time::sleep(AGAIN).await;
            } else if Instant::now() < heard {
                tokio::time::sleep(heard - Instant::now()).await;
            } else {
                return Ok(all);
            }
        }
    }

    /// One walk over all keys.
    async fn rotate_once(
        &self,
        all: &mut Rotated,
        tell: &mut (impl FnMut(Rotated) + Send),
    ) -> Result<Rotated, Failure> {
        let mut pass = Rotated::default();
        let mut after: Option<KeyId> = None;
        loop {
            // Somebody may have begun with a newer ring key meanwhile; nothing goes back to an older one.
            self.follow_ring().await?;
            let sealing = self.inner.vault.sealing_ring_key_id();
            let rows = self.inner.store.sealed_by_others(&sealing, after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(pass) };
            after = Some(last.id);
            let batch = self.reseal(rows).await?;
            pass.add(batch);
            all.add(batch);
            tell(*all);
        }
    }

    async fn reseal(&self, rows: Vec<SealedKey>) -> Result<Rotated, Failure> {
        let mut done = Rotated::default();
        let mut resealed = Vec::with_capacity(rows.len());
        let canaries = self.inner.vault.canaries();
        for row in rows {
            let place = SealContext::of_key(row.id, row.owner, row.provider);
            match self.inner.vault.open_envelope(&place, row.ring_key_id.as_deref(), &row.envelope) {
                Ok(secret) => {
                    let sealed = self.inner.vault.seal(&place, &secret)?;
                    resealed.push(Resealed { before: row, envelope: sealed.envelope, ring_key_id: sealed.ring_key_id });
                }
                Err(VaultError::Integrity) => {
                    let set_aside = self
                        .inner
                        .store
                        .write("set key aside", move |tx| Box::pin(moves::key::set_aside(tx, row.id, row.envelope)));
                    set_aside.await?;
                    done.set_aside += 1;
                }
                Err(other) => return Err(other.into()),
            }
        }
        let tried = resealed.len() as u64;
        let replaced = self
            .inner
            .store
            .write("reseal", move |tx| Box::pin(async move { moves::key::reseal(tx, &canaries, resealed).await }));
        done.resealed = replaced.await?;
        done.passed_over = tried - done.resealed;
        Ok(done)
    }
}

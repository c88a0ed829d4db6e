//! Reading a key's balance at its provider, under a claim on its row.

use std::time::Duration;

use secrecy::SecretString;
use uuid::Uuid;

use super::{Failure, Inner, Keys};
use crate::domain::key::BalanceSource;
use crate::domain::{Key, KeyId, failpoint};
use crate::moves;
use crate::moves::key::{Answer, Report};
use crate::vault::{SealContext, VaultError};

/// How long a claim on a reading stands; longer than any call to a provider may take.
pub(super) const CLAIM: Duration = Duration::from_secs(60);

/// Most keys that one pass of the sync claims.
const BATCH: u64 = 64;

impl Keys {
    /// Claims the keys whose reading is due, up to a batch, and reads each in a task of its own.
    /// Answers how many there were. Claims let any number of instances share the work; those of a
    /// dead one lapse.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sync_due(&self) -> Result<usize, Failure> {
        let one_at_a_time = self.inner.read_around_attempts();
        let until = self.inner.clock.now().plus(CLAIM);
        let (claim, keys) = self
            .inner
            .store
            .write("claim due readings", move |tx| {
                Box::pin(async move { Ok::<_, Failure>(tx.claim_due(until, BATCH, &one_at_a_time).await?) })
            })
            .await?;
        let count = keys.len();
        for key in keys {
            let inner = self.inner.clone();
            self.inner.tasks.spawn(async move {
                if let Err(failure) = inner.read_claimed(key.id, claim, BalanceSource::Sync).await {
                    tracing::error!(key.id = %key.id, %failure, "reading of key {} failed", key.id);
                }
            });
        }
        Ok(count)
    }
}

impl Inner {
    /// Reads a claimed key and records what came back. Answers the key as recorded, `None` when the
    /// reading did not count, and whether the provider gave a figure.
    pub(super) async fn read_claimed(
        &self,
        id: KeyId,
        claim: Uuid,
        source: BalanceSource,
    ) -> Result<(Option<Key>, bool), Failure> {
        let Some((key, secret)) = self.unseal(id).await? else { return Ok((None, false)) };
        let started_at = self.clock.now();
        let outcome = self.providers.balance(key.provider, &secret).await;
        drop(secret);
        failpoint::reach("read");
        let was_read = outcome.is_ok();
        let report = Report {
            key: id,
            claim: Some(claim),
            source,
            started_at,
            read_at: self.clock.now(),
            outcome: outcome.map(|it| Answer { balance: it.balance, native: it.native, prepaid: it.prepaid }),
        };
        let policy = self.policy(key.provider);
        let recorded = self
            .store
            .write("record reading", move |tx| {
                Box::pin(async move { Ok::<_, Failure>(moves::key::record_reading(tx, report, policy).await?) })
            })
            .await?;
        Ok((recorded, was_read))
    }

    /// Opens a key's envelope. One that fails its seal's check is set aside, noted in the audit log,
    /// and never sent anywhere.
    async fn unseal(&self, id: KeyId) -> Result<Option<(Key, SecretString)>, Failure> {
        let Some((key, envelope)) = self.store.envelope(id).await? else { return Ok(None) };
        match self.vault.open_envelope(&SealContext::of_key(id, key.owner, key.provider), &envelope) {
            Ok(secret) => Ok(Some((key, secret))),
            Err(VaultError::Integrity) => {
                let set_aside = self.store.write("set key aside", move |tx| Box::pin(moves::key::set_aside(tx, id)));
                Ok(set_aside.await.map(|()| None)?)
            }
            Err(other) => Err(other.into()),
        }
    }
}

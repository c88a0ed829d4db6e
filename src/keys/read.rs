//! Reading a key's balance at its provider, under a claim on its row.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::{Failure, Inner, Keys};
use crate::domain::key::BalanceSource;
use crate::domain::{CostSource, Key, KeyId, ProviderCode, Secret, failpoint};
use crate::moves;
use crate::moves::key::{Answer, Report};
use crate::store::StoreError;
use crate::vault::{SealContext, VaultError};

/// How long a claim on a reading stands; longer than any call to a provider may take.
pub(super) const CLAIM: Duration = Duration::from_secs(60);

/// Most regular readings under way at one provider. They share the provider's pace with tasks, which
/// must not wait behind a thousand of them after a pause.
const AT_ONCE: usize = 16;

/// Room for the regular readings of each provider.
pub(super) struct Readers(Vec<(ProviderCode, Arc<Semaphore>)>);

impl Readers {
    pub(super) fn new() -> Self {
        Self(ProviderCode::ALL.iter().map(|code| (*code, Arc::new(Semaphore::new(AT_ONCE)))).collect())
    }

    /// All the room that is left at a provider.
    fn take(&self, provider: ProviderCode) -> Vec<OwnedSemaphorePermit> {
        let room = self.0.iter().find(|(code, _)| *code == provider).map(|(_, room)| room);
        room.into_iter().flat_map(|room| std::iter::from_fn(|| room.clone().try_acquire_owned().ok())).collect()
    }
}

impl Keys {
    /// Claims the keys whose reading is due, as many as there is room for at their provider, and reads
    /// each in a task of its own. Answers how many there were. Claims let any number of instances
    /// share the work; those of a dead one lapse.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sync_due(&self) -> Result<usize, Failure> {
        let mut count = 0;
        for provider in self.inner.store.providers_due(self.inner.clock.now()).await? {
            let mut room = self.inner.readers.take(provider);
            room.truncate(self.inner.providers.room(provider));
            if !room.is_empty() {
                count += self.sync_provider(provider, room).await?;
            }
        }
        Ok(count)
    }

    async fn sync_provider(&self, provider: ProviderCode, room: Vec<OwnedSemaphorePermit>) -> Result<usize, Failure> {
        let between_attempts = self.inner.providers.info(provider).cost_source == CostSource::BalanceDelta;
        let until = self.inner.clock.now().plus(CLAIM);
        let (limit, policy) = (room.len(), self.inner.policy(provider));
        let claimed = self.inner.store.write("claim due readings", move |tx| {
            Box::pin(async move {
                // Whoever waits for a verdict comes before those whose figure is looked at again.
                let mut claims = moves::key::claim_validations(tx, provider, policy, until, limit).await?;
                let left = u64::try_from(limit - claims.len()).unwrap_or(u64::MAX);
                let (claim, keys) = tx.claim_due(provider, until, left, between_attempts).await?;
                claims.extend(keys.into_iter().map(|key| (key.id, claim)));
                Ok::<_, StoreError>(claims)
            })
        });
        let claims = claimed.await?;
        let count = claims.len();
        for ((key, claim), place) in claims.into_iter().zip(room) {
            let inner = self.inner.clone();
            self.inner.tasks.spawn(async move {
                if let Err(failure) = inner.read_claimed(key, claim, BalanceSource::Sync).await {
                    tracing::error!(key.id = %key, %failure, "reading of key {key} failed");
                }
                drop(place);
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
        let readable = self.unseal(id).await?.filter(|(key, _)| key.blocked_at.is_none());
        let Some((key, secret)) = readable else {
            // Removed or blocked meanwhile, or set aside. Nothing was asked, so whoever hands the key over again,
            // or has it freed, need not wait until the claim lapses.
            self.store.write("give claim back", move |tx| Box::pin(tx.end_claim(id, claim))).await?;
            return Ok((None, false));
        };
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
    async fn unseal(&self, id: KeyId) -> Result<Option<(Key, Secret)>, Failure> {
        let Some((key, envelope)) = self.store.envelope(id).await? else { return Ok(None) };
        if key.integrity_failed_at.is_some() {
            return Ok(None);
        }
        let place = SealContext::of_key(id, key.owner, key.provider);
        match self.vault.open_envelope(&place, key.ring_key_id.as_deref(), &envelope) {
            Ok(secret) => Ok(Some((key, secret))),
            Err(VaultError::Integrity) => {
                let work =
                    self.store.write("set key aside", move |tx| Box::pin(moves::key::set_aside(tx, id, envelope)));
                Ok(work.await.map(|()| None)?)
            }
            Err(other) => Err(other.into()),
        }
    }
}

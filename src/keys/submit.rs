//! A key is handed over: format, seal, claim; then the provider's verdict.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use uuid::Uuid;

use super::read::CLAIM;
use super::{Failure, Inner, Keys, label, owner_of};
use crate::domain::key::BalanceSource;
use crate::domain::{
    AccountId, Actor, Key, KeyId, KeyProblemCode, KeyStatus, ProviderCode, Secret, Timestamp, failpoint, request_id,
};
use crate::moves;
use crate::moves::key::{Bounds, Claim, ClaimRefusal, NewKey};
use crate::providers::NormalisedKey;
use crate::store::StoreError;
use crate::vault::{SealContext, looks_like_lease_token};

/// First pause between two looks at a key that waits for its turn; each is twice the one before.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Longest such pause: hundreds may wait at once, and each look is a query.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(1);

/// A key as its owner hands it over.
pub struct Submission {
    /// The provider that issued it.
    pub provider: ProviderCode,
    /// The key as pasted.
    pub key: Secret,
    /// The owner's name for it; `None` keeps the one it had.
    pub label: Option<String>,
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmitError {
    /// The text cannot be a key of this provider.
    KeyFormat,
    /// The key cannot be taken here.
    KeyNotAccepted,
    /// The label is too long, has control characters, or a word that looks like a key.
    LabelFormat,
    /// New keys of this provider are not taken now.
    ProviderClosed,
    /// The account has as many keys as it may.
    KeyLimit,
    /// Too many submissions.
    TooManySubmissions,
    /// The account is frozen.
    AccountFrozen,
}

/// A refusal, and when to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitRefusal {
    /// Why.
    pub code: SubmitError,
    /// When the same call can succeed.
    pub retry_at: Option<Timestamp>,
}

impl From<SubmitError> for SubmitRefusal {
    fn from(code: SubmitError) -> Self {
        Self { code, retry_at: None }
    }
}

impl Keys {
    /// Takes a key over and waits for the provider's verdict, for `validation_wait` at most; then
    /// the key is answered as PENDING and the verdict comes by the account's events.
    ///
    /// The same key of the same owner may be submitted again and again.
    ///
    /// # Errors
    /// The database or the vault fails.
    pub async fn submit(&self, actor: &Actor, it: Submission) -> Result<Result<Key, SubmitRefusal>, Failure> {
        let owner = owner_of(actor).ok_or(Failure::NotAnOwner)?;
        let Ok(label) = label::clean(it.label) else { return Ok(Err(SubmitError::LabelFormat.into())) };
        if !self.inner.providers.info(it.provider).accepts_keys {
            return Ok(Err(SubmitError::ProviderClosed.into()));
        }
        let Some(normalised) = self.inner.read_format(it.provider, &it.key) else {
            return Ok(Err(SubmitError::KeyFormat.into()));
        };
        let fingerprint = self.inner.fingerprint(it.provider, &normalised);
        if self.inner.shows_key(label.as_deref(), it.provider, &fingerprint) {
            return Ok(Err(SubmitError::LabelFormat.into()));
        }
        if let Err(retry_at) = self.inner.submissions.count(owner, self.inner.clock.now()) {
            return Ok(Err(SubmitRefusal { code: SubmitError::TooManySubmissions, retry_at: Some(retry_at) }));
        }
        let (claim, reading) = self.begin(owner, it.provider, label, normalised).await?;
        match claim {
            Claim::Kept(key) => Ok(Ok(key)),
            Claim::Pending(key, _) => self.verdict(actor, key, reading).await.map(Ok),
            Claim::Queued(key, until) => self.verdict_in_turn(actor, key, until).await.map(Ok),
            Claim::Refused(refusal) => Ok(Err(SubmitError::from(refusal).into())),
            // The claim answers this only for an id other than the one it asked for itself.
            Claim::SealFor(_) => Err(StoreError::Stale.into()),
        }
    }

    /// Claims the row, and begins the first reading where there is one to begin. Both are one task: a
    /// caller who hangs up in between would leave a claim under which nobody reads until it lapses.
    async fn begin(
        &self,
        owner: AccountId,
        provider: ProviderCode,
        label: Option<String>,
        key: NormalisedKey,
    ) -> Result<(Claim, Option<JoinHandle<()>>), Failure> {
        let inner = self.inner.clone();
        let begun = self.inner.tasks.spawn(request_id::within_same(request_id::current(), async move {
            let claim = inner.claim(owner, provider, label, &key).await?;
            let reading = match &claim {
                Claim::Pending(key, reading) => {
                    failpoint::reach("claimed");
                    Some(inner.tasks.spawn(validate(inner.clone(), key.id, *reading)))
                }
                Claim::Kept(_) | Claim::Queued(..) | Claim::SealFor(_) | Claim::Refused(_) => None,
            };
            Ok((claim, reading))
        }));
        begun.await.map_err(|_| StoreError::Panicked)?
    }

    /// Waits for the verdict on a PENDING key, for `validation_wait` at most, and answers the row.
    async fn verdict(&self, actor: &Actor, key: Key, reading: Option<JoinHandle<()>>) -> Result<Key, Failure> {
        if let Some(reading) = reading {
            // Dropping the handle on time-out does not end the task.
            let _ = tokio::time::timeout(self.inner.settings.validation_wait, reading).await;
        }
        Ok(self.inner.store.key(actor, key.id).await?.unwrap_or(key))
    }

    /// The same for a key in line: when its turn comes soon, the verdict may be worth waiting for.
    async fn verdict_in_turn(&self, actor: &Actor, key: Key, turn: Timestamp) -> Result<Key, Failure> {
        let inner = &self.inner;
        let patience = inner.settings.validation_wait;
        if turn.since(inner.clock.now()) > patience {
            return Ok(key);
        }
        let looking = async {
            let mut pause = LOOK_AGAIN;
            loop {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LOOK_AGAIN_MAX);
                match inner.store.key(actor, key.id).await? {
                    Some(now) if is_in_line(&now) => {}
                    other => return Ok(other),
                }
            }
        };
        match tokio::time::timeout(patience, looking).await {
            Ok(found) => found.map(|found| found.unwrap_or(key)),
            Err(_) => Ok(inner.store.key(actor, key.id).await?.unwrap_or(key)),
        }
    }
}

fn is_in_line(key: &Key) -> bool {
    let queued = key.problem.as_ref().is_some_and(|problem| problem.code == KeyProblemCode::ValidationQueued);
    key.status == KeyStatus::Pending && queued
}

/// Reads a claimed PENDING key.
async fn validate(inner: Arc<Inner>, id: KeyId, reading: Uuid) {
    if let Err(failure) = inner.read_claimed(id, reading, BalanceSource::Manual).await {
        tracing::error!(key.id = %id, %failure, "validation of key {id} failed");
    }
}

impl Inner {
    pub(super) fn read_format(&self, provider: ProviderCode, pasted: &Secret) -> Option<NormalisedKey> {
        use secrecy::ExposeSecret;
        // A lease token is handed out in the place of a key; taking it for one would make a loop.
        if looks_like_lease_token(pasted.expose_secret().trim()) {
            return None;
        }
        self.providers.normalise(provider, pasted).ok()
    }

    pub(super) fn fingerprint(&self, provider: ProviderCode, key: &NormalisedKey) -> String {
        self.vault.fingerprint(provider.as_str(), &key.for_fingerprint)
    }

    /// Whether the label, or a word of it, is the key with the fingerprint: pasted into the wrong
    /// field, it would be shown from then on.
    pub(super) fn shows_key(&self, label: Option<&str>, provider: ProviderCode, fingerprint: &str) -> bool {
        let is_the_key = |text: &str| {
            self.read_format(provider, &Secret::from(text))
                .is_some_and(|key| self.fingerprint(provider, &key) == fingerprint)
        };
        label.is_some_and(|label| is_the_key(label) || label.split_whitespace().any(is_the_key))
    }

    /// Seals the key and claims its row. When the owner has a row for it, it is sealed for that one.
    async fn claim(
        &self,
        owner: AccountId,
        provider: ProviderCode,
        label: Option<String>,
        key: &NormalisedKey,
    ) -> Result<Claim, Failure> {
        let mut id = KeyId::generate(&*self.clock, &*self.entropy);
        let mut lost_race = false;
        loop {
            // Before the time of the claim is told: hundreds may wait here at once.
            let place = self.store.place_in_line(provider).await;
            let canaries = self.vault.canaries();
            let sealed = self.vault.seal(&SealContext::of_key(id, owner, provider), &key.to_send)?;
            let new = NewKey {
                id,
                owner,
                provider,
                label: label.clone(),
                fingerprint: self.fingerprint(provider, key),
                envelope: sealed.envelope,
                ring_key_id: sealed.ring_key_id,
            };
            let bounds = Bounds {
                per_account: self.settings.per_account,
                rejections: self.providers.rejections(provider),
                claimed_until: self.clock.now().plus(CLAIM),
            };
            let claimed = self.store.write("claim key", move |tx| {
                Box::pin(async move {
                    if tx.has_other_canaries(&canaries).await? {
                        return Ok(None);
                    }
                    moves::key::claim(tx, new, bounds).await.map(Some)
                })
            });
            let claimed = claimed.await;
            drop(place);
            match claimed {
                // A rotation has begun since it was sealed, and may have seen the last of the older ring keys.
                Ok(None) => self.seal_by_newest().await?,
                Ok(Some(Claim::SealFor(own))) if own != id => id = own,
                Ok(Some(claim)) => return Ok(claim),
                // The same key was handed over at the same moment; whose it is shows the second time.
                Err(StoreError::Conflict) if !lost_race => lost_race = true,
                Err(StoreError::Conflict) => return Ok(Claim::Refused(ClaimRefusal::NotAccepted)),
                Err(other) => return Err(other.into()),
            }
        }
    }
}

impl From<ClaimRefusal> for SubmitError {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::NotAccepted => Self::KeyNotAccepted,
            ClaimRefusal::KeyLimit => Self::KeyLimit,
            ClaimRefusal::AccountFrozen => Self::AccountFrozen,
        }
    }
}

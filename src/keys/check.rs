//! An owner asks for a key's balance now.

use std::time::Duration;

use uuid::Uuid;

use super::read::CLAIM;
use super::{Failure, Keys};
use crate::domain::key::BalanceSource;
use crate::domain::{AccountId, AccountRef, Actor, Key, KeyId, KeyStatus};
use crate::moves;
use crate::store::{StoreError, Tx};

/// A check's answer.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The key with its newest known figures.
    pub key: Key,
    /// Whether the provider was read for this answer.
    pub checked: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckError {
    /// There is no such key of the caller.
    KeyNotFound,
    /// The key is removed.
    KeyRemoved,
}

impl Keys {
    /// Reads the key at its provider; while the cool-down runs, somebody else reads it, or the owner
    /// has checked too often in this hour, the figure at hand is the answer.
    ///
    /// # Errors
    /// The database or the vault fails.
    pub async fn check(&self, actor: &Actor, id: KeyId) -> Result<Result<Checked, CheckError>, Failure> {
        let Some(key) = self.inner.store.key(actor, id).await? else { return Ok(Err(CheckError::KeyNotFound)) };
        if key.status == KeyStatus::Removed {
            return Ok(Err(CheckError::KeyRemoved));
        }
        let now = self.inner.clock.now();
        if let Some(owner) = actor.account().filter(|_| now >= key.checkable_at)
            && let Err(next) = self.inner.checks.count(owner, now)
        {
            // The limit is the owner's and not the key's, so it is shown and not stored.
            return Ok(Ok(Checked { key: Key { checkable_at: next, ..key }, checked: false }));
        }
        let cooldown = self.inner.settings.check_cooldown;
        let rejections = self.inner.providers.rejections(key.provider);
        let (inner, known) = (self.inner.clone(), key.clone());
        // Claim and reading are one task: a caller who hangs up in between would leave a claim under
        // which nobody reads until it lapses.
        let reading = self.inner.tasks.spawn(async move {
            let place = match moves::key::is_read_in_turn(&known) {
                true => inner.store.place_in_line(known.provider).await,
                false => None,
            };
            let begun =
                inner.store.write("begin check", move |tx| Box::pin(begin(tx, known, cooldown, rejections))).await?;
            drop(place);
            match begun {
                Some(claim) => inner.read_claimed(id, claim, BalanceSource::Manual).await.map(Some),
                None => Ok(None),
            }
        });
        let checked = match tokio::time::timeout(self.inner.settings.validation_wait, reading).await {
            Ok(Ok(outcome)) => outcome?.is_some_and(|(recorded, was_read)| recorded.is_some() && was_read),
            Ok(Err(_)) | Err(_) => false,
        };
        self.answer(actor, key, checked).await.map(Ok)
    }

    async fn answer(&self, actor: &Actor, known: Key, checked: bool) -> Result<Checked, Failure> {
        let key = self.inner.store.key(actor, known.id).await?.unwrap_or(known);
        Ok(Checked { key, checked })
    }
}

/// Whether the account is frozen: keys of it that a provider may well reject are not tried.
async fn is_frozen(tx: &mut Tx, owner: AccountId) -> Result<bool, StoreError> {
    let account = tx.lock_account(AccountRef::Id(owner)).await?;
    Ok(account.is_some_and(|account| account.frozen_at.is_some()))
}

/// Claims the reading if the cool-down is over; an INVALID key goes back to PENDING for it.
async fn begin(tx: &mut Tx, known: Key, cooldown: Duration, rejections: usize) -> Result<Option<Uuid>, StoreError> {
    let (id, was_read_in_turn) = (known.id, moves::key::is_read_in_turn(&known));
    // The line before the keys in it: whoever has keys validated in turn locks them in this order.
    if !moves::key::may_be_read(tx, &known, rejections).await? {
        return Ok(None);
    }
    let Some(mut key) = tx.lock_key(id).await? else { return Ok(None) };
    let now = tx.now();
    // Removed meanwhile, and perhaps handed over again: then its turn comes in the line.
    if key.status == KeyStatus::Removed || moves::key::is_read_in_turn(&key) && !was_read_in_turn {
        return Ok(None);
    }
    if !matches!(key.status, KeyStatus::Active | KeyStatus::Depleted) && is_frozen(tx, key.owner).await? {
        return Ok(None);
    }
    if now < key.checkable_at || !key.sealed || key.blocked_at.is_some() || key.integrity_failed_at.is_some() {
        return Ok(None);
    }
    let Some(claim) = tx.claim_key(id, now.plus(CLAIM)).await? else { return Ok(None) };
    if key.status == KeyStatus::Invalid {
        key = moves::key::pend(tx, &key).await?;
    }
    moves::key::change(tx, key.id, |key| key.checkable_at = now.plus(cooldown)).await?;
    Ok(Some(claim))
}

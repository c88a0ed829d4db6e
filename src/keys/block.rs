//! A key is stopped for good: by an operator, or through one by the rightful owner it was stolen from.

use std::collections::BTreeSet;

use super::{Failure, Inner, Keys};
use crate::domain::audit::{Target, TargetKind};
use crate::domain::{AccountId, AccountRef, Actor, AttemptState, Key, KeyId, ProviderCode, Secret};
use crate::moves;
use crate::store::{StoreError, Tx};

/// What became of a key that was to be blocked or let go.
#[derive(Clone, Debug)]
pub struct Blocking {
    /// The mark by which people recognise the key.
    pub mark: String,
    /// Its rows as they stand, whoever handed it over; none when nobody ever did.
    pub rows: Vec<Key>,
    /// Whether anything is otherwise than before.
    pub changed: bool,
}

impl Keys {
    /// The rows of a key, whoever handed it over; `None` when the text cannot be a key of the provider.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rows_of(&self, provider: ProviderCode, key: &Secret) -> Result<Option<Vec<Key>>, Failure> {
        let Some(fingerprint) = self.inner.fingerprint_of(provider, key) else { return Ok(None) };
        Ok(Some(self.inner.store.rows_of_key(provider, &fingerprint).await?))
    }

    /// Blocks a key, also one that nobody has handed over yet: from now on it is lent to nobody, read by
    /// nobody and taken from nobody. Attempts under way still settle. `None` when the text cannot be a key
    /// of the provider.
    ///
    /// # Errors
    /// The database fails.
    pub async fn block(
        &self,
        actor: &Actor,
        provider: ProviderCode,
        key: &Secret,
    ) -> Result<Option<Blocking>, Failure> {
        self.set_blocked(actor, provider, key, true).await
    }

    /// Takes a block back. Removed and erased keys stay so; their owners may hand them over again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn unblock(
        &self,
        actor: &Actor,
        provider: ProviderCode,
        key: &Secret,
    ) -> Result<Option<Blocking>, Failure> {
        self.set_blocked(actor, provider, key, false).await
    }

    async fn set_blocked(
        &self,
        actor: &Actor,
        provider: ProviderCode,
        key: &Secret,
        to: bool,
    ) -> Result<Option<Blocking>, Failure> {
        let Some(fingerprint) = self.inner.fingerprint_of(provider, key) else { return Ok(None) };
        let actor = actor.audit_name();
        let name = if to { "block key" } else { "unblock key" };
        let done = self
            .inner
            .store
            .write(name, move |tx| Box::pin(async move { set_blocked(tx, &actor, provider, &fingerprint, to).await }));
        Ok(Some(done.await?))
    }
}

impl Inner {
    /// The blind index of a key as pasted.
    fn fingerprint_of(&self, provider: ProviderCode, pasted: &Secret) -> Option<String> {
        let normalised = self.read_format(provider, pasted)?;
        Some(self.fingerprint(provider, &normalised))
    }
}

async fn set_blocked(
    tx: &mut Tx,
    actor: &str,
    provider: ProviderCode,
    fingerprint: &str,
    to: bool,
) -> Result<Blocking, StoreError> {
    // The line before the keys in it: whoever hands the key over at this moment comes before or after.
    tx.lock_validations(provider).await?;
    let mut changed = match to {
        true => tx.insert_blocked(provider, fingerprint).await?,
        false => tx.delete_blocked(provider, fingerprint).await?,
    };
    let action = if to { "key.blocked" } else { "key.unblocked" };
    let mark = Key::mark_of(fingerprint);
    let mut rows = Vec::new();
    let ids = tx.rows_of_key(provider, fingerprint).await?;
    lock_all(tx, &ids, to).await?;
    for id in ids {
        let before = tx.lock_key(id).await?.ok_or(StoreError::Stale)?;
        if before.blocked_at.is_some() == to {
            rows.push(before);
            continue;
        }
        rows.push(match to {
            true => moves::key::block(tx, &before).await?,
            false => moves::key::unblock(tx, &before).await?,
        });
        changed = true;
        let target = Target { kind: TargetKind::Key, id: id.0 };
        tx.append_audit(actor, action, Some(target), None).await?;
    }
    if rows.is_empty() && changed {
        let note = format!("The key {mark} of {provider}, which nobody has handed over.");
        tx.append_audit(actor, action, None, Some(note)).await?;
    }
    Ok(Blocking { mark, rows, changed })
}

/// Locks what the rows' changes touch, sort by sort and each sort by id. Row by row it would be the accounts in
/// any order, and two blocks at two providers could wait for each other. Reserved attempts are released where
/// that is asked for; one that is reserved in between finds the key blocked when it is to be sent, and expires.
async fn lock_all(tx: &mut Tx, keys: &[KeyId], release: bool) -> Result<(), StoreError> {
    let mut reserved = Vec::new();
    for key in keys.iter().filter(|_| release) {
        reserved.extend(tx.lock_attempts_of(*key, AttemptState::Reserved).await?);
    }
    let mut owners: BTreeSet<AccountId> = BTreeSet::new();
    for key in keys {
        owners.extend(tx.lock_key(*key).await?.map(|key| key.owner));
    }
    for owner in owners {
        tx.lock_account(AccountRef::Id(owner)).await?;
    }
    moves::attempt::release(tx, reserved).await
}

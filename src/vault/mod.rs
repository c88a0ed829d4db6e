//! The vault: seals provider keys, knows them again, and derives every other secret of the server.
//!
//! A provider key lives here in plain text only between two calls. What it is sealed for (table,
//! column, row, owner, provider) is part of the seal, so a ciphertext in any other place is
//! refused. The blind index, lease tokens, opaque ids and cursors hang on the same ring file by
//! derived keys. No message and no `Debug` output here holds a byte of a key. Storing envelopes,
//! and deciding what follows when one is refused, is left to the callers.

mod derive;
mod envelope;
mod error;
mod file;
mod held;
mod ring;
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub use derive::BranchKey;
pub use error::{KeyFault, VaultError};
pub use file::init_ring_file;
pub use ring::{LocalRing, RingSource, Stamp};
pub use token::looks_like_lease_token;

use crate::domain::clock::{Clock, Timestamp};
use crate::domain::entropy::SharedEntropy;
use crate::domain::{AccountId, AttemptId, KeyId, ProviderCode, Secret};
use held::HeldRing;

/// What a sealed key belongs to; it can be opened for nothing else.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// Table that stores the envelope.
    pub table: &'a str,
    /// Column that stores the envelope.
    pub column: &'a str,
    /// Id of the row that stores the envelope.
    pub row: Uuid,
    /// Account that handed the key over.
    pub owner: Uuid,
    /// Provider that issued the key.
    pub provider: &'a str,
}

impl SealContext<'static> {
    /// Where a provider key's envelope is stored.
    #[must_use]
    pub fn of_key(row: KeyId, owner: AccountId, provider: ProviderCode) -> Self {
        Self { table: "provider_key", column: "envelope", row: row.0, owner: owner.0, provider: provider.as_str() }
    }
}

/// A sealed key, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The envelope.
    pub envelope: Vec<u8>,
    /// The ring key that sealed it.
    pub ring_key_id: String,
}

/// A ring key as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingKeyInfo {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
}

/// The key ring in use.
pub struct Vault {
    ring: HeldRing,
    blind_index: BranchKey,
    entropy: SharedEntropy,
}

impl Vault {
    /// Reads the key ring and takes it into use.
    ///
    /// # Errors
    /// Fails when the ring cannot be read, is exposed to other users, or holds a key that is none.
    pub fn open(source: impl RingSource + 'static, entropy: SharedEntropy) -> Result<Self, VaultError> {
        let ring = HeldRing::open(Box::new(source))?;
        let blind_index = BranchKey::derive(ring.get().ring.index_key(), "blind-index");
        Ok(Self { ring, blind_index, entropy })
    }

    /// Reads the ring again if its source has changed, and answers whether it had. Keys that were
    /// known stay known.
    ///
    /// # Errors
    /// The source can't be read or is no good; what was known stays in use. Told once a change.
    pub fn refresh(&self) -> Result<bool, VaultError> {
        self.ring.refresh()
    }

    /// Adds a random key to the ring file, down to the disk, and answers its id. It seals nothing
    /// before it has a canary.
    ///
    /// # Errors
    /// Fails when the ring is no file, or can't be read or written; the old file stays then.
    pub fn add_ring_key(&self, clock: &dyn Clock) -> Result<String, VaultError> {
        let source = self.ring.source();
        let path = source.file().ok_or_else(|| VaultError::RingNotOurs { origin: source.origin() })?;
        let id = file::add_ring_key(path, clock, self.entropy.as_ref())?;
        // Read back from the disk: what could not be found again must not seal anything.
        self.ring.find(&id).map(|_| id)
    }

    /// Has the newest ring key that has a canary seal from now on. The canary is opened first.
    ///
    /// # Errors
    /// Fails with [`VaultError::WrongRing`] when the canary does not open, and with
    /// [`VaultError::UnknownRingKey`] when one came since the last time whose ring key the ring lacks.
    pub fn seal_by(&self, canaries: &[(String, Vec<u8>)]) -> Result<(), VaultError> {
        let followed = self.canaries();
        let ids: BTreeSet<String> = canaries.iter().map(|(id, _)| id.clone()).collect();
        if !followed.is_subset(&ids) {
            // The list was read before one that has been followed: a canary never goes.
            return Ok(());
        }
        // What is unknown the first time may have retired; what begins to seal later is newer than the whole ring.
        if !followed.is_empty() {
            ids.difference(&followed).try_for_each(|id| self.ring.find(id).map(drop))?;
        }
        let held = self.ring.get();
        let of = |id: &str| canaries.iter().find(|(canary, _)| canary == id);
        let newest = held.ring.keys().iter().rev().find_map(|key| of(key.id()));
        let sealing = held.sealing().id();
        let id = match newest {
            Some((id, envelope)) if id != sealing => {
                self.canary_check(envelope, id)?;
                id
            }
            _ if ids == *followed => return Ok(()),
            _ => sealing,
        };
        self.ring.seal_under(id, ids)
    }

    /// The ring keys whose canaries have been followed. Asked before something is sealed, it tells by which
    /// canaries that is sealed at least.
    #[must_use]
    pub fn canaries(&self) -> Arc<BTreeSet<String>> {
        self.ring.get().canaries().clone()
    }

    /// Seals a key under the ring key in use.
    ///
    /// # Errors
    /// Fails when the plaintext is longer than any key may be.
    pub fn seal(&self, context: &SealContext<'_>, plaintext: &Secret) -> Result<Sealed, VaultError> {
        self.seal_with(self.ring.get().sealing(), context, plaintext)
    }

    fn seal_with(
        &self,
        ring_key: &ring::RingKey,
        context: &SealContext<'_>,
        plaintext: &Secret,
    ) -> Result<Sealed, VaultError> {
        let envelope = envelope::seal(ring_key, context, plaintext, self.entropy.as_ref())?;
        Ok(Sealed { envelope, ring_key_id: ring_key.id().to_owned() })
    }

    /// Opens an envelope in the place it was sealed for, by the ring key that its row names.
    ///
    /// # Errors
    /// Fails with [`VaultError::Integrity`] when the envelope is damaged, belongs elsewhere or names
    /// another ring key than its row. With [`VaultError::UnknownRingKey`] when the ring lacks the key
    /// that both name, and with [`VaultError::WrongRing`] when that key came while the process runs and
    /// has not opened anything yet: then nothing need be wrong with the envelope.
    pub fn open_envelope(
        &self,
        context: &SealContext<'_>,
        ring_key_id: Option<&str>,
        envelope: &[u8],
    ) -> Result<Secret, VaultError> {
        let parsed = envelope::parse(envelope)?;
        if ring_key_id != Some(parsed.ring_key_id()) {
            return Err(VaultError::Integrity);
        }
        let id = parsed.ring_key_id();
        let ring_key = self.ring.find(id)?;
        match envelope::open(&ring_key, context, &parsed) {
            Err(VaultError::Integrity) if !self.ring.is_proved(id) => Err(VaultError::WrongRing { id: id.to_owned() }),
            opened => opened.inspect(|_| self.ring.prove(id)),
        }
    }

    /// The blind index of a key: 64 lower hex digits, the same for the same key of a provider.
    #[must_use]
    pub fn fingerprint(&self, provider: &str, normalised: &Secret) -> String {
        let mac = self.blind_index.mac(&[provider.as_bytes(), normalised.expose_secret().as_bytes()]);
        derive::lower_hex(&mac)
    }

    /// Id of the ring key that seals.
    #[must_use]
    pub fn sealing_ring_key_id(&self) -> String {
        self.ring.get().sealing().id().to_owned()
    }

    /// All ring keys, the newest last.
    #[must_use]
    pub fn ring_keys(&self) -> Vec<RingKeyInfo> {
        let held = self.ring.get();
        held.ring.keys().iter().map(|key| RingKeyInfo { id: key.id().to_owned(), created: key.created() }).collect()
    }

    /// The lease token of an attempt; the same every time.
    ///
    /// # Errors
    /// Fails when the ring lacks the key of that id.
    pub fn lease_token(&self, attempt: AttemptId, ring_key_id: &str) -> Result<Secret, VaultError> {
        Ok(token::write(attempt, self.ring.find(ring_key_id)?.lease_branch()))
    }

    /// The attempt that a lease token was made for; `None` when no ring key made it. Another server
    /// may have made it under a ring key that this one has not read yet.
    ///
    /// # Errors
    /// The ring has changed and can't be read.
    pub fn read_lease_token(&self, token: &str) -> Result<Option<AttemptId>, VaultError> {
        let read = || {
            let held = self.ring.get();
            token::read(token, held.ring.keys().iter().map(|key| key.lease_branch()))
        };
        match read() {
            None if looks_like_lease_token(token) => {
                self.ring.refresh()?;
                Ok(read())
            }
            found => Ok(found),
        }
    }

    /// A key for one more purpose. It hangs on the part of the ring that is never rotated, so what
    /// it made stays good.
    #[must_use]
    pub fn branch(&self, label: &str) -> BranchKey {
        BranchKey::derive(self.ring.get().ring.index_key(), &format!("branch/{label}"))
    }

    /// Seals the newest ring key's canary: a text that only this very ring can open and would write.
    ///
    /// # Errors
    /// Never for a ring that was opened; the signature is that of [`Vault::seal`].
    pub fn canary_seal(&self) -> Result<Sealed, VaultError> {
        self.seal_with(self.ring.get().ring.newest(), &CANARY, &self.canary())
    }

    /// Opens the stored canary, which proves that ring and database belong together.
    ///
    /// # Errors
    /// Fails with [`VaultError::WrongRing`] when the ring key or the index key is another.
    pub fn canary_check(&self, envelope: &[u8], ring_key_id: &str) -> Result<(), VaultError> {
        let wrong = || VaultError::WrongRing { id: ring_key_id.to_owned() };
        let stored = self.open_envelope(&CANARY, Some(ring_key_id), envelope).map_err(|_| wrong())?;
        let same = stored.expose_secret().as_bytes().ct_eq(self.canary().expose_secret().as_bytes());
        if bool::from(same) { Ok(()) } else { Err(wrong()) }
    }

    /// The canary's text depends on the index key: a ring with another one must not be used, since
    /// no key would be known again.
    fn canary(&self) -> Secret {
        derive::lower_hex(&self.branch("canary").mac(&[])).into()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Vault").field("ring", &self.ring.get().ring).finish_non_exhaustive()
    }
}

/// Where the canary lives.
const CANARY: SealContext<'static> =
    SealContext { table: "vault", column: "canary", row: Uuid::nil(), owner: Uuid::nil(), provider: "" };

#[cfg(test)]
mod tests;

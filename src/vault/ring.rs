//! The key ring: several master keys with ids, oldest first, all of which can open, and the index
//! key that is never rotated.
//!
//! A ring with one unfit key is refused as a whole. Messages name the key's id, never its bytes.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{BranchKey, KeyBytes};
use super::{KeyFault, VaultError, file};
use crate::domain::Secret;
use crate::domain::clock::Timestamp;

const LEASE_LABEL: &str = "lease-token";
const INDEX_KEY: &str = "index_key";
const ID_LENGTH_MAX: usize = 64;

/// Keys printed in manuals: NIST SP 800-38A for AES-256, and the GCM specification.
const EXAMPLES: &[&str] =
    &["YD3rEBXKcb4rc67whX13gR81LAc7YQjXLZgQowkU3/Q=", "/v/pkoZlcxxtao+UZzCDCP7/6ZKGZXMcbWqPlGcwgwg="];

/// Where a key ring comes from. What unwraps a ring elsewhere, such as a key management service, fits here: it
/// answers the ring's text (docs/adr/0011).
pub trait RingSource: Send + Sync {
    /// The text of the ring as it is now.
    ///
    /// # Errors
    /// It is missing, unreadable, or open to others.
    fn text(&self) -> Result<Zeroizing<String>, VaultError>;

    /// What the source looks like now; `None` when it has nothing that changes, or nothing to look at.
    fn stamp(&self) -> Option<Stamp>;

    /// How it is named to an operator.
    fn origin(&self) -> String;

    /// What to do about a ring key that is not in it.
    fn hint(&self) -> String;

    /// The file that a ring key can be added to, where the source is one.
    fn file(&self) -> Option<&Path>;
}

/// A ring that this machine has.
pub enum LocalRing {
    /// A file; refused when other users may read or write it.
    File(PathBuf),
    /// A credential that systemd has put in place and guards by its own means.
    Credential(PathBuf),
    /// The ring's text itself, from the environment. The caller warns of it.
    Environment(Secret),
}

/// What tells that a file is another than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    /// Of a file; `None` when there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        let (inode, changed) = ((found.dev(), found.ino()), (found.ctime(), found.ctime_nsec()));
        Some(Self { inode, size: found.size(), changed })
    }
}

impl std::fmt::Debug for LocalRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.origin())
    }
}

impl RingSource for LocalRing {
    fn text(&self) -> Result<Zeroizing<String>, VaultError> {
        match self {
            Self::File(path) => file::read_guarded(path),
            Self::Credential(path) => file::read(path),
            Self::Environment(text) => Ok(Zeroizing::new(text.expose_secret().to_owned())),
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let (Self::File(path) | Self::Credential(path)) = self else { return None };
        Stamp::of(path)
    }

    fn origin(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Credential(path) => format!("the credential {}", path.display()),
            Self::Environment(_) => "the environment".to_owned(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::File(path) => format!("put it back into {}, which is read again at once", path.display()),
            Self::Credential(_) | Self::Environment(_) => {
                format!("the ring comes from {}: start again with one that has it", self.origin())
            }
        }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Credential(_) | Self::Environment(_) => None,
        }
    }
}

/// One master key.
pub(super) struct RingKey {
    id: String,
    bytes: KeyBytes,
    created: Timestamp,
    lease_branch: BranchKey,
}

impl RingKey {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &KeyBytes {
        &self.bytes
    }

    pub(super) fn created(&self) -> Timestamp {
        self.created
    }

    /// Makes lease tokens.
    pub(super) fn lease_branch(&self) -> &BranchKey {
        &self.lease_branch
    }
}

/// All master keys, oldest first and never empty, and the index key.
#[derive(Clone)]
pub(super) struct KeyRing {
    keys: Vec<Arc<RingKey>>,
    index_key: Arc<KeyBytes>,
}

impl KeyRing {
    pub(super) fn read(source: &dyn RingSource) -> Result<Self, VaultError> {
        Self::parse(&source.text()?, &source.origin())
    }

    pub(super) fn parse(text: &str, origin: &str) -> Result<Self, VaultError> {
        let malformed = |line, what| VaultError::RingMalformed { origin: origin.to_owned(), line, what };
        let raw: RawRing = toml::from_str(text).map_err(|error| {
            // The error's own text quotes the line, and with it a key.
            let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.split('\n').count());
            malformed(line, "not a key ring in TOML")
        })?;
        let index_key = decode(&raw.index_key, INDEX_KEY, origin)?;
        let mut keys: Vec<Arc<RingKey>> = Vec::with_capacity(raw.key.len());
        for entry in raw.key {
            if !is_id(&entry.id) {
                return Err(malformed(None, "an id is not 1 to 64 letters, digits, dots, dashes or underscores"));
            }
            let created = Timestamp::from_rfc3339(&entry.created)
                .ok_or_else(|| malformed(None, "a moment of creation is not RFC 3339 text"))?;
            let bytes = decode(&entry.key, &entry.id, origin)?;
            let twice =
                same(&bytes, &index_key) || keys.iter().any(|other| other.id == entry.id || same(&bytes, &other.bytes));
            if twice {
                return Err(refused(origin, &entry.id, KeyFault::Twice));
            }
            let lease_branch = BranchKey::derive(&bytes, LEASE_LABEL);
            keys.push(Arc::new(RingKey { id: entry.id, bytes, created, lease_branch }));
        }
        if keys.is_empty() {
            return Err(malformed(None, "it holds no key"));
        }
        Ok(Self { keys, index_key: Arc::new(index_key) })
    }

    /// All keys, the newest last.
    pub(super) fn keys(&self) -> &[Arc<RingKey>] {
        &self.keys
    }

    /// The key that was added last.
    pub(super) fn newest(&self) -> &Arc<RingKey> {
        self.keys.last().expect("a ring without keys is refused when it is read")
    }

    pub(super) fn find(&self, id: &str) -> Option<&Arc<RingKey>> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The ring that was read after this one, with the keys that it lost in front.
    pub(super) fn joined_by(&self, mut fresh: Self, source: &dyn RingSource) -> Result<Self, VaultError> {
        let changed = |id: &str| VaultError::RingChanged { origin: source.origin(), id: id.to_owned() };
        if !same(&self.index_key, &fresh.index_key) {
            return Err(changed(INDEX_KEY));
        }
        let mut lost = Vec::new();
        for known in &self.keys {
            match fresh.find(&known.id) {
                Some(found) if same(&found.bytes, &known.bytes) => {}
                Some(_) => return Err(changed(&known.id)),
                None => lost.push(known.clone()),
            }
        }
        fresh.keys.splice(0..0, lost);
        Ok(fresh)
    }

    pub(super) fn index_key(&self) -> &KeyBytes {
        &self.index_key
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.keys().iter().map(|key| key.id())).finish()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRing {
    #[serde(deserialize_with = "wiped_text")]
    index_key: Zeroizing<String>,
    #[serde(default)]
    key: Vec<RawKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    id: String,
    #[serde(deserialize_with = "wiped_text")]
    key: Zeroizing<String>,
    created: String,
}

fn wiped_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

fn is_id(text: &str) -> bool {
    (1..=ID_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn refused(origin: &str, id: &str, fault: KeyFault) -> VaultError {
    VaultError::RingKeyRefused { origin: origin.to_owned(), id: id.to_owned(), fault }
}

fn decode(text: &str, id: &str, origin: &str) -> Result<KeyBytes, VaultError> {
    let decoded = Zeroizing::new(STANDARD.decode(text).map_err(|_| refused(origin, id, KeyFault::Length))?);
    let bytes: &[u8; 32] = decoded.as_slice().try_into().map_err(|_| refused(origin, id, KeyFault::Length))?;
    match fault(bytes, text) {
        Some(fault) => Err(refused(origin, id, fault)),
        None => Ok(SecretBox::init_with_mut(|key: &mut [u8; 32]| key.copy_from_slice(bytes))),
    }
}

/// What gives away that nobody drew these bytes at random. A random key is refused by chance about
/// once in 10^13.
fn fault(bytes: &[u8; 32], text: &str) -> Option<KeyFault> {
    let repeats = |period: usize| bytes.iter().zip(&bytes[period..]).all(|(early, late)| early == late);
    let steps = || bytes.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == bytes[1].wrapping_sub(bytes[0]));
    if bytes.iter().all(|byte| *byte == 0) {
        Some(KeyFault::Zero)
    } else if EXAMPLES.contains(&text) {
        Some(KeyFault::Example)
    } else if (1..=16).any(repeats) {
        Some(KeyFault::Repeated)
    } else if steps() || bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        Some(KeyFault::Example)
    } else {
        None
    }
}

fn same(one: &KeyBytes, other: &KeyBytes) -> bool {
    one.expose_secret().ct_eq(other.expose_secret()).into()
}

#[cfg(test)]
mod no_copies {
    use super::*;

    static_assertions::assert_not_impl_any!(LocalRing: Clone, std::fmt::Display, serde::Serialize);
    static_assertions::assert_not_impl_any!(RingKey: Clone, std::fmt::Display, serde::Serialize);
    static_assertions::assert_not_impl_any!(RawRing: Clone, std::fmt::Display, serde::Serialize);
    static_assertions::assert_not_impl_any!(RawKey: Clone, std::fmt::Display, serde::Serialize);
}

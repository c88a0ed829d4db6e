//! The key ring and the rows that it seals, as the test itself sees them beside the program.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use key_recycling::domain::clock::SharedClock;
use key_recycling::domain::{Key, KeyId, KeyStatus, OsEntropy, ProviderCode, Secret, SystemClock};
use key_recycling::store::{DatabaseSettings, SealedKey, Store, StoreError};
use key_recycling::vault::{LocalRing, SealContext, Vault};
use secrecy::ExposeSecret;

use crate::support::Database;
use crate::support::keys::fresh_key;

/// Rows that one transaction brings in.
const AT_ONCE: usize = 1_000;

/// The test's own vault and store.
pub(super) struct Ring {
    pub(super) store: Store,
    vault: Vault,
}

impl Ring {
    pub(super) async fn of(database: &Database) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let settings = DatabaseSettings { url: database.url.clone(), connections: 4, exclusive: false };
        let store = Store::open(&settings, clock, Arc::new(OsEntropy)).await.expect("the database opens");
        Self { store, vault: open(&database.folder().join("ring.toml")) }
    }

    /// Id of the newest ring key of the file.
    pub(super) fn newest(&self) -> String {
        self.vault.refresh().expect("the ring is read");
        self.vault.ring_keys().last().expect("a ring key").id.clone()
    }

    /// Brings in rows like this one, which nobody lends or reads, and answers the key of each.
    pub(super) async fn fill(&self, like: &Key, count: u64) -> BTreeMap<KeyId, String> {
        let mut all = BTreeMap::new();
        let mut left = count;
        while left > 0 {
            let mut batch = Vec::new();
            for _ in 0..left.min(AT_ONCE as u64) {
                let secret = fresh_key("capsolver");
                let (key, envelope) = self.row(like, &secret);
                all.insert(key.id, secret);
                batch.push((key, envelope));
            }
            left -= batch.len() as u64;
            let written = self.store.write("fill", move |tx| {
                Box::pin(async move {
                    for (key, envelope) in batch {
                        tx.insert_key(&key, envelope).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            });
            written.await.expect("rows are written");
        }
        all
    }

    fn row(&self, like: &Key, secret: &str) -> (Key, Vec<u8>) {
        let (id, provider) = (KeyId::generate(&SystemClock, &OsEntropy), ProviderCode::Capsolver);
        let text = Secret::from(secret);
        let sealed = self.vault.seal(&SealContext::of_key(id, like.owner, provider), &text).expect("it is sealed");
        let key = Key {
            id,
            provider,
            fingerprint: self.vault.fingerprint(provider.as_str(), &text),
            ring_key_id: Some(sealed.ring_key_id),
            status: KeyStatus::Depleted,
            next_sync_at: None,
            ..like.clone()
        };
        (key, sealed.envelope)
    }

    /// What a stored key opens to, by the ring as it is now.
    pub(super) async fn opened(&self, id: KeyId) -> Option<String> {
        let (key, envelope) = self.store.envelope(id).await.expect("the database answers")?;
        let place = SealContext::of_key(id, key.owner, key.provider);
        let opened = self.vault.open_envelope(&place, key.ring_key_id.as_deref(), &envelope);
        Some(opened.unwrap_or_else(|error| panic!("key {id}: {error}")).expose_secret().to_owned())
    }

    /// Every sealed row, with what it opens to.
    pub(super) async fn all(&self) -> Vec<(SealedKey, String)> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let rows = self.store.sealed_by_others("none", after, 5_000).await.expect("the database answers");
            let Some(last) = rows.last() else { return all };
            after = Some(last.id);
            for row in rows {
                let place = SealContext::of_key(row.id, row.owner, row.provider);
                let opened = self.vault.open_envelope(&place, row.ring_key_id.as_deref(), &row.envelope);
                let text = opened.unwrap_or_else(|error| panic!("key {}: {error}", row.id)).expose_secret().to_owned();
                all.push((row, text));
            }
        }
    }

    /// How many keys a ring key seals.
    pub(super) async fn sealed_by(&self, ring_key_id: &str) -> u64 {
        let uses = self.store.ring_key_uses().await.expect("the database answers");
        uses.get(ring_key_id).map_or(0, |it| it.sealed)
    }
}

fn open(file: &Path) -> Vault {
    Vault::open(LocalRing::File(file.to_owned()), Arc::new(OsEntropy)).expect("the ring is read")
}

/// Nothing was taken for damaged.
pub(super) async fn expect_nothing_set_aside(database: &Database) {
    let marks = "SELECT count(*) FROM provider_key WHERE integrity_failed_at IS NOT NULL";
    assert_eq!(database.number(marks).await, Some(0));
    let entries = "SELECT count(*) FROM audit_log WHERE action = 'key.integrity_failed'";
    assert_eq!(database.number(entries).await, Some(0));
}

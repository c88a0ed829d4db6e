//! The parts that the server and the commands beside it have in common.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::StartError;
use crate::config::{Config, SecretSource};
use crate::domain::clock::SharedClock;
use crate::domain::{OsEntropy, ProviderCode, Secret, SystemClock};
use crate::identity::{self, Identity};
use crate::keys::{self, Keys};
use crate::ledger::Ledger;
use crate::pool::{Pool, PoolSettings};
use crate::providers::{ProviderSettings, ProviderSettingsSet, Providers};
use crate::store::{DatabaseSettings, Store, StoreError};
use crate::vault::{LocalRing, Vault, VaultError};

/// The parts without listeners and jobs.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The vault, proved by its canaries.
    pub vault: Arc<Vault>,
    /// Logins and tokens.
    pub identity: Arc<Identity>,
    /// Credits.
    pub ledger: Arc<Ledger>,
    /// Keys.
    pub keys: Arc<Keys>,
    pub(super) providers: Arc<Providers>,
    pub(super) pool: Arc<Pool>,
    pub(super) tasks: TaskTracker,
    pub(super) clock: SharedClock,
}

impl Parts {
    /// Opens the parts for a command that works beside a running server.
    ///
    /// # Errors
    /// The database cannot be reached or is not up to date, or the vault refuses its ring.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let clock: SharedClock = Arc::new(SystemClock);
        let store = open_store(config, false, clock.clone()).await?;
        require_migrated(&store).await?;
        Self::over(config, store, clock).await
    }

    /// Opens the parts for the server. A SQLite file is its own, so it brings it up to date; a
    /// PostgreSQL that instances share is migrated by hand.
    pub(super) async fn open_server(config: &Config, clock: SharedClock) -> Result<Self, StartError> {
        let store = open_store(config, true, clock.clone()).await?;
        if config.database.url.expose().starts_with("sqlite:") {
            store.migrate().await.map_err(StartError::from_store)?;
        }
        require_migrated(&store).await?;
        Self::over(config, store, clock).await
    }

    async fn over(config: &Config, store: Store, clock: SharedClock) -> Result<Self, StartError> {
        let vault = Arc::new(open_vault(config)?);
        prove(&vault, &store).await?;
        let providers = Arc::new(Providers::new(provider_settings(config), clock.clone())?);
        let tasks = TaskTracker::new();
        let keys = Keys::new(
            keys::Parts {
                store: store.clone(),
                vault: vault.clone(),
                providers: providers.clone(),
                clock: clock.clone(),
                entropy: Arc::new(OsEntropy),
                tasks: tasks.clone(),
            },
            key_settings(config),
        );
        let identity = Identity::new(
            store.clone(),
            clock.clone(),
            Arc::new(OsEntropy),
            identity::Settings {
                bot_token: config.secrets.bot_token.as_ref().map(copy_secret),
                login_max_age: config.telegram.login_max_age,
                clock_skew: config.telegram.clock_skew,
            },
        );
        let pool_settings = PoolSettings {
            bias_cap_percent: config.routing.bias_cap_percent,
            half_life: config.routing.statistics_half_life,
        };
        Ok(Self {
            ledger: Arc::new(Ledger::new(store.clone(), config.ledger.amount_max)),
            pool: Pool::new(providers.infos(), pool_settings, clock.clone()),
            keys: Arc::new(keys),
            identity: Arc::new(identity),
            store,
            vault,
            providers,
            tasks,
            clock,
        })
    }
}

async fn open_store(config: &Config, exclusive: bool, clock: SharedClock) -> Result<Store, StartError> {
    let settings = DatabaseSettings {
        url: config.database.url.expose().to_owned(),
        connections: config.database.connections,
        exclusive,
    };
    let opened = Store::open(&settings, clock, Arc::new(OsEntropy)).await;
    opened.map_err(StartError::from_store)
}

async fn require_migrated(store: &Store) -> Result<(), StartError> {
    let migrations = store.migrations().await.map_err(StartError::from_store)?;
    if migrations.iter().all(|(_, applied)| *applied) { Ok(()) } else { Err(StartError::NotMigrated) }
}

fn open_vault(config: &Config) -> Result<Vault, StartError> {
    let source = match config.secrets.ring.as_ref().ok_or(StartError::NoRing)? {
        SecretSource::File(path) => LocalRing::File(path.clone()),
        SecretSource::Credential(path) => LocalRing::Credential(path.clone()),
        SecretSource::Environment(text) => LocalRing::Environment(copy_secret(text)),
    };
    Ok(Vault::open(source, Arc::new(OsEntropy))?)
}

/// Opens the canary of every ring key: a wrong ring is found here, before a port opens, and not by
/// the first key that it can't open. So is a ring that lost a key on which something hangs. The
/// newest ring key with a canary seals; a fresh database gets its first one here, and each later
/// one by a rotation.
async fn prove(vault: &Vault, store: &Store) -> Result<(), StartError> {
    let known: Vec<String> = vault.ring_keys().into_iter().map(|key| key.id).collect();
    let canaries = store.canaries().await.map_err(StartError::from_store)?;
    let (ours, retired): (Vec<_>, Vec<_>) = canaries.iter().partition(|(id, _)| known.contains(id));
    for (ring_key_id, envelope) in &ours {
        vault.canary_check(envelope, ring_key_id)?;
    }
    if let (true, Some((id, _))) = (ours.is_empty(), retired.first()) {
        return Err(VaultError::WrongRing { id: id.clone() }.into());
    }
    let uses = store.ring_key_uses().await.map_err(StartError::from_store)?;
    if let Some((id, it)) = uses.into_iter().find(|(id, _)| !known.contains(id)) {
        return Err(VaultError::RingKeyInUse { id, sealed: it.sealed, leases: it.leases }.into());
    }
    if !ours.is_empty() {
        return Ok(vault.seal_by(&canaries)?);
    }
    let sealed = vault.canary_seal()?;
    let stored = store.write("canary", move |tx| {
        Box::pin(async move { tx.insert_canary(&sealed.ring_key_id, sealed.envelope).await })
    });
    match stored.await {
        // Another instance was first.
        Ok(()) | Err(StoreError::Conflict) => {}
        Err(other) => return Err(StartError::from_store(other)),
    }
    Ok(vault.seal_by(&store.canaries().await.map_err(StartError::from_store)?)?)
}

fn provider_settings(config: &Config) -> ProviderSettingsSet {
    let mut all = ProviderSettingsSet::default();
    for code in ProviderCode::ALL {
        if let Some(configured) = config.providers.get(code) {
            let it: &mut ProviderSettings = all.get_mut(*code);
            it.enabled = configured.enabled;
            it.max_cost = configured.max_cost;
            it.nano_usd_per_token = configured.nano_usd_per_token;
            it.poll_interval = configured.poll_interval;
            set(&mut it.base_url, configured.base_url.clone());
            set(&mut it.legacy_base_url, configured.legacy_base_url.clone());
            set(&mut it.requests_per_second, configured.requests_per_second);
            set(&mut it.concurrency, configured.concurrency);
            set(&mut it.dust, configured.dust);
        }
    }
    all
}

fn set<T>(setting: &mut T, configured: Option<T>) {
    if let Some(configured) = configured {
        *setting = configured;
    }
}

fn key_settings(config: &Config) -> keys::Settings {
    keys::Settings {
        validation_wait: config.keys.validation_wait,
        check_cooldown: config.keys.check_cooldown,
        per_account: config.keys.per_account,
        submissions_per_hour: usize::try_from(config.keys.submissions_per_hour).unwrap_or(usize::MAX),
        checks_per_hour: usize::try_from(config.keys.checks_per_hour).unwrap_or(usize::MAX),
        sync_interval: config.sync.interval,
        depleted_interval_max: config.sync.depleted_interval_max,
    }
}

/// Secrets are not `Clone`, so that a copy is always a decision: here, from the configuration into
/// the part that keeps it.
fn copy_secret(secret: &Secret) -> Secret {
    use secrecy::ExposeSecret;
    secret.expose_secret().into()
}

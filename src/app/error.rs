//! Why the server did not start: one line each, saying what to do.

use std::net::SocketAddr;

use crate::providers::TransportError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key ring is not set.
    #[error(
        "vault.ring_file is not set (KEY_RECYCLING_VAULT_RING_FILE). Make one: key-recycling vault init data/ring.toml"
    )]
    NoRing,
    /// The vault refuses its ring.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database cannot be opened or fails.
    #[error("database.url (KEY_RECYCLING_DATABASE_URL): {0}")]
    Database(String),
    /// The tables are of another version.
    #[error("the database is not up to date. Bring it there: key-recycling migrate")]
    NotMigrated,
    /// A listener cannot listen.
    #[error("{setting}: cannot listen on {address}: {reason}. Choose another address there")]
    Listen {
        /// The setting that names the address.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
    /// The gateway's certificate cannot be used.
    #[error("gateway.tls_certificate_file and gateway.tls_key_file: {0}")]
    Tls(String),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] TransportError),
}

impl StartError {
    /// The exit code of the process: 2 for what the configuration repairs, 3 for what can't be
    /// reached.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoRing | Self::Vault(_) | Self::NotMigrated | Self::Tls(_) => 2,
            Self::Database(_) | Self::Listen { .. } | Self::Client(_) => 3,
        }
    }

    pub(super) fn from_store(error: StoreError) -> Self {
        match error {
            StoreError::Open(reason) => Self::Database(reason),
            other => Self::Database(other.to_string()),
        }
    }
}

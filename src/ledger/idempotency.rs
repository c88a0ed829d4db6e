//! Repeats of a movement of money.

use sha2::{Digest, Sha256};

use crate::domain::Transfer;
use crate::store::{StoreError, Tx};

/// What a service asked for under one of its own names.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The service.
    pub(super) principal: String,
    /// Its name for the movement.
    pub(super) key: String,
    /// What was asked for, field by field: name in the API and value.
    pub(super) content: Vec<(&'static str, String)>,
}

/// What is known of a request.
pub(super) enum Known {
    /// Nothing: it is the first.
    First,
    /// It was carried out, and this is its transaction.
    Repeat(Box<Transfer>),
    /// Another content was carried out under its name.
    Mismatch,
}

impl Request {
    /// SHA-256 over the fields' names and values, each with its length.
    pub(super) fn hash(&self) -> Vec<u8> {
        let mut hasher = Sha256::new();
        for (name, value) in &self.content {
            for part in [*name, value.as_str()] {
                hasher.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hasher.finalize().to_vec()
    }

    /// Looks the request up. The caller holds the account's lock, so that of two at once the second
    /// finds the first.
    pub(super) async fn look_up(&self, tx: &mut Tx) -> Result<Known, StoreError> {
        let found = tx.transfer_by_idempotency_key(&self.principal, &self.key).await?;
        Ok(match found {
            None => Known::First,
            Some((transfer, hash)) if hash == self.hash() => Known::Repeat(Box::new(transfer)),
            Some(_) => Known::Mismatch,
        })
    }
}

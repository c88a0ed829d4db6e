//! A rotation's new sealed forms take the place of those that it read.

use std::collections::BTreeSet;

use crate::store::{Resealed, StoreError, Tx};

/// Puts them there as [`Tx::reseal`] does, and answers how many. None when a ring key has a canary that these
/// are not: a later rotation has begun, and its ring key is the one to seal under.
///
/// # Errors
/// The database fails.
pub async fn reseal(tx: &mut Tx, canaries: &BTreeSet<String>, all: Vec<Resealed>) -> Result<u64, StoreError> {
    if tx.has_other_canaries(canaries).await? {
        return Ok(0);
    }
    tx.reseal(all).await
}

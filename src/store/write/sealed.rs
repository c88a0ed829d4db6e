//! Sealed forms that change their ring key.

use std::collections::BTreeSet;

use entity::provider_key::{Column as C, Entity};
use sea_orm::sea_query::{Expr, LockBehavior};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::domain::KeyId;
use crate::store::{SealedKey, StoreError, Tx};

/// A sealed form as it was read, and the one that takes its place.
#[derive(Clone, Debug)]
pub struct Resealed {
    /// What was read.
    pub before: SealedKey,
    /// The new sealed form of the same key.
    pub envelope: Vec<u8>,
    /// The ring key that seals it.
    pub ring_key_id: String,
}

impl Tx {
    /// Whether a key's sealed form still is the one that was read.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_sealed_as(&mut self, id: KeyId, envelope: Vec<u8>) -> Result<bool, StoreError> {
        let query = Entity::find_by_id(id.0).filter(C::Envelope.eq(envelope));
        Ok(query.count(&self.inner).await? > 0)
    }

    /// Puts new sealed forms in the place of those that were read, and answers how many it did. A row
    /// that was erased, sealed anew or taken by another rotation since it was read stays as it is.
    /// Nothing that people see of a key changes, so neither does its version.
    ///
    /// Rows that somebody else works on are left out: whoever never waits can be in no deadlock.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reseal(&mut self, all: Vec<Resealed>) -> Result<u64, StoreError> {
        let free: Vec<Uuid> = Entity::find()
            .select_only()
            .column(C::Id)
            .filter(C::Id.is_in(all.iter().map(|row| row.before.id.0)))
            .lock_with_behavior(super::ROW_LOCK, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&self.inner)
            .await?;
        let free: BTreeSet<Uuid> = free.into_iter().collect();
        let mut done = 0;
        for row in all.into_iter().filter(|row| free.contains(&row.before.id.0)) {
            let outcome = Entity::update_many()
                .col_expr(C::Envelope, Expr::value(Some(row.envelope)))
                .col_expr(C::RingKeyId, Expr::value(Some(row.ring_key_id)))
                .filter(C::Id.eq(row.before.id.0))
                .filter(C::RingKeyId.eq(row.before.ring_key_id))
                .filter(C::Envelope.eq(row.before.envelope))
                .exec(&self.inner)
                .await?;
            done += outcome.rows_affected;
        }
        Ok(done)
    }
}

//! Sealed forms, by the ring key that seals them.

use std::collections::BTreeMap;

use entity::{attempt, provider_key};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::domain::{AccountId, AttemptState, KeyId, ProviderCode};
use crate::store::{Store, StoreError};

/// A key's sealed form and what it is sealed for.
#[derive(Clone, Debug)]
pub struct SealedKey {
    /// Id of its row.
    pub id: KeyId,
    /// Its owner.
    pub owner: AccountId,
    /// Its provider.
    pub provider: ProviderCode,
    /// The sealed form.
    pub envelope: Vec<u8>,
    /// The ring key that the row names.
    pub ring_key_id: Option<String>,
}

/// What hangs on a ring key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingKeyUse {
    /// Keys that it seals, without those set aside, which nothing opens any more.
    pub sealed: u64,
    /// Leases whose tokens it makes, as long as somebody may come with one.
    pub leases: u64,
}

impl Store {
    /// Keys that another ring key than this one seals, in the order of their ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sealed_by_others(
        &self,
        ring_key_id: &str,
        after: Option<KeyId>,
        limit: u64,
    ) -> Result<Vec<SealedKey>, StoreError> {
        use provider_key::Column as C;
        let mut query = openable().filter(C::RingKeyId.ne(ring_key_id).or(C::RingKeyId.is_null()));
        if let Some(after) = after {
            query = query.filter(C::Id.gt(after.0));
        }
        let rows = query.order_by_asc(C::Id).limit(limit).all(&self.inner.reader).await?;
        rows.into_iter().filter_map(|row| row.envelope.clone().map(|envelope| sealed(row, envelope))).collect()
    }

    /// What hangs on each ring key that anything hangs on.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ring_key_uses(&self) -> Result<BTreeMap<String, RingKeyUse>, StoreError> {
        let mut uses: BTreeMap<String, RingKeyUse> = BTreeMap::new();
        let sealed = count_by(openable(), provider_key::Column::RingKeyId, provider_key::Column::Id);
        let sealed: Vec<(Option<String>, i64)> = sealed.into_tuple().all(&self.inner.reader).await?;
        for (id, count) in sealed.into_iter().filter_map(|(id, count)| Some((id?, count))) {
            uses.entry(id).or_default().sealed = u64::try_from(count).unwrap_or(0);
        }
        let (ended, open): (Vec<_>, Vec<_>) = AttemptState::ALL.iter().partition(|state| state.has_ended());
        let of = |states: Vec<&AttemptState>| {
            let states = states.into_iter().map(|state| state.as_str());
            attempt::Entity::find().filter(attempt::Column::State.is_in(states))
        };
        // A dispatcher may ask for the result of an ended attempt as long as its reply is kept. Two questions,
        // since each has an index and both in one have none: attempts are kept for ever.
        for leases in [of(open), of(ended).filter(attempt::Column::Reply.is_not_null())] {
            let leases = count_by(leases, attempt::Column::TokenRingKeyId, attempt::Column::Id);
            let leases: Vec<(String, i64)> = leases.into_tuple().all(&self.inner.reader).await?;
            for (id, count) in leases {
                uses.entry(id).or_default().leases += u64::try_from(count).unwrap_or(0);
            }
        }
        Ok(uses)
    }
}

/// Sealed forms that somebody may still open.
fn openable() -> Select<provider_key::Entity> {
    use provider_key::Column as C;
    provider_key::Entity::find().filter(C::Envelope.is_not_null()).filter(C::IntegrityFailedAt.is_null())
}

fn count_by<E: EntityTrait>(rows: Select<E>, ring_key: E::Column, id: E::Column) -> Select<E> {
    rows.select_only().column(ring_key).column_as(id.count(), "rows").group_by(ring_key)
}

fn sealed(row: provider_key::Model, envelope: Vec<u8>) -> Result<SealedKey, StoreError> {
    let provider = ProviderCode::from_code(&row.provider)
        .ok_or(StoreError::Inconsistent { table: "provider_key", column: "provider" })?;
    Ok(SealedKey { id: row.id.into(), owner: row.owner_id.into(), provider, envelope, ring_key_id: row.ring_key_id })
}

//! Recycled keys.

use std::collections::HashMap;

use entity::{balance_sample, provider_key};
use sea_orm::sea_query::Condition;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::page::fetch;
use super::{Page, PageRequest, all, codes};
use crate::domain::key::BalanceSource;
use crate::domain::{AccountId, Actor, Key, KeyId, KeyProblemCode, KeyStatus, ProviderCode, Scope, Timestamp, Usd};
use crate::store::write::claim::read_by_timer;
use crate::store::{Store, StoreError, Tx, rows};

/// Whose keys.
#[derive(Clone, Copy, Debug)]
pub enum KeyList {
    /// Those of an account.
    Account(AccountId),
    /// Everybody's.
    All,
}

/// Which of them.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Only these statuses.
    pub statuses: Option<Vec<KeyStatus>>,
    /// Only these providers.
    pub providers: Option<Vec<ProviderCode>>,
}

#[derive(FromQueryResult)]
struct CountRow {
    provider: String,
    status: String,
    keys: i64,
}

impl Store {
    /// A key that the actor may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key(&self, actor: &Actor, id: KeyId) -> Result<Option<Key>, StoreError> {
        let Some(scope) = scope(actor) else { return Ok(None) };
        let query = provider_key::Entity::find_by_id(id.0).filter(scope);
        query.one(&self.inner.reader).await?.map(rows::key).transpose()
    }

    /// Keys by id, in any order; for loaders whose ids come from rows the caller may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys_by_ids(&self, ids: &[KeyId]) -> Result<Vec<Key>, StoreError> {
        by_ids(&self.inner.reader, ids).await
    }

    /// Rows of one key, whoever handed it over; for operators alone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rows_of_key(&self, provider: ProviderCode, fingerprint: &str) -> Result<Vec<Key>, StoreError> {
        let query = provider_key::Entity::find()
            .filter(provider_key::Column::Provider.eq(provider.as_str()))
            .filter(provider_key::Column::Fingerprint.eq(fingerprint))
            .order_by_asc(provider_key::Column::Id);
        all(query.all(&self.inner.reader).await?, rows::key)
    }

    /// A page of a list of keys, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key_page(
        &self,
        list: KeyList,
        filter: &KeyFilter,
        page: PageRequest<KeyId>,
    ) -> Result<Page<Key>, StoreError> {
        let found = fetch(&self.inner.reader, select(list, filter), provider_key::Column::Id, page).await?;
        found.try_map(rows::key)
    }

    /// How many keys the list has.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key_count(&self, list: KeyList, filter: &KeyFilter) -> Result<u64, StoreError> {
        Ok(select(list, filter).count(&self.inner.reader).await?)
    }

    /// Every key that is not removed, for the routing pool.
    ///
    /// # Errors
    /// The database fails.
    pub async fn pool_keys(&self) -> Result<Vec<Key>, StoreError> {
        let removed = KeyStatus::Removed.as_str();
        let query = provider_key::Entity::find().filter(provider_key::Column::Status.ne(removed));
        all(query.all(&self.inner.reader).await?, rows::key)
    }

    /// Keys that changed at or after the moment, whoever changed them.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys_changed_since(&self, moment: Timestamp) -> Result<Vec<Key>, StoreError> {
        let query = provider_key::Entity::find().filter(provider_key::Column::ChangedAt.gte(moment.micros()));
        all(query.all(&self.inner.reader).await?, rows::key)
    }

    /// Providers of which a key's reading is due.
    ///
    /// # Errors
    /// The database fails.
    pub async fn providers_due(&self, now: Timestamp) -> Result<Vec<ProviderCode>, StoreError> {
        let codes: Vec<String> = provider_key::Entity::find()
            .select_only()
            .column(provider_key::Column::Provider)
            .distinct()
            .filter(provider_key::Column::NextSyncAt.lte(now.micros()))
            .filter(provider_key::Column::Status.is_in(read_by_timer()))
            .into_tuple()
            .all(&self.inner.reader)
            .await?;
        Ok(codes.iter().filter_map(|code| ProviderCode::from_code(code)).collect())
    }

    /// Number of keys by provider and status.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key_counts(&self) -> Result<Vec<(ProviderCode, KeyStatus, u64)>, StoreError> {
        let counted: Vec<CountRow> = provider_key::Entity::find()
            .select_only()
            .column(provider_key::Column::Provider)
            .column(provider_key::Column::Status)
            .column_as(provider_key::Column::Id.count(), "keys")
            .group_by(provider_key::Column::Provider)
            .group_by(provider_key::Column::Status)
            .into_model()
            .all(&self.inner.reader)
            .await?;
        let known = counted.into_iter().filter_map(|row| {
            let provider = ProviderCode::from_code(&row.provider)?;
            Some((provider, KeyStatus::from_code(&row.status)?, u64::try_from(row.keys).unwrap_or(0)))
        });
        Ok(known.collect())
    }

    /// For each provider: how many keys it rejected since the moment given, and how many wait for their turn
    /// to be validated. One that is not named has neither.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rejected_and_waiting(&self, since: Timestamp) -> Result<Vec<(ProviderCode, u64, u64)>, StoreError> {
        use provider_key::Column as C;
        let rejected = provider_key::Entity::find().filter(C::RejectedAt.gt(since.micros()));
        let queued = KeyProblemCode::ValidationQueued.as_str();
        let waiting = provider_key::Entity::find()
            .filter(C::Status.eq(KeyStatus::Pending.as_str()))
            .filter(C::ProblemCode.eq(queued));
        let (rejected, waiting) = (self.by_provider(rejected).await?, self.by_provider(waiting).await?);
        let count = |of: &HashMap<String, i64>, code: ProviderCode| {
            of.get(code.as_str()).map_or(0, |count| u64::try_from(*count).unwrap_or(0))
        };
        let all = ProviderCode::ALL.iter().map(|code| (*code, count(&rejected, *code), count(&waiting, *code)));
        Ok(all.filter(|(_, rejected, waiting)| rejected + waiting > 0).collect())
    }

    async fn by_provider(&self, keys: Select<provider_key::Entity>) -> Result<HashMap<String, i64>, StoreError> {
        use provider_key::Column as C;
        let counted = keys.select_only().column(C::Provider).expr(C::Id.count()).group_by(C::Provider);
        let counted: Vec<(String, i64)> = counted.into_tuple().all(&self.inner.reader).await?;
        Ok(counted.into_iter().collect())
    }

    /// The sealed form of a key, with its row.
    ///
    /// # Errors
    /// The database fails.
    pub async fn envelope(&self, id: KeyId) -> Result<Option<(Key, Vec<u8>)>, StoreError> {
        let row = provider_key::Entity::find_by_id(id.0).one(&self.inner.reader).await?;
        let Some(row) = row else { return Ok(None) };
        let envelope = row.envelope.clone();
        let key = rows::key(row)?;
        Ok(envelope.map(|envelope| (key, envelope)))
    }

    /// Changes of a key's balance between two moments, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn balance_samples(
        &self,
        key: KeyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(Timestamp, Usd, BalanceSource)>, StoreError> {
        let samples = balance_sample::Entity::find()
            .filter(balance_sample::Column::KeyId.eq(key.0))
            .filter(balance_sample::Column::At.between(since.micros(), until.micros()))
            .order_by_asc(balance_sample::Column::At)
            .all(&self.inner.reader)
            .await?;
        let convert = |row: balance_sample::Model| {
            let source = BalanceSource::from_code(&row.source)
                .ok_or(StoreError::Inconsistent { table: "balance_sample", column: "source" })?;
            Ok((Timestamp::from_micros(row.at), Usd::from_nanos(row.balance_nano), source))
        };
        samples.into_iter().map(convert).collect()
    }
}

impl Tx {
    pub(in crate::store) async fn keys_by_ids(&self, ids: &[KeyId]) -> Result<Vec<Key>, StoreError> {
        by_ids(&self.inner, ids).await
    }
}

async fn by_ids(connection: &impl ConnectionTrait, ids: &[KeyId]) -> Result<Vec<Key>, StoreError> {
    let ids = ids.iter().map(|id| id.0);
    all(provider_key::Entity::find().filter(provider_key::Column::Id.is_in(ids)).all(connection).await?, rows::key)
}

/// What an actor may see of the keys; `None` when nothing.
fn scope(actor: &Actor) -> Option<Condition> {
    match actor {
        Actor::Owner(account) => Some(Condition::all().add(provider_key::Column::OwnerId.eq(account.0))),
        _ if actor.may(Scope::Operate) => Some(Condition::all()),
        _ => None,
    }
}

fn select(list: KeyList, filter: &KeyFilter) -> Select<provider_key::Entity> {
    let mut query = provider_key::Entity::find();
    if let KeyList::Account(account) = list {
        query = query.filter(provider_key::Column::OwnerId.eq(account.0));
    }
    if let Some(statuses) = codes(filter.statuses.as_deref(), KeyStatus::as_str) {
        query = query.filter(provider_key::Column::Status.is_in(statuses));
    }
    if let Some(providers) = codes(filter.providers.as_deref(), ProviderCode::as_str) {
        query = query.filter(provider_key::Column::Provider.is_in(providers));
    }
    query
}

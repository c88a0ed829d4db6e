//! Recycled keys: inserted, locked, saved whole, held on by a guarded statement.

use entity::{attempt, balance_sample, known_bad_key, provider_key};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use crate::domain::key::BalanceSource;
use crate::domain::{AccountId, AttemptState, Key, KeyId, KeyStatus, ProviderCode, Timestamp, Usd};
use crate::store::{StoreError, Tx, rows};

/// Most rejections that are looked at to tell whether they are many.
const ALIKE_MAX: u64 = 100;

impl Tx {
    /// The key, locked until the transaction ends.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_key(&mut self, id: KeyId) -> Result<Option<Key>, StoreError> {
        let query = provider_key::Entity::find_by_id(id.0).lock(super::ROW_LOCK);
        query.one(&self.inner).await?.map(rows::key).transpose()
    }

    /// The owner's own row for this key, if it ever handed it over; locked.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_own_key(
        &mut self,
        owner: AccountId,
        provider: ProviderCode,
        fingerprint: &str,
    ) -> Result<Option<Key>, StoreError> {
        let query = own_key(owner, provider, fingerprint);
        query.lock(super::ROW_LOCK).one(&self.inner).await?.map(rows::key).transpose()
    }

    /// Whether the owner ever handed this key over.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_own_key(
        &mut self,
        owner: AccountId,
        provider: ProviderCode,
        fingerprint: &str,
    ) -> Result<bool, StoreError> {
        Ok(own_key(owner, provider, fingerprint).count(&self.inner).await? > 0)
    }

    /// Whether anybody's sealed copy of this key is stored.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_key_live(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<bool, StoreError> {
        let query = provider_key::Entity::find()
            .filter(provider_key::Column::Provider.eq(provider.as_str()))
            .filter(provider_key::Column::Fingerprint.eq(fingerprint))
            .filter(provider_key::Column::Envelope.is_not_null());
        Ok(query.count(&self.inner).await? > 0)
    }

    /// How many keys of the owner are in the pool's care.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_kept_keys(&mut self, owner: AccountId) -> Result<u64, StoreError> {
        let query = provider_key::Entity::find()
            .filter(provider_key::Column::OwnerId.eq(owner.0))
            .filter(provider_key::Column::Status.ne(KeyStatus::Removed.as_str()));
        Ok(query.count(&self.inner).await?)
    }

    /// Inserts a key with its sealed form.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another copy of it is live; the database fails.
    pub async fn insert_key(&mut self, key: &Key, envelope: Vec<u8>) -> Result<(), StoreError> {
        let mut row = rows::key_row(key);
        row.id = Set(key.id.0);
        row.envelope = Set(Some(envelope));
        row.ring_key_id = Set(key.ring_key_id.clone());
        provider_key::Entity::insert(row).exec_without_returning(&self.inner).await?;
        self.touched.insert(key.id);
        Ok(())
    }

    /// Writes a locked key whole but for its sealed form; its version grows.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the key was not locked in this transaction and changed meanwhile.
    pub async fn save_key(&mut self, key: &mut Key) -> Result<(), StoreError> {
        let expected = key.version;
        key.version += 1;
        key.changed_at = self.clock().now();
        let outcome = provider_key::Entity::update_many()
            .set(rows::key_row(key))
            .filter(provider_key::Column::Id.eq(key.id.0))
            .filter(provider_key::Column::Version.eq(expected))
            .exec(&self.inner)
            .await?;
        if outcome.rows_affected != 1 {
            return Err(StoreError::Stale);
        }
        self.touched.insert(key.id);
        Ok(())
    }

    /// Stores the sealed form anew.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another copy of the key is live; the database fails.
    pub async fn set_envelope(&mut self, id: KeyId, envelope: Vec<u8>, ring_key_id: &str) -> Result<(), StoreError> {
        let row = provider_key::ActiveModel {
            id: Unchanged(id.0),
            envelope: Set(Some(envelope)),
            ring_key_id: Set(Some(ring_key_id.to_owned())),
            ..Default::default()
        };
        provider_key::Entity::update(row).exec(&self.inner).await?;
        self.touched.insert(id);
        Ok(())
    }

    /// Erases the sealed form unless an attempt may still need it. Answers whether it did.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_envelope(&mut self, key: &Key) -> Result<bool, StoreError> {
        let needed = [AttemptState::Sent, AttemptState::Submitted, AttemptState::Unknown].map(AttemptState::as_str);
        let under_way = attempt::Entity::find()
            .filter(attempt::Column::KeyId.eq(key.id.0))
            .filter(attempt::Column::State.is_in(needed))
            .count(&self.inner)
            .await?;
        if under_way > 0 {
            return Ok(false);
        }
        let outcome = provider_key::Entity::update_many()
            .col_expr(provider_key::Column::Envelope, Expr::value(None::<Vec<u8>>))
            .col_expr(provider_key::Column::RingKeyId, Expr::value(None::<String>))
            .filter(provider_key::Column::Id.eq(key.id.0))
            .filter(provider_key::Column::Status.eq(key.status.as_str()))
            .filter(provider_key::Column::Version.eq(key.version))
            .exec(&self.inner)
            .await?;
        self.touched.insert(key.id);
        Ok(outcome.rows_affected == 1)
    }

    /// Holds an amount on a key if it may be lent and can bear it: one guarded statement.
    ///
    /// # Errors
    /// The database fails.
    pub async fn hold(&mut self, id: KeyId, amount: Usd, in_flight_cap: i32) -> Result<bool, StoreError> {
        use provider_key::Column as C;
        let available = Expr::col(C::BalanceNano).sub(Expr::col(C::SpentSinceNano)).sub(Expr::col(C::HeldNano));
        let unpaused = C::PausedUntil.is_null().or(C::PausedUntil.lte(self.now.micros()));
        let lending =
            [crate::domain::KeyProblemCode::ProviderUnavailable, crate::domain::KeyProblemCode::BalanceUnreadable]
                .map(crate::domain::KeyProblemCode::as_str);
        let outcome = provider_key::Entity::update_many()
            .col_expr(C::HeldNano, Expr::col(C::HeldNano).add(amount.nanos()))
            .col_expr(C::InFlight, Expr::col(C::InFlight).add(1))
            .col_expr(C::Version, Expr::col(C::Version).add(1))
            .col_expr(C::ChangedAt, Expr::value(self.clock().now().micros()))
            .filter(C::Id.eq(id.0))
            .filter(C::Status.eq(KeyStatus::Active.as_str()))
            .filter(C::Envelope.is_not_null())
            .filter(C::BlockedAt.is_null())
            .filter(C::IntegrityFailedAt.is_null())
            .filter(C::Prepaid.eq(false))
            .filter(unpaused)
            .filter(C::ProblemCode.is_null().or(C::ProblemCode.is_in(lending)))
            .filter(C::InFlight.lt(in_flight_cap))
            .filter(available.gte(amount.nanos()))
            .exec(&self.inner)
            .await?;
        if outcome.rows_affected == 1 {
            self.touched.insert(id);
        }
        Ok(outcome.rows_affected == 1)
    }

    /// When a provider last told a figure for any of its keys.
    ///
    /// # Errors
    /// The database fails.
    pub async fn last_read_at(&mut self, provider: ProviderCode) -> Result<Option<Timestamp>, StoreError> {
        use provider_key::Column as C;
        let newest = provider_key::Entity::find()
            .select_only()
            .column_as(C::ReadAt.max(), "newest")
            .filter(C::Provider.eq(provider.as_str()))
            .into_tuple::<Option<i64>>()
            .one(&self.inner)
            .await?;
        Ok(newest.flatten().map(Timestamp::from_micros))
    }

    /// Owners of the provider's other keys once ACTIVE that it rejected by this code since the moment given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn owners_rejected_alike(
        &mut self,
        key: &Key,
        code: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        use provider_key::Column as C;
        let by_code = code.map_or(C::ProblemProviderCode.is_null(), |code| C::ProblemProviderCode.eq(code));
        let owners = rejected_others(key, since).filter(by_code).select_only().column(C::OwnerId).into_tuple();
        Ok(owners.all(&self.inner).await?.into_iter().map(AccountId).collect())
    }

    /// Owners of the provider's other live keys once ACTIVE that it rejected since the moment given, and whether a
    /// rejection is held against the key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn owners_rejected_since(
        &mut self,
        key: &Key,
        since: Timestamp,
    ) -> Result<Vec<(AccountId, bool)>, StoreError> {
        use provider_key::Column as C;
        let others: Vec<(Uuid, Option<i64>)> = rejected_others(key, since)
            .filter(C::Status.is_in([KeyStatus::Active, KeyStatus::Depleted].map(KeyStatus::as_str)))
            .select_only()
            .columns([C::OwnerId, C::FirstRejectedAt])
            .into_tuple()
            .all(&self.inner)
            .await?;
        Ok(others.into_iter().map(|(owner, first)| (AccountId(owner), first.is_some())).collect())
    }

    /// Notes that a key's balance changed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_sample(
        &mut self,
        key: KeyId,
        at: Timestamp,
        balance: Usd,
        source: BalanceSource,
    ) -> Result<(), StoreError> {
        use balance_sample::Column as C;
        let row = balance_sample::ActiveModel {
            key_id: Set(key.0),
            at: Set(at.micros()),
            balance_nano: Set(balance.nanos()),
            source: Set(source.as_str().to_owned()),
        };
        let again = OnConflict::columns([C::KeyId, C::At]).update_columns([C::BalanceNano, C::Source]).to_owned();
        balance_sample::Entity::insert(row).on_conflict(again).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// Whether a provider rejected this key not long ago.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_known_bad(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<bool, StoreError> {
        let id = (provider.as_str().to_owned(), fingerprint.to_owned());
        let found = known_bad_key::Entity::find_by_id(id).one(&self.inner).await?;
        Ok(found.is_some_and(|row| row.until > self.now.micros()))
    }

    /// Forgets that a provider rejected this key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete_known_bad(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<(), StoreError> {
        let id = (provider.as_str().to_owned(), fingerprint.to_owned());
        known_bad_key::Entity::delete_by_id(id).exec(&self.inner).await?;
        Ok(())
    }

    /// Remembers that a provider rejected this key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_known_bad(
        &mut self,
        provider: ProviderCode,
        fingerprint: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        use known_bad_key::Column as C;
        let row = known_bad_key::ActiveModel {
            provider: Set(provider.as_str().to_owned()),
            fingerprint: Set(fingerprint.to_owned()),
            until: Set(until.micros()),
        };
        let again = OnConflict::columns([C::Provider, C::Fingerprint]).update_column(C::Until).to_owned();
        known_bad_key::Entity::insert(row).on_conflict(again).exec_without_returning(&self.inner).await?;
        Ok(())
    }
}

fn own_key(owner: AccountId, provider: ProviderCode, fingerprint: &str) -> Select<provider_key::Entity> {
    provider_key::Entity::find()
        .filter(provider_key::Column::OwnerId.eq(owner.0))
        .filter(provider_key::Column::Provider.eq(provider.as_str()))
        .filter(provider_key::Column::Fingerprint.eq(fingerprint))
}

/// Other keys of the provider once ACTIVE that it rejected since the moment given.
fn rejected_others(key: &Key, since: Timestamp) -> Select<provider_key::Entity> {
    use provider_key::Column as C;
    provider_key::Entity::find()
        .filter(C::Provider.eq(key.provider.as_str()))
        .filter(C::RejectedAt.gt(since.micros()))
        .filter(C::EverActive.eq(true))
        .filter(C::Id.ne(key.id.0))
        .limit(ALIKE_MAX)
}

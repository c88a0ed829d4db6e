//! What the audit of the ledger recomputes from.

use entity::{account, attempt, provider_key, transfer};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::all;
use crate::domain::{Account, AccountId, AttemptId, AttemptState, Key, KeyId, Transfer, Usd};
use crate::store::{Store, StoreError, rows};

/// What the ledger has to know of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptFigures {
    /// Id of the attempt.
    pub id: AttemptId,
    /// Where it is in its life.
    pub state: AttemptState,
    /// What is held for it while the state holds.
    pub estimate: Usd,
    /// What the provider charged.
    pub cost: Option<Usd>,
}

impl Store {
    /// Accounts after an id, in the order of their ids: a walk over all of them.
    ///
    /// # Errors
    /// The database fails.
    pub async fn accounts_after(&self, id: AccountId, limit: u64) -> Result<Vec<Account>, StoreError> {
        let query =
            account::Entity::find().filter(account::Column::Id.gt(id.0)).order_by_asc(account::Column::Id).limit(limit);
        all(query.all(&self.inner.reader).await?, rows::account)
    }

    /// Keys after an id, in the order of their ids: a walk over all of them.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys_after(&self, id: KeyId, limit: u64) -> Result<Vec<Key>, StoreError> {
        let query = provider_key::Entity::find()
            .filter(provider_key::Column::Id.gt(id.0))
            .order_by_asc(provider_key::Column::Id)
            .limit(limit);
        all(query.all(&self.inner.reader).await?, rows::key)
    }

    /// Every transfer of an account in ledger order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ledger_of(&self, account: AccountId) -> Result<Vec<Transfer>, StoreError> {
        let query = transfer::Entity::find()
            .filter(transfer::Column::AccountId.eq(account.0))
            .order_by_asc(transfer::Column::Seq);
        let found = query.all(&self.inner.reader).await?;
        found.into_iter().map(|row| rows::transfer(row, false)).collect()
    }

    /// The figures of every attempt on a key, oldest first. Decisions and answers stay where they are:
    /// a key may have many attempts.
    ///
    /// # Errors
    /// The database fails.
    pub async fn figures_on(&self, key: KeyId) -> Result<Vec<AttemptFigures>, StoreError> {
        use attempt::Column as C;
        let found: Vec<(Uuid, String, i64, Option<i64>)> = attempt::Entity::find()
            .select_only()
            .columns([C::Id, C::State, C::EstimateNano, C::CostNano])
            .filter(C::KeyId.eq(key.0))
            .order_by_asc(C::Id)
            .into_tuple()
            .all(&self.inner.reader)
            .await?;
        let convert = |(id, state, estimate, cost): (Uuid, String, i64, Option<i64>)| {
            let unknown = StoreError::Inconsistent { table: "attempt", column: "state" };
            Ok(AttemptFigures {
                id: id.into(),
                state: AttemptState::from_code(&state).ok_or(unknown)?,
                estimate: Usd::from_nanos(estimate),
                cost: cost.map(Usd::from_nanos),
            })
        };
        found.into_iter().map(convert).collect()
    }

    /// The credit posted for an attempt, with its id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn credits_of_key(&self, key: KeyId) -> Result<Vec<(Option<Uuid>, Transfer)>, StoreError> {
        let query = transfer::Entity::find().filter(transfer::Column::KeyId.eq(key.0));
        let found = query.all(&self.inner.reader).await?;
        found.into_iter().map(|row| Ok((row.attempt_id, rows::transfer(row, false)?))).collect()
    }
}

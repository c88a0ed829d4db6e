//! What the audit of the ledger recomputes from. Sums and comparisons are the database's: nothing here
//! grows with the number of a key's attempts.

use std::collections::HashMap;

use entity::{account, attempt, provider_key, transfer};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, JoinType};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select};
use uuid::Uuid;

use super::{all, nanos};
use crate::domain::{Account, AccountId, AttemptId, AttemptState, Key, KeyId, Transfer, TransferKind, Usd};
use crate::store::{Store, StoreError, rows};

/// What the attempts and transfers of a key add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeySums {
    /// Estimates of the attempts that hold.
    pub held: Usd,
    /// How many hold.
    pub in_flight: u64,
    /// Estimates of the attempts under review.
    pub under_review: Usd,
    /// Credits less reversals and corrections.
    pub credited: Usd,
    /// Costs that no quiet reading has seen yet.
    pub unseen: Usd,
}

/// An attempt whose cost is not what was credited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miscredited {
    /// Key that it ran on.
    pub key: KeyId,
    /// Id of the attempt.
    pub attempt: AttemptId,
    /// What the provider charged.
    pub charged: Usd,
    /// What its owner was credited.
    pub credited: Usd,
}

/// A credit that names no attempt of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrayCredit {
    /// Key that it was posted for.
    pub key: KeyId,
    /// How much.
    pub amount: Usd,
    /// What it names.
    pub attempt: Option<AttemptId>,
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

    /// Transfers of an account after a sequence number, in ledger order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ledger_after(&self, account: AccountId, seq: i64, limit: u64) -> Result<Vec<Transfer>, StoreError> {
        let query = transfer::Entity::find()
            .filter(transfer::Column::AccountId.eq(account.0))
            .filter(transfer::Column::Seq.gt(seq))
            .order_by_asc(transfer::Column::Seq)
            .limit(limit);
        let found = query.all(&self.inner.reader).await?;
        found.into_iter().map(|row| rows::transfer(row, false)).collect()
    }

    /// Sums over the attempts and transfers of each of these keys. A key that is not among them has none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key_sums(&self, keys: &[KeyId]) -> Result<HashMap<KeyId, KeySums>, StoreError> {
        use attempt::Column as A;
        let mut sums: HashMap<KeyId, KeySums> = HashMap::new();
        let holding = attempts_in(keys, AttemptState::holds);
        for (key, held, in_flight) in self.by_key(holding, A::KeyId, A::EstimateNano).await? {
            let of_key = sums.entry(key).or_default();
            (of_key.held, of_key.in_flight) = (held, in_flight);
        }
        let under_review = attempts_in(keys, |state| state == AttemptState::UnderReview);
        for (key, sum, _) in self.by_key(under_review, A::KeyId, A::EstimateNano).await? {
            sums.entry(key).or_default().under_review = sum;
        }
        let credited = transfer::Entity::find().filter(transfer::Column::KeyId.is_in(ids(keys)));
        for (key, sum, _) in self.by_key(credited, transfer::Column::KeyId, transfer::Column::AmountNano).await? {
            sums.entry(key).or_default().credited = sum;
        }
        for (key, sum, _) in self.by_key(unseen(keys), A::KeyId, A::CostNano).await? {
            sums.entry(key).or_default().unseen = sum;
        }
        Ok(sums)
    }

    /// The sum of a column of nano-dollars, and the number of rows, for each key.
    async fn by_key<E: EntityTrait>(
        &self,
        rows: Select<E>,
        key: E::Column,
        column: E::Column,
    ) -> Result<Vec<(KeyId, Usd, u64)>, StoreError> {
        let rows = rows.select_only().column(key).expr(nanos(column)).expr(key.count()).group_by(key);
        let found: Vec<(Uuid, Option<i64>, i64)> = rows.into_tuple().all(&self.inner.reader).await?;
        let convert = |(key, sum, count): (Uuid, Option<i64>, i64)| {
            (KeyId(key), Usd::from_nanos(sum.unwrap_or(0)), u64::try_from(count).unwrap_or(0))
        };
        Ok(found.into_iter().map(convert).collect())
    }

    /// Attempts of these keys whose cost and credit differ, at most `limit`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn miscredited(&self, keys: &[KeyId], limit: u64) -> Result<Vec<Miscredited>, StoreError> {
        let charged = attempt::Column::CostNano.if_null(0);
        let credited = transfer::Column::AmountNano.if_null(0);
        let found: Vec<(Uuid, Uuid, Option<i64>, Option<i64>)> = attempts_of(keys)
            .join(JoinType::LeftJoin, attempt_of_credit().rev())
            .filter(charged.ne(credited))
            .select_only()
            .columns([attempt::Column::KeyId, attempt::Column::Id, attempt::Column::CostNano])
            .column(transfer::Column::AmountNano)
            .order_by_asc(attempt::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.inner.reader)
            .await?;
        let amount = |nanos: Option<i64>| Usd::from_nanos(nanos.unwrap_or(0));
        let convert = |(key, id, charged, credited): (Uuid, Uuid, _, _)| Miscredited {
            key: key.into(),
            attempt: id.into(),
            charged: amount(charged),
            credited: amount(credited),
        };
        Ok(found.into_iter().map(convert).collect())
    }

    /// Credits of these keys that name no attempt of theirs, at most `limit`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stray_credits(&self, keys: &[KeyId], limit: u64) -> Result<Vec<StrayCredit>, StoreError> {
        use transfer::Column as T;
        let (of_attempt, of_credit) = ((attempt::Entity, attempt::Column::KeyId), (transfer::Entity, T::KeyId));
        let is_another_keys = Expr::col(of_attempt).ne(Expr::col(of_credit)).or(attempt::Column::Id.is_null());
        let found: Vec<(Uuid, i64, Option<Uuid>)> = transfer::Entity::find()
            .join(JoinType::LeftJoin, attempt_of_credit())
            .filter(T::KeyId.is_in(ids(keys)))
            .filter(T::Kind.eq(TransferKind::RecycleCredit.as_str()))
            .filter(is_another_keys)
            .select_only()
            .columns([T::KeyId, T::AmountNano, T::AttemptId])
            .order_by_asc(T::Seq)
            .limit(limit)
            .into_tuple()
            .all(&self.inner.reader)
            .await?;
        let convert = |(key, amount, attempt): (Uuid, _, Option<Uuid>)| StrayCredit {
            key: key.into(),
            amount: Usd::from_nanos(amount),
            attempt: attempt.map(AttemptId::from),
        };
        Ok(found.into_iter().map(convert).collect())
    }
}

fn ids(keys: &[KeyId]) -> Vec<Uuid> {
    keys.iter().map(|key| key.0).collect()
}

fn attempts_of(keys: &[KeyId]) -> Select<attempt::Entity> {
    attempt::Entity::find().filter(attempt::Column::KeyId.is_in(ids(keys)))
}

fn attempts_in(keys: &[KeyId], wanted: impl Fn(AttemptState) -> bool) -> Select<attempt::Entity> {
    let states = AttemptState::ALL.iter().copied().filter(|state| wanted(*state)).map(AttemptState::as_str);
    attempts_of(keys).filter(attempt::Column::State.is_in(states))
}

/// Attempts that came back since the last quiet reading of their key began.
fn unseen(keys: &[KeyId]) -> Select<attempt::Entity> {
    use provider_key::Column::QuietStartedAt;
    let to_key =
        attempt::Entity::belongs_to(provider_key::Entity).from(attempt::Column::KeyId).to(provider_key::Column::Id);
    let (returned, quiet) = ((attempt::Entity, attempt::Column::ReturnedAt), (provider_key::Entity, QuietStartedAt));
    let is_unseen = QuietStartedAt.is_null().or(Expr::col(returned).gte(Expr::col(quiet)));
    attempts_of(keys).join(JoinType::InnerJoin, to_key.into()).filter(is_unseen)
}

/// From a credit to the attempt that it was posted for.
fn attempt_of_credit() -> RelationDef {
    let to_attempt =
        transfer::Entity::belongs_to(attempt::Entity).from(transfer::Column::AttemptId).to(attempt::Column::Id);
    RelationDef::from(to_attempt).on_condition(|_transfer, _attempt| {
        transfer::Column::Kind.eq(TransferKind::RecycleCredit.as_str()).into_condition()
    })
}

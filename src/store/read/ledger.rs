//! What the audit of the ledger recomputes from. Sums and comparisons are the database's: nothing here
//! grows with the number of a key's attempts.

use entity::{account, attempt, provider_key, transfer};
use sea_orm::sea_query::{ExprTrait, IntoCondition, JoinType};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select};
use uuid::Uuid;

use super::{all, sum};
use crate::domain::{Account, AccountId, AttemptId, AttemptState, Key, KeyId, Timestamp, Transfer, TransferKind, Usd};
use crate::store::{Store, StoreError, rows};

/// What the attempts and transfers of a key add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Id of the attempt.
    pub attempt: AttemptId,
    /// What the provider charged.
    pub charged: Usd,
    /// What its owner was credited.
    pub credited: Usd,
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

    /// Sums over a key's attempts and transfers. `seen_until` is when its last quiet reading began.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key_sums(&self, key: KeyId, seen_until: Option<Timestamp>) -> Result<KeySums, StoreError> {
        use attempt::Column as A;
        let reader = &self.inner.reader;
        let holding = attempts_in(key, AttemptState::holds);
        let under_review = attempts_in(key, |state| state == AttemptState::UnderReview);
        let unseen = match seen_until {
            Some(moment) => attempts_of(key).filter(A::ReturnedAt.gte(moment.micros())),
            None => attempts_of(key),
        };
        let credited = transfer::Entity::find().filter(transfer::Column::KeyId.eq(key.0));
        Ok(KeySums {
            held: sum(reader, holding.clone(), A::EstimateNano).await?,
            in_flight: holding.count(reader).await?,
            under_review: sum(reader, under_review, A::EstimateNano).await?,
            credited: sum(reader, credited, transfer::Column::AmountNano).await?,
            unseen: sum(reader, unseen, A::CostNano).await?,
        })
    }

    /// Attempts of a key whose cost and credit differ, at most `limit`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn miscredited(&self, key: KeyId, limit: u64) -> Result<Vec<Miscredited>, StoreError> {
        let charged = attempt::Column::CostNano.if_null(0);
        let credited = transfer::Column::AmountNano.if_null(0);
        let found: Vec<(Uuid, Option<i64>, Option<i64>)> = attempts_of(key)
            .join(JoinType::LeftJoin, attempt_of_credit().rev())
            .filter(charged.ne(credited))
            .select_only()
            .column(attempt::Column::Id)
            .column(attempt::Column::CostNano)
            .column(transfer::Column::AmountNano)
            .order_by_asc(attempt::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.inner.reader)
            .await?;
        let amount = |nanos: Option<i64>| Usd::from_nanos(nanos.unwrap_or(0));
        let convert = |(id, charged, credited): (Uuid, _, _)| Miscredited {
            attempt: id.into(),
            charged: amount(charged),
            credited: amount(credited),
        };
        Ok(found.into_iter().map(convert).collect())
    }

    /// Credits of a key that name no attempt of it, at most `limit`: amount and what they name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stray_credits(&self, key: KeyId, limit: u64) -> Result<Vec<(Usd, Option<AttemptId>)>, StoreError> {
        use transfer::Column as T;
        let is_another_keys = attempt::Column::KeyId.ne(key.0).or(attempt::Column::Id.is_null());
        let found: Vec<(i64, Option<Uuid>)> = transfer::Entity::find()
            .join(JoinType::LeftJoin, attempt_of_credit())
            .filter(T::KeyId.eq(key.0))
            .filter(T::Kind.eq(TransferKind::RecycleCredit.as_str()))
            .filter(is_another_keys)
            .select_only()
            .columns([T::AmountNano, T::AttemptId])
            .order_by_asc(T::Seq)
            .limit(limit)
            .into_tuple()
            .all(&self.inner.reader)
            .await?;
        Ok(found.into_iter().map(|(amount, id)| (Usd::from_nanos(amount), id.map(AttemptId::from))).collect())
    }
}

fn attempts_of(key: KeyId) -> Select<attempt::Entity> {
    attempt::Entity::find().filter(attempt::Column::KeyId.eq(key.0))
}

fn attempts_in(key: KeyId, wanted: impl Fn(AttemptState) -> bool) -> Select<attempt::Entity> {
    let states = AttemptState::ALL.iter().copied().filter(|state| wanted(*state)).map(AttemptState::as_str);
    attempts_of(key).filter(attempt::Column::State.is_in(states))
}

/// From a credit to the attempt that it was posted for.
fn attempt_of_credit() -> RelationDef {
    let to_attempt =
        transfer::Entity::belongs_to(attempt::Entity).from(transfer::Column::AttemptId).to(attempt::Column::Id);
    RelationDef::from(to_attempt).on_condition(|_transfer, _attempt| {
        transfer::Column::Kind.eq(TransferKind::RecycleCredit.as_str()).into_condition()
    })
}

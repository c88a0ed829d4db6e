//! Finders. Those for one object take an [`Actor`](crate::domain::Actor): what is not the actor's
//! to see is `None`, exactly as what does not exist.

mod account;
mod attempt;
mod audit;
mod event;
mod key;
mod ledger;
mod page;
mod sealed;
mod stat;
mod token;
mod transfer;

pub use attempt::AttemptFilter;
pub use audit::AuditFilter;
pub use key::{KeyFilter, KeyList};
pub use ledger::{KeySums, Miscredited, StrayCredit};
pub use page::{Page, PageRequest, Position};
pub use sealed::{RingKeyUse, SealedKey};
pub use transfer::TransferList;

use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoSimpleExpr, QuerySelect, Select};

use super::StoreError;
use crate::domain::Usd;

/// The sum of a column of nano-dollars over the rows selected.
pub(super) async fn sum<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    rows: Select<E>,
    column: E::Column,
) -> Result<Usd, StoreError> {
    let found = rows.select_only().expr(nanos(column)).into_tuple::<Option<i64>>().one(connection).await?;
    Ok(found.flatten().map_or(Usd::ZERO, Usd::from_nanos))
}

/// The sum of a column of nano-dollars, which PostgreSQL has as numeric where bigints add up.
fn nanos<C: ColumnTrait>(column: C) -> SimpleExpr {
    column.into_simple_expr().sum().cast_as("bigint")
}

/// Converts rows that can be inconsistent.
fn all<M, T>(rows: Vec<M>, convert: fn(M) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(convert).collect()
}

/// Codes of an optional filter, as the column holds them.
fn codes<T: Copy>(values: Option<&[T]>, as_str: fn(T) -> &'static str) -> Option<Vec<&'static str>> {
    values.map(|values| values.iter().map(|value| as_str(*value)).collect())
}

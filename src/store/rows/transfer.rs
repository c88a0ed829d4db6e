//! `transfer`.

use entity::transfer::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;

use super::{known, known_or_null};
use crate::domain::{CostSource, TaskType, Timestamp, Transfer, TransferKind, Usd};
use crate::store::StoreError;

const TABLE: &str = "transfer";

/// `provisional` is kept in a table of its own, since a transfer never changes.
pub(in crate::store) fn transfer(row: Model, provisional: bool) -> Result<Transfer, StoreError> {
    Ok(Transfer {
        id: row.id.into(),
        account: row.account_id.into(),
        counter: row.counter_account_id.into(),
        amount: Usd::from_nanos(row.amount_nano),
        kind: known(&row.kind, TransferKind::from_code, TABLE, "kind")?,
        attempt: row.attempt_id.map(Into::into),
        key: row.key_id.map(Into::into),
        task_type: known_or_null(row.task_type.as_deref(), TaskType::from_code, TABLE, "task_type")?,
        cost_source: known_or_null(row.cost_source.as_deref(), CostSource::from_code, TABLE, "cost_source")?,
        provisional,
        corrects: row.corrects_transfer_id.map(Into::into),
        note: row.note,
        seq: row.seq,
        balance_after: Usd::from_nanos(row.balance_after_nano),
        hash: row.hash,
        posted_at: Timestamp::from_micros(row.posted_at),
    })
}

/// The transfer's own columns; the caller sets those of its request and its correction.
pub(in crate::store) fn transfer_row(transfer: &Transfer) -> ActiveModel {
    ActiveModel {
        id: Set(transfer.id.0),
        account_id: Set(transfer.account.0),
        counter_account_id: Set(transfer.counter.0),
        amount_nano: Set(transfer.amount.nanos()),
        kind: Set(transfer.kind.as_str().to_owned()),
        attempt_id: Set(transfer.attempt.map(|id| id.0)),
        key_id: Set(transfer.key.map(|id| id.0)),
        task_type: Set(transfer.task_type.map(|kind| kind.as_str().to_owned())),
        cost_source: Set(transfer.cost_source.map(|source| source.as_str().to_owned())),
        corrects_transfer_id: Set(transfer.corrects.map(|id| id.0)),
        note: Set(transfer.note.clone()),
        seq: Set(transfer.seq),
        balance_after_nano: Set(transfer.balance_after.nanos()),
        hash: Set(transfer.hash.clone()),
        posted_at: Set(transfer.posted_at.micros()),
        ..Default::default()
    }
}

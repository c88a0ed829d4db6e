//! `account`.

use entity::account::Model;

use super::{known, time};
use crate::domain::{Account, AccountKind, Timestamp, Usd};
use crate::store::StoreError;

pub(in crate::store) fn account(row: Model) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.id.into(),
        kind: known(&row.kind, AccountKind::from_code, "account", "kind")?,
        telegram_user_id: row.telegram_user_id,
        balance: Usd::from_nanos(row.balance_nano),
        credited: Usd::from_nanos(row.credited_nano),
        event_seq: row.event_seq,
        ledger_seq: row.ledger_seq,
        ledger_hash: row.ledger_hash,
        frozen_at: time(row.frozen_at),
        created_at: Timestamp::from_micros(row.created_at),
    })
}

//! `event`: the payload carries the values of its moment.

use entity::event::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;

use super::known;
use crate::domain::event::{Event, EventBody, EventKind};
use crate::domain::{Timestamp, TransferId};
use crate::store::StoreError;

const TABLE: &str = "event";

pub(in crate::store) fn event(row: Model) -> Result<Event, StoreError> {
    let unreadable = |_| StoreError::Inconsistent { table: TABLE, column: "payload" };
    let body = match known(&row.kind, EventKind::from_code, TABLE, "kind")? {
        EventKind::KeyChanged => EventBody::KeyChanged(serde_json::from_str(&row.payload).map_err(unreadable)?),
        EventKind::TransactionPosted => {
            EventBody::TransactionPosted(serde_json::from_str::<TransferId>(&row.payload).map_err(unreadable)?)
        }
    };
    Ok(Event {
        account: row.account_id.into(),
        seq: row.seq,
        occurred_at: Timestamp::from_micros(row.occurred_at),
        body,
    })
}

pub(in crate::store) fn event_row(event: &Event) -> Result<ActiveModel, StoreError> {
    let payload = match &event.body {
        EventBody::KeyChanged(key) => serde_json::to_string(key),
        EventBody::TransactionPosted(transfer) => serde_json::to_string(transfer),
    };
    Ok(ActiveModel {
        account_id: Set(event.account.0),
        seq: Set(event.seq),
        kind: Set(event.body.kind().as_str().to_owned()),
        payload: Set(payload.map_err(|_| StoreError::Inconsistent { table: TABLE, column: "payload" })?),
        occurred_at: Set(event.occurred_at.micros()),
    })
}

//! `audit_log`.

use entity::audit_log::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;

use super::known_or_null;
use crate::domain::Timestamp;
use crate::domain::audit::{AuditEntry, Target, TargetKind};
use crate::store::StoreError;

pub(in crate::store) fn audit_entry(row: Model) -> Result<AuditEntry, StoreError> {
    let kind = known_or_null(row.target_kind.as_deref(), TargetKind::from_code, "audit_log", "target_kind")?;
    Ok(AuditEntry {
        id: row.id.into(),
        occurred_at: Timestamp::from_micros(row.occurred_at),
        actor: row.actor,
        action: row.action,
        target: kind.zip(row.target_id).map(|(kind, id)| Target { kind, id }),
        request_id: row.request_id,
        idempotency_key: row.idempotency_key,
        note: row.note,
    })
}

pub(in crate::store) fn audit_row(entry: &AuditEntry) -> ActiveModel {
    ActiveModel {
        id: Set(entry.id.0),
        occurred_at: Set(entry.occurred_at.micros()),
        actor: Set(entry.actor.clone()),
        action: Set(entry.action.clone()),
        target_kind: Set(entry.target.map(|target| target.kind.as_str().to_owned())),
        target_id: Set(entry.target.map(|target| target.id)),
        request_id: Set(entry.request_id.clone()),
        idempotency_key: Set(entry.idempotency_key.clone()),
        note: Set(entry.note.clone()),
    }
}

//! The audit log: only ever appended to.

use entity::audit_log;
use sea_orm::EntityTrait;

use crate::domain::AuditId;
use crate::domain::audit::{AuditEntry, Target};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// Appends an entry.
    ///
    /// # Errors
    /// The database fails.
    pub async fn append_audit(
        &mut self,
        actor: &str,
        action: &str,
        target: Option<Target>,
        note: Option<String>,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            id: AuditId::generate(self.clock(), self.entropy()),
            occurred_at: self.now,
            actor: actor.to_owned(),
            action: action.to_owned(),
            target,
            request_id: None,
            note,
        };
        audit_log::Entity::insert(rows::audit_row(&entry)).exec_without_returning(&self.inner).await?;
        Ok(())
    }
}

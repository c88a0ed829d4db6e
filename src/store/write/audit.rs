//! The audit log: only ever appended to.

use entity::audit_log;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

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
        self.append_audit_of(actor, action, target, None, note).await
    }

    /// Appends an entry that names the request which did it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn append_audit_of(
        &mut self,
        actor: &str,
        action: &str,
        target: Option<Target>,
        request_id: Option<&str>,
        note: Option<String>,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            id: AuditId::generate(self.clock(), self.entropy()),
            occurred_at: self.now,
            actor: actor.to_owned(),
            action: action.to_owned(),
            target,
            request_id: request_id.map(str::to_owned),
            note,
        };
        audit_log::Entity::insert(rows::audit_row(&entry)).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// The entry of an actor's action that names the request.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit_entry_of(
        &mut self,
        actor: &str,
        action: &str,
        request_id: &str,
    ) -> Result<Option<AuditEntry>, StoreError> {
        let query = audit_log::Entity::find()
            .filter(audit_log::Column::Actor.eq(actor))
            .filter(audit_log::Column::Action.eq(action))
            .filter(audit_log::Column::RequestId.eq(request_id));
        query.one(&self.inner).await?.map(rows::audit_entry).transpose()
    }
}

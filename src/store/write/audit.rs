//! The audit log: only ever appended to.

use entity::audit_log;
use sea_orm::sea_query::{Condition, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::domain::audit::{AuditEntry, Target};
use crate::domain::{AuditId, request_id};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// Appends an entry, with the request that it is written for.
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
        self.append_audit_once(actor, action, target, None, note).await
    }

    /// Appends an entry which is found again by the name that its actor gave to what he did.
    ///
    /// # Errors
    /// The database fails.
    pub async fn append_audit_once(
        &mut self,
        actor: &str,
        action: &str,
        target: Option<Target>,
        idempotency_key: Option<&str>,
        note: Option<String>,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            id: AuditId::generate(self.clock(), self.entropy()),
            occurred_at: self.now,
            actor: actor.to_owned(),
            action: action.to_owned(),
            target,
            request_id: request_id::current().map(|id| (*id).to_owned()),
            idempotency_key: idempotency_key.map(str::to_owned),
            note,
        };
        audit_log::Entity::insert(rows::audit_row(&entry)).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// The entry of an actor's action under the name that he gave it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit_entry_of(
        &mut self,
        actor: &str,
        action: &str,
        idempotency_key: &str,
    ) -> Result<Option<AuditEntry>, StoreError> {
        use audit_log::Column as C;
        // Entries of before the column have the name where the request's id is now.
        let named = Condition::any()
            .add(C::IdempotencyKey.eq(idempotency_key))
            .add(C::IdempotencyKey.is_null().and(C::RequestId.eq(idempotency_key)));
        let query = audit_log::Entity::find()
            .filter(audit_log::Column::Actor.eq(actor))
            .filter(audit_log::Column::Action.eq(action))
            .filter(named);
        query.one(&self.inner).await?.map(rows::audit_entry).transpose()
    }
}

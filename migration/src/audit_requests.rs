//! The audit log names requests by their ids, and what makes a movement happen once has a column of its own.
//!
//! Entries of before keep the idempotency key where it stood: they are append-only.

use sea_orm_migration::prelude::*;

/// The migration that tells them apart.
#[derive(Debug)]
pub(crate) struct AuditRequests;

impl MigrationName for AuditRequests {
    fn name(&self) -> &'static str {
        "m0005_audit_requests"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AuditRequests {
    // Also on SQLite, so that a kill leaves no half of it.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "ALTER TABLE audit_log ADD COLUMN idempotency_key text",
            "CREATE INDEX audit_log_idempotency ON audit_log (actor, idempotency_key) WHERE idempotency_key IS NOT NULL",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in ["DROP INDEX audit_log_idempotency", "ALTER TABLE audit_log DROP COLUMN idempotency_key"] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

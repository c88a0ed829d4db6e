//! Indexes for what is looked for again and again, or while the one writer waits.
//!
//! Due keys are looked for by provider: with an index of the moment alone SQLite takes the one of live keys,
//! which begins with the provider, and walks through all of them several times a second. A key is blocked by
//! its fingerprint, whoever owns it, and a reversal was found again by its request.

use sea_orm_migration::prelude::*;

/// The migration that makes them.
#[derive(Debug)]
pub(crate) struct DueByProvider;

impl MigrationName for DueByProvider {
    fn name(&self) -> &'static str {
        "m0004_due_by_provider"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for DueByProvider {
    // Also on SQLite, so that a kill leaves no half of it.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "CREATE INDEX provider_key_due_there ON provider_key (provider, next_sync_at) \
             WHERE next_sync_at IS NOT NULL",
            "CREATE INDEX provider_key_claimed ON provider_key (provider, claimed_until) \
             WHERE claimed_until IS NOT NULL",
            "CREATE INDEX provider_key_fingerprint ON provider_key (fingerprint)",
            "CREATE INDEX audit_log_request ON audit_log (request_id) WHERE request_id IS NOT NULL",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "DROP INDEX audit_log_request",
            "DROP INDEX provider_key_fingerprint",
            "DROP INDEX provider_key_claimed",
            "DROP INDEX provider_key_due_there",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

//! What is due is looked for by provider: so are the indexes that find it.
//!
//! By the moment alone, SQLite takes the index of live keys instead, which begins with the provider, and
//! walks through all its keys several times a second.

use sea_orm_migration::prelude::*;

/// The migration that makes them anew.
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
            "DROP INDEX provider_key_due",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "CREATE INDEX provider_key_due ON provider_key (next_sync_at) WHERE next_sync_at IS NOT NULL",
            "DROP INDEX provider_key_claimed",
            "DROP INDEX provider_key_due_there",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

//! When a key was last rejected: what alarms and budgets of rejections are counted by.

use sea_orm_migration::prelude::*;

/// The migration that adds it.
#[derive(Debug)]
pub(crate) struct Rejections;

impl MigrationName for Rejections {
    fn name(&self) -> &'static str {
        "m0002_rejections"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Rejections {
    // Also on SQLite, so that a kill leaves no half of it.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("ALTER TABLE provider_key ADD COLUMN rejected_at bigint").await?;
        connection
            .execute_unprepared(
                "CREATE INDEX provider_key_rejected ON provider_key (provider, rejected_at) WHERE rejected_at IS NOT NULL",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX provider_key_rejected").await?;
        connection.execute_unprepared("ALTER TABLE provider_key DROP COLUMN rejected_at").await?;
        Ok(())
    }
}

//! Fingerprints of keys that are taken from nobody: an operator or a rightful owner stopped them.

use sea_orm_migration::prelude::*;

/// The migration that adds them.
#[derive(Debug)]
pub(crate) struct BlockedKeys;

impl MigrationName for BlockedKeys {
    fn name(&self) -> &'static str {
        "m0003_blocked_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for BlockedKeys {
    // Also on SQLite, so that a kill leaves no half of it.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = "CREATE TABLE blocked_key (provider text NOT NULL, fingerprint text NOT NULL, \
             blocked_at bigint NOT NULL, PRIMARY KEY (provider, fingerprint))";
        manager.get_connection().execute_unprepared(table).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE blocked_key").await?;
        Ok(())
    }
}

//! The first version: every table, its constraints, the append-only triggers, the system accounts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

const TABLES: &str = include_str!("tables.sql");
const APPEND_ONLY_SQLITE: &str = include_str!("append_only_sqlite.sql");
const APPEND_ONLY_POSTGRES: &str = include_str!("append_only_postgres.sql");

/// Tables in the order in which they can be dropped.
const DROP_ORDER: [&str; 12] = [
    "vault_canary",
    "known_bad_key",
    "audit_log",
    "service_token",
    "route_stat",
    "balance_sample",
    "event",
    "provisional_credit",
    "transfer",
    "attempt",
    "provider_key",
    "account",
];

/// The migration of the first version.
#[derive(Debug)]
pub(crate) struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &'static str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    // Also on SQLite, so that a kill leaves no half of it.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let postgres = connection.get_database_backend() == DbBackend::Postgres;
        let (uuid, bytes, triggers) =
            if postgres { ("uuid", "bytea", APPEND_ONLY_POSTGRES) } else { ("blob", "blob", APPEND_ONLY_SQLITE) };
        let tables = TABLES.replace(":uuid", uuid).replace(":bytes", bytes);
        // Statements are separated by blank lines; a trigger's body has semicolons of its own.
        for statement in tables.split("\n\n").chain(triggers.split("\n\n")) {
            connection.execute_unprepared(statement).await?;
        }
        for (number, kind) in [(1_u128, "PLATFORM"), (2, "FUNDING"), (3, "REVENUE")] {
            connection.execute_unprepared(&system_account(number, kind, postgres)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in DROP_ORDER {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION refuse_change()").await?;
        }
        Ok(())
    }
}

/// Inserts a system account under its fixed id.
fn system_account(number: u128, kind: &str, postgres: bool) -> String {
    let id = format!("{number:032x}");
    let (id, hash) = if postgres { (format!("'{id}'::uuid"), "''::bytea") } else { (format!("x'{id}'"), "x''") };
    format!(
        "INSERT INTO account (id, kind, balance_nano, credited_nano, event_seq, ledger_seq, ledger_hash, created_at) \
         VALUES ({id}, '{kind}', 0, 0, 0, 0, {hash}, 0)"
    )
}

//! A look at the rows behind the API, and ways to break them.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

/// Carries a statement out and answers how many rows it changed.
pub(crate) async fn run(database: &DatabaseConnection, sql: &str) -> u64 {
    try_run(database, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Carries a statement out, or says why it was refused.
pub(crate) async fn try_run(database: &DatabaseConnection, sql: &str) -> Result<u64, String> {
    let statement = Statement::from_string(database.get_database_backend(), sql.to_owned());
    database.execute_raw(statement).await.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

/// The first column of each row, which has to be text.
pub(crate) async fn texts(database: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), sql.to_owned());
    let rows = database.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).expect("text").unwrap_or_default()).collect()
}

/// The number that a query of one row and column answers.
pub(crate) async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(database.get_database_backend(), sql.to_owned());
    let row = database.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.expect("a row").try_get_by_index(0).expect("a number")
}

/// The id of the one row that the query finds.
pub(crate) async fn id(database: &DatabaseConnection, sql: &str) -> Uuid {
    let statement = Statement::from_string(database.get_database_backend(), sql.to_owned());
    let row = database.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.expect("a row").try_get_by_index(0).expect("an id")
}

/// Lets transfers be changed, as nobody but a test or an intruder would.
pub(crate) async fn drop_ledger_triggers(database: &DatabaseConnection) {
    if database.get_database_backend() == DbBackend::Postgres {
        run(database, "DROP TRIGGER transfer_append_only ON transfer").await;
    } else {
        run(database, "DROP TRIGGER transfer_no_update").await;
        run(database, "DROP TRIGGER transfer_no_delete").await;
    }
}

/// The same for entries of the audit log.
pub(crate) async fn let_audit_entries_change(database: &DatabaseConnection) {
    let is_postgres = database.get_database_backend() == DbBackend::Postgres;
    let trigger = if is_postgres { "audit_log_append_only ON audit_log" } else { "audit_log_no_update" };
    run(database, &format!("DROP TRIGGER {trigger}")).await;
}

//! What can go wrong in the database.

use sea_orm::{DbErr, SqlErr};

/// A failure of the database or of what is stored in it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index refused the row: somebody else was first.
    #[error("a unique index refused the row")]
    Conflict,
    /// A stored value is not one that the program writes.
    #[error("inconsistent row in {table}, column {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A row that the transaction had in hand is gone or changed under it.
    #[error("the row was changed by somebody else")]
    Stale,
    /// The transaction's own code panicked; it was rolled back.
    #[error("the transaction panicked")]
    Panicked,
    /// The database cannot be reached or refuses to serve.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// Any other failure of the database.
    #[error("database")]
    Database(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Conflict,
            _ => Self::Database(error),
        }
    }
}

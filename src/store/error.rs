//! What can go wrong in the database.

use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr};

/// A failure of the database or of what is stored in it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index refused the row: somebody else was first.
    #[error("a unique index refused the row")]
    Conflict,
    /// A check of the table refused the row: a balance below zero, for one.
    #[error("a check of the table refused the row")]
    CheckFailed,
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
    /// The transaction was lost with others that shared it, or with the writer; nothing of it stands.
    #[error("the transaction was lost")]
    Lost,
    /// The database cannot be reached or refuses to serve.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// Any other failure of the database.
    #[error("database: {0}")]
    Database(#[source] DbErr),
}

/// `SQLITE_BUSY`: another process writes.
const SQLITE_BUSY: i32 = 5;

/// `SQLITE_IOERR`, the primary result code of every failed read, write and fsync.
const SQLITE_IOERR: i32 = 10;

impl StoreError {
    /// Whether the disk failed: SQLite's I/O error of any kind.
    pub(super) fn is_disk_failure(&self) -> bool {
        self.sqlite_code() == Some(SQLITE_IOERR)
    }

    /// Whether another process wrote to the SQLite file all the time.
    pub(super) fn is_busy(&self) -> bool {
        self.sqlite_code() == Some(SQLITE_BUSY)
    }

    /// SQLite's primary result code. PostgreSQL's codes have five characters, some of them digits alone, and
    /// none of these is small enough to be taken for one.
    fn sqlite_code(&self) -> Option<i32> {
        let Self::Database(error) = self else { return None };
        let code = database_error(error)?.code()?;
        (code.len() < 5).then(|| code.parse::<i32>().ok()).flatten().map(|code| code & 0xff)
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match database_error(&error).map(|it| it.kind()) {
            Some(ErrorKind::UniqueViolation) => Self::Conflict,
            Some(ErrorKind::CheckViolation) => Self::CheckFailed,
            _ => Self::Database(error),
        }
    }
}

/// What the database itself said, where it was that and not the connection that failed.
fn database_error(error: &DbErr) -> Option<&(dyn DatabaseError + 'static)> {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else { return None };
    match cause {
        RuntimeErr::SqlxError(error) => error.as_database_error(),
        RuntimeErr::Internal(_) => None,
    }
}

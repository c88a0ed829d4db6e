//! Opens the database: SQLite with its pragmas set and read back, or PostgreSQL.
//!
//! SQLite has one writing connection and several reading ones; the write-ahead log lets them work
//! side by side. A lock file beside the database keeps a second server off it; commands do not
//! take the lock and work beside the server.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use super::StoreError;

/// Where the database is and how it is used.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Most connections: reading ones on SQLite, all on PostgreSQL.
    pub connections: u32,
    /// Whether this process is the server, of which SQLite admits one.
    pub exclusive: bool,
}

/// An open database.
pub(super) enum Opened {
    /// A SQLite file: one connection writes, others read beside it.
    Sqlite {
        file: SqliteFile,
        writer: DatabaseConnection,
        reader: DatabaseConnection,
        /// Held as long as the process serves from this file.
        lock: Option<File>,
    },
    /// A PostgreSQL, whose connections do both.
    Postgres(DatabaseConnection),
}

/// A SQLite file, from which connections are made.
#[derive(Clone)]
pub(super) struct SqliteFile(PathBuf);

/// How long a connection may take to come up, and a statement to find a free one.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long SQLite waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The same for a unit of work once its connection is up: it begins anew by itself.
const WRITER_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

pub(super) async fn open(settings: &DatabaseSettings) -> Result<Opened, StoreError> {
    match settings.url.strip_prefix("sqlite:") {
        Some(path) => open_sqlite(settings, Path::new(path.trim_start_matches("//"))).await,
        None => open_postgres(settings).await.map(Opened::Postgres),
    }
}

async fn open_sqlite(settings: &DatabaseSettings, path: &Path) -> Result<Opened, StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Open(format!("cannot make the folder {}: {error}", folder.display())))?;
    }
    let lock = if settings.exclusive { Some(lock(path)?) } else { None };
    let file = SqliteFile(path.to_owned());
    let writer = file.connect_writer().await?;
    let reader = file.connect(settings.connections).await?;
    Ok(Opened::Sqlite { file, writer, reader, lock })
}

impl SqliteFile {
    /// The one connection that writes.
    pub(super) async fn connect_writer(&self) -> Result<DatabaseConnection, StoreError> {
        let connection = self.connect(1).await?;
        let timeout = format!("PRAGMA busy_timeout = {}", WRITER_BUSY_TIMEOUT.as_millis());
        connection.execute_unprepared(&timeout).await?;
        Ok(connection)
    }

    async fn connect(&self, connections: u32) -> Result<DatabaseConnection, StoreError> {
        let mut options = ConnectOptions::new(format!("sqlite:{}", self.0.display()));
        options.max_connections(connections).connect_timeout(PATIENCE).acquire_timeout(PATIENCE).sqlx_logging(false);
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
        });
        let unreachable = |error| StoreError::Open(format!("{}: {error}", self.0.display()));
        let connection = Database::connect(options).await.map_err(unreachable)?;
        check_pragmas(&connection).await?;
        Ok(connection)
    }
}

/// Reads the pragmas back: money is only safe if they took.
async fn check_pragmas(connection: &DatabaseConnection) -> Result<(), StoreError> {
    for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
        let row = connection.query_one_raw(statement).await?;
        let found = row.and_then(|row| {
            let number = row.try_get_by_index::<i64>(0).map(|number| number.to_string());
            row.try_get_by_index::<String>(0).or(number).ok()
        });
        if found.as_deref() != Some(expected) {
            return Err(StoreError::Open(format!("SQLite refused PRAGMA {pragma} = {expected}")));
        }
    }
    Ok(())
}

fn lock(database: &Path) -> Result<File, StoreError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let refused = |why: &dyn std::fmt::Display| StoreError::Open(format!("{}: {why}", path.display()));
    let file = File::options().create(true).append(true).open(&path).map_err(|error| refused(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(
            &"another server works on this SQLite file; stop it, or set database.url to PostgreSQL, which several share",
        )),
        Err(TryLockError::Error(error)) => Err(refused(&error)),
    }
}

async fn open_postgres(settings: &DatabaseSettings) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(settings.url.clone());
    options
        .max_connections(settings.connections)
        .connect_timeout(PATIENCE)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false);
    // The driver's error can repeat parts of the URL, which may hold a password.
    Database::connect(options)
        .await
        .map_err(|_| StoreError::Open("PostgreSQL does not answer at database.url; is it running?".to_owned()))
}

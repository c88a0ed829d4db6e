//! A fresh database for each test.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tempfile::TempDir;

/// A database that is gone with the value (SQLite) or with its cluster (PostgreSQL).
pub(crate) struct Database {
    pub(crate) url: String,
    folder: TempDir,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { url: format!("sqlite:{}", folder.path().join("key-recycling.sqlite").display()), folder }
    }

    pub(crate) async fn postgres() -> Self {
        let cluster =
            std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL names no PostgreSQL; run: ./check tests");
        let name = format!("test_{:016x}", rand_u64());
        let maintenance = sea_orm::Database::connect(format!("{cluster}/postgres")).await.expect("PostgreSQL answers");
        maintenance.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
        Self { url: format!("{cluster}/{name}"), folder: TempDir::new().expect("a temporary folder") }
    }

    /// Another one of the same sort, empty.
    pub(crate) async fn another(&self) -> Self {
        if self.is_sqlite() { Self::sqlite() } else { Self::postgres().await }
    }

    /// A folder of the test's own.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A connection of the test's own, to look at rows or to break them.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.url).await.expect("the database answers")
    }

    /// Breaks or moves rows by hand.
    pub(crate) async fn execute(&self, sql: &str) {
        self.connect().await.execute_unprepared(sql).await.expect("the statement runs");
    }

    /// A whole number that a query answers; `None` for NULL.
    pub(crate) async fn number(&self, sql: &str) -> Option<i64> {
        let connection = self.connect().await;
        let statement = Statement::from_string(connection.get_database_backend(), sql.to_owned());
        let row = connection.query_one_raw(statement).await.expect("the query runs").expect("there is a row");
        row.try_get_by_index(0).expect("the row begins with a whole number")
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// A number that no other test has.
pub(crate) fn rand_u64() -> u64 {
    use key_recycling::domain::{Entropy, OsEntropy};
    let mut bytes = [0; 8];
    OsEntropy.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

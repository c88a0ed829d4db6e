//! The database: the only sea-orm queries, rows converted to domain values at its border.
//!
//! Reading goes by finders that take an [`Actor`](crate::domain::Actor) or start from an owner
//! (`read`); writing goes by the unit of work, [`Store::write`] (`tx`), whose [`Tx`] has the
//! statements of `write`. "Not found" is `Ok(None)`; the caller decides what it means.

mod connect;
mod error;
mod read;
mod rows;
mod tx;
mod unit;
mod write;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, RwLock};

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::domain::{ProviderCode, TaskType, Timestamp, Usd};

use connect::Opened;
use tx::Shared;
use writer::Writer;

pub use connect::DatabaseSettings;
pub use error::StoreError;
pub use read::{
    AttemptFilter, AuditFilter, KeyFilter, KeyList, KeySums, Miscredited, Page, PageRequest, Position, RingKeyUse,
    SealedKey, StrayCredit, TransferList,
};
pub use tx::{Changes, Observer, Tx};
pub use unit::{Work, WriteError};
pub use write::{NewToken, ProvisionalCredit, Resealed, Validations};

/// Observations to add to a bucket of the routing statistics. All figures add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatDelta {
    /// The provider.
    pub provider: ProviderCode,
    /// The kind of task.
    pub task_type: TaskType,
    /// Start of the time bucket.
    pub bucket: Timestamp,
    /// Attempts that ended at the provider.
    pub samples: i64,
    /// Those solved.
    pub solved: i64,
    /// Those with a known cost.
    pub costed: i64,
    /// Sum of the known costs.
    pub cost: Usd,
    /// Sum of the times to a solution, over those solved, in milliseconds.
    pub solve_ms: i64,
}

/// Handle on the database; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    reader: DatabaseConnection,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    broken: CancellationToken,
    /// Of each provider, who waits in this process to begin validations.
    lines: BTreeMap<ProviderCode, tokio::sync::Mutex<()>>,
    /// Held as long as the process serves from this SQLite file.
    lock: Mutex<Option<File>>,
}

impl Store {
    /// Opens the database without changing it.
    ///
    /// # Errors
    /// It cannot be reached, refuses its pragmas, or another server holds the SQLite file.
    pub async fn open(
        settings: &DatabaseSettings,
        clock: SharedClock,
        entropy: SharedEntropy,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared { clock, entropy, observers: RwLock::default() });
        let (tasks, broken) = (TaskTracker::new(), CancellationToken::new());
        let (writer, reader, lock) = match connect::open(settings).await? {
            Opened::Sqlite { file, writer, reader, lock } => {
                (Writer::grouped(file, writer, shared.clone(), broken.clone()), reader, lock)
            }
            Opened::Postgres(connection) => {
                (Writer::pooled(connection.clone(), shared.clone(), tasks.clone()), connection, None)
            }
        };
        let lines = ProviderCode::ALL.iter().map(|code| (*code, tokio::sync::Mutex::default())).collect();
        Ok(Self { inner: Arc::new(Inner { writer, reader, shared, tasks, broken, lines, lock: Mutex::new(lock) }) })
    }

    /// Brings the tables up to date.
    ///
    /// # Errors
    /// A migration fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Ok(Migrator::up(&self.inner.reader, None).await?)
    }

    /// The migrations with whether each is applied, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>, StoreError> {
        use migration::MigrationStatus;
        let all = Migrator::get_migration_with_status(&self.inner.reader).await?;
        Ok(all.iter().map(|it| (it.name().to_owned(), it.status() == MigrationStatus::Applied)).collect())
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    /// It gives none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.inner.reader.execute_unprepared("SELECT 1").await.map(|_| ())?)
    }

    /// Has the observer follow every commit of this process from now on.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.inner.shared.observers.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(observer);
    }

    /// Waits for a place before [`Tx::lock_validations`], and holds it until it is dropped. Whoever waits for that
    /// lock holds a connection of PostgreSQL meanwhile: of one process that should be one, whatever the number of
    /// those who come at once, or nothing else is read or written. Those who wait here are served as they came.
    /// On SQLite whoever writes waits without a connection anyway.
    pub async fn place_in_line(&self, provider: ProviderCode) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match self.inner.writer {
            Writer::Pooled { .. } => Some(self.inner.lines.get(&provider)?.lock().await),
            Writer::Grouped(_) => None,
        }
    }

    /// Resolves when the disk has failed under a commit: nothing is written any more, and only a new
    /// process that reads the file anew can go on.
    pub async fn broken(&self) {
        self.inner.broken.cancelled().await;
    }

    /// Waits until every transaction under way has ended. Later ones are still carried out.
    pub async fn drain(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Drains, lets go of the observers, which hold the store in their turn, and leaves the SQLite
    /// file to the next server.
    pub async fn close(&self) {
        self.drain().await;
        self.inner.shared.observers.write().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        drop(self.inner.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
    }
}

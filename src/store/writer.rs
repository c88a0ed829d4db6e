//! Carries units of work out: each in a transaction of its own on PostgreSQL, in groups on SQLite.
//!
//! SQLite makes a commit durable by one fsync, so units that wait anyway share it: the writer drains
//! its queue into one IMMEDIATE transaction with a savepoint for each unit, and answers after the
//! commit. A constraint or a refusal undoes its own savepoint. Any other error loses the whole
//! group, since SQLite may have rolled everything back by itself (a full disk does that, and a later
//! savepoint would then commit alone); the connection is closed and a new one opened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::connect::SqliteFile;
use super::tx::Shared;
use super::unit::{Unit, Verdict};
use super::{Changes, StoreError, Tx};
use crate::domain::{failpoint, guard};

/// Most units in one transaction.
const GROUP_MAX: usize = 64;

/// Most units that wait; more callers wait for a place.
const QUEUE_MAX: usize = 1024;

/// How long a group waits for another process's write.
const BUSY_PATIENCE: Duration = Duration::from_secs(10);

/// Where units of work go.
pub(super) enum Writer {
    /// Each to a task of its own.
    Pooled { connection: DatabaseConnection, shared: Arc<Shared>, tasks: TaskTracker },
    /// All to the one task that writes.
    Grouped(mpsc::Sender<Box<dyn Unit>>),
}

impl Writer {
    pub(super) fn pooled(connection: DatabaseConnection, shared: Arc<Shared>, tasks: TaskTracker) -> Self {
        Self::Pooled { connection, shared, tasks }
    }

    /// Starts the task that writes to a SQLite file. It ends with the last handle on the store.
    /// `broken` is cancelled when the disk fails under a commit.
    pub(super) fn grouped(
        file: SqliteFile,
        connection: DatabaseConnection,
        shared: Arc<Shared>,
        broken: CancellationToken,
    ) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let group = Group { file, connection: Some(connection), shared, broken };
        tokio::spawn(guard::transaction(group.serve(queue)));
        Self::Grouped(sender)
    }

    pub(super) async fn submit(&self, unit: Box<dyn Unit>) {
        match self {
            Self::Pooled { connection, shared, tasks } => {
                let (connection, shared) = (connection.clone(), shared.clone());
                let span = tracing::debug_span!("store.write", name = unit.name());
                tasks.spawn(guard::transaction(alone(connection, shared, unit)).instrument(span));
            }
            // When the writer is gone the unit is dropped, and its caller is told so.
            Self::Grouped(queue) => drop(queue.send(unit).await),
        }
    }
}

/// One unit in one transaction.
async fn alone(connection: DatabaseConnection, shared: Arc<Shared>, mut unit: Box<dyn Unit>) {
    let outcome = async {
        let inner = connection.begin().await?;
        let mut tx = Tx::new(inner, shared.clone());
        if unit.run(&mut tx).await == Verdict::Keep {
            let changes = tx.changes().await?;
            failpoint::reach("alone");
            tx.inner.commit().await?;
            failpoint::reach("alone committed");
            shared.tell(&changes);
        } else {
            tx.inner.rollback().await?;
        }
        Ok(())
    };
    let outcome = outcome.await;
    unit.answer(outcome);
}

/// The task that writes to a SQLite file.
struct Group {
    file: SqliteFile,
    connection: Option<DatabaseConnection>,
    shared: Arc<Shared>,
    broken: CancellationToken,
}

impl Group {
    async fn serve(mut self, mut queue: mpsc::Receiver<Box<dyn Unit>>) {
        let mut units = Vec::with_capacity(GROUP_MAX);
        while queue.recv_many(&mut units, GROUP_MAX).await > 0 {
            let outcome = if self.broken.is_cancelled() {
                Err(StoreError::Lost)
            } else {
                let span = tracing::debug_span!("store.write", units = units.len());
                self.carry_out(&mut units).instrument(span).await
            };
            match outcome {
                Ok(changes) => {
                    changes.iter().for_each(|changes| self.shared.tell(changes));
                    units.drain(..).for_each(|unit| unit.answer(Ok(())));
                }
                Err(error) => {
                    tracing::error!(%error, units = units.len(), "a group of writes was lost");
                    units.drain(..).for_each(|unit| unit.answer(Err(StoreError::Lost)));
                    self.reopen().await;
                }
            }
        }
    }

    /// Runs the units in one transaction and answers what they changed.
    async fn carry_out(&mut self, units: &mut [Box<dyn Unit>]) -> Result<Vec<Changes>, StoreError> {
        if self.connection.is_none() {
            self.connection = Some(self.file.connect_writer().await?);
        }
        let connection = self.connection.as_ref().ok_or(StoreError::Lost)?;
        let transaction = begin(connection).await?;
        let mut changes = Vec::with_capacity(units.len());
        for unit in units {
            changes.extend(member(&transaction, self.shared.clone(), unit).await?);
        }
        failpoint::reach("group");
        if let Err(error) = transaction.commit().await {
            let error = StoreError::from(error);
            if error.is_disk_failure() {
                // After a failed fsync nobody knows what is on the disk, and asking again may lie.
                tracing::error!(%error, "the disk failed under a commit; nothing is written any more");
                self.broken.cancel();
            }
            return Err(error);
        }
        failpoint::reach("group committed");
        Ok(changes)
    }

    /// Gives the connection up, with whatever transaction it may be left in.
    async fn reopen(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the writing connection did not close");
        }
    }
}

/// Begins to write as soon as no other process does. SQLite looks again after ever longer pauses, and so may
/// never meet a moment between the groups of a busy server; beginning anew, the pauses are short again.
async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let until = Instant::now() + BUSY_PATIENCE;
    loop {
        // An upgrade from reading to writing fails on SQLite without waiting, so write from the start.
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        match connection.begin_with_options(immediate).await.map_err(StoreError::from) {
            Err(error) if error.is_busy() && Instant::now() < until => {}
            begun => return begun,
        }
    }
}

/// One unit in a savepoint of the group's transaction.
async fn member(
    transaction: &DatabaseTransaction,
    shared: Arc<Shared>,
    unit: &mut Box<dyn Unit>,
) -> Result<Option<Changes>, StoreError> {
    let mut tx = Tx::new(transaction.begin().await?, shared);
    match unit.run(&mut tx).await {
        Verdict::Keep => {
            let changes = tx.changes().await?;
            tx.inner.commit().await?;
            Ok(Some(changes))
        }
        Verdict::Undo => {
            tx.inner.rollback().await?;
            Ok(None)
        }
        Verdict::Lost => Err(StoreError::Lost),
    }
}

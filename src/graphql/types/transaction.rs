//! Transactions: movements on an account, never changed once posted.

use async_graphql::{Context, ID, Object};

use super::codes::{CostSource, TaskType, TransactionKind};
use super::key::RecycledKey;
use crate::domain::{self, TransferKind};
use crate::graphql::error::Result;
use crate::graphql::ids::{CursorScope, ListKind};
use crate::graphql::page::{List, connection};
use crate::graphql::scalars::{DateTime, Usd};
use crate::graphql::{loaders, services};
use crate::store::{Page, PageRequest, Store, StoreError, TransferList};

/// A movement on an account.
#[derive(Clone)]
pub(crate) struct Transaction(pub(crate) domain::Transfer);

/// A movement on an account, never changed once posted.
#[Object]
impl Transaction {
    /// Opaque id of the transaction.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.id))
    }

    /// What kind of movement it is.
    async fn kind(&self) -> TransactionKind {
        self.0.kind.into()
    }

    /// Signed from the account's side: positive adds credits; all amounts add up to the balance.
    async fn amount(&self) -> Usd {
        self.0.amount.into()
    }

    /// The account's balance right after it.
    async fn balance_after(&self) -> Usd {
        self.0.balance_after.into()
    }

    /// When it was posted.
    async fn posted_at(&self) -> DateTime {
        self.0.posted_at.into()
    }

    /// The key that caused it, for recycling kinds.
    async fn key(&self, ctx: &Context<'_>) -> Result<Option<RecycledKey>> {
        let Some(key) = self.0.key else { return Ok(None) };
        Ok(Some(RecycledKey(loaders(ctx)?.key(key).await?)))
    }

    /// The kind of task that was solved, for recycling kinds.
    async fn task_type(&self) -> Option<TaskType> {
        self.0.task_type.map(Into::into)
    }

    /// How the amount was learnt, for recycling kinds.
    async fn cost_source(&self) -> Option<CostSource> {
        self.0.cost_source.map(Into::into)
    }

    /// Whether an ADJUSTMENT may still lower the amount.
    async fn provisional(&self) -> bool {
        self.0.provisional
    }

    /// The transaction that this one corrects or reverses.
    async fn corrects(&self, ctx: &Context<'_>) -> Result<Option<Transaction>> {
        let Some(corrected) = self.0.corrects else { return Ok(None) };
        Ok(Some(Transaction(loaders(ctx)?.transfer(corrected).await?)))
    }

    /// Later transactions that correct or reverse this one.
    async fn corrections(&self, ctx: &Context<'_>) -> Result<Vec<Transaction>> {
        let corrections = loaders(ctx)?.corrections(self.0.id).await?;
        Ok(corrections.into_iter().map(Transaction).collect())
    }

    /// Words given with a deposit, reversal or adjustment.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

/// Transfers of an account or of a key, of some kinds.
pub(crate) struct TransferRows {
    list: TransferList,
    kinds: Option<Vec<TransferKind>>,
}

impl TransferRows {
    pub(crate) fn new(list: TransferList, kinds: Option<Vec<TransactionKind>>) -> Self {
        Self { list, kinds: kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()) }
    }
}

impl List for TransferRows {
    type Row = domain::Transfer;
    type Position = i64;

    fn scope(&self) -> CursorScope {
        match self.list {
            TransferList::Account(account) => CursorScope { kind: ListKind::AccountTransfers, of: account.0 },
            TransferList::Key(key) => CursorScope { kind: ListKind::KeyTransfers, of: key.0 },
        }
    }

    fn position(row: &domain::Transfer) -> i64 {
        row.seq
    }

    async fn page(&self, store: &Store, request: PageRequest<i64>) -> Result<Page<domain::Transfer>, StoreError> {
        store.transfer_page(self.list, self.kinds.as_deref(), request).await
    }

    async fn count(&self, store: &Store) -> Result<u64, StoreError> {
        store.transfer_count(self.list, self.kinds.as_deref()).await
    }
}

connection! {
    /// A page of transactions.
    TransactionConnection(TransferRows => Transaction) {
        /// The transactions with their cursors.
        edges,
        /// The transactions alone.
        nodes,
        /// Number of transactions in the whole list, counted only when asked.
        total_count,
    }
    /// A transaction in a page.
    TransactionEdge {
        /// Position of this transaction.
        cursor,
        /// The transaction.
        node,
    }
}

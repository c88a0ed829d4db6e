//! Transfers. Whether one is provisional is looked up beside it.

use std::collections::HashSet;

use entity::{audit_log, provisional_credit, transfer};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::page::fetch;
use super::{Page, PageRequest, codes};
use crate::domain::audit::SHORTFALL;
use crate::domain::{AccountId, Actor, KeyId, Scope, Transfer, TransferId, TransferKind};
use crate::store::{Store, StoreError, rows};

/// Whose transfers.
#[derive(Clone, Copy, Debug)]
pub enum TransferList {
    /// Those of an account.
    Account(AccountId),
    /// Those that a key caused.
    Key(KeyId),
}

impl Store {
    /// A transfer that the actor may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn transfer(&self, actor: &Actor, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        let found = self.transfers_by_ids(&[id]).await?.pop();
        let may_see_all = actor.may(Scope::Operate) || actor.may(Scope::Billing);
        Ok(found.filter(|transfer| may_see_all || actor.account() == Some(transfer.account)))
    }

    /// Transfers by id, in any order; for loaders whose ids come from rows the caller may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn transfers_by_ids(&self, ids: &[TransferId]) -> Result<Vec<Transfer>, StoreError> {
        let ids = ids.iter().map(|id| id.0);
        let found = transfer::Entity::find().filter(transfer::Column::Id.is_in(ids)).all(&self.inner.reader).await?;
        self.with_provisional(found).await
    }

    /// Transfers that correct or reverse one of those given, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn corrections_of(&self, ids: &[TransferId]) -> Result<Vec<Transfer>, StoreError> {
        let ids = ids.iter().map(|id| id.0);
        let found = transfer::Entity::find()
            .filter(transfer::Column::CorrectsTransferId.is_in(ids))
            .order_by_asc(transfer::Column::Seq)
            .all(&self.inner.reader)
            .await?;
        self.with_provisional(found).await
    }

    /// A page of a list of transfers, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn transfer_page(
        &self,
        list: TransferList,
        kinds: Option<&[TransferKind]>,
        page: PageRequest<i64>,
    ) -> Result<Page<Transfer>, StoreError> {
        let found = fetch(&self.inner.reader, select(list, kinds), transfer::Column::Seq, page).await?;
        let (has_next, has_previous) = (found.has_next, found.has_previous);
        Ok(Page { items: self.with_provisional(found.items).await?, has_next, has_previous })
    }

    /// How many transfers the list has.
    ///
    /// # Errors
    /// The database fails.
    pub async fn transfer_count(&self, list: TransferList, kinds: Option<&[TransferKind]>) -> Result<u64, StoreError> {
        Ok(select(list, kinds).count(&self.inner.reader).await?)
    }

    /// Credits of a key before a position in its owner's ledger that nobody has reversed and for which
    /// the actor has found no shortfall yet, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn standing_credits(
        &self,
        key: KeyId,
        actor: &str,
        before: i64,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        use transfer::Column as C;
        let mut reversed = Query::select();
        reversed
            .column(C::CorrectsTransferId)
            .from(transfer::Entity)
            .and_where(C::KeyId.eq(key.0))
            .and_where(C::Kind.eq(TransferKind::RecycleReversal.as_str()));
        let mut missed = Query::select();
        missed
            .column(audit_log::Column::TargetId)
            .from(audit_log::Entity)
            .and_where(audit_log::Column::Action.eq(SHORTFALL))
            .and_where(audit_log::Column::Actor.eq(actor))
            .and_where(audit_log::Column::TargetId.is_not_null());
        let found = transfer::Entity::find()
            .filter(C::KeyId.eq(key.0))
            .filter(C::Kind.eq(TransferKind::RecycleCredit.as_str()))
            .filter(C::Seq.lt(before))
            .filter(C::Id.not_in_subquery(reversed))
            .filter(C::Id.not_in_subquery(missed))
            .order_by_desc(C::Seq)
            .limit(limit)
            .all(&self.inner.reader)
            .await?;
        self.with_provisional(found).await
    }

    async fn with_provisional(&self, found: Vec<transfer::Model>) -> Result<Vec<Transfer>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let ids = found.iter().map(|row| row.id);
        let provisional: HashSet<Uuid> = provisional_credit::Entity::find()
            .filter(provisional_credit::Column::TransferId.is_in(ids))
            .all(&self.inner.reader)
            .await?
            .into_iter()
            .map(|row| row.transfer_id)
            .collect();
        let convert = |row: transfer::Model| {
            let is_provisional = provisional.contains(&row.id);
            rows::transfer(row, is_provisional)
        };
        found.into_iter().map(convert).collect()
    }
}

fn select(list: TransferList, kinds: Option<&[TransferKind]>) -> Select<transfer::Entity> {
    let query = match list {
        TransferList::Account(account) => transfer::Entity::find().filter(transfer::Column::AccountId.eq(account.0)),
        TransferList::Key(key) => transfer::Entity::find().filter(transfer::Column::KeyId.eq(key.0)),
    };
    match codes(kinds, TransferKind::as_str) {
        Some(kinds) => query.filter(transfer::Column::Kind.is_in(kinds)),
        None => query,
    }
}

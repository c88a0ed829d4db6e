//! The audit log.

use entity::audit_log;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Select};
use uuid::Uuid;

use super::page::fetch;
use super::{Page, PageRequest};
use crate::domain::audit::AuditEntry;
use crate::domain::{Actor, AuditId, Scope};
use crate::store::{Store, StoreError, rows};

/// Beginnings of the actions that are about money, which billing may read.
const MONEY_ACTIONS: [&str; 4] = ["credit.", "refund.", "attempt.late_drift", "attempt.resolved"];

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only entries about this object.
    pub target: Option<Uuid>,
    /// Only these actions.
    pub actions: Option<Vec<String>>,
    /// Only entries about money.
    pub money_only: bool,
}

impl Store {
    /// An entry that the actor may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit_entry(&self, actor: &Actor, id: AuditId) -> Result<Option<AuditEntry>, StoreError> {
        let found = audit_log::Entity::find_by_id(id.0).one(&self.inner.reader).await?;
        let entry = found.map(rows::audit_entry).transpose()?;
        let is_about_money =
            |entry: &AuditEntry| MONEY_ACTIONS.iter().any(|beginning| entry.action.starts_with(beginning));
        Ok(entry.filter(|entry| actor.may(Scope::Operate) || (actor.may(Scope::Billing) && is_about_money(entry))))
    }

    /// A page of entries, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        page: PageRequest<AuditId>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        fetch(&self.inner.reader, select(filter), audit_log::Column::Id, page).await?.try_map(rows::audit_entry)
    }

    /// How many entries the filter lets through.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit_count(&self, filter: &AuditFilter) -> Result<u64, StoreError> {
        Ok(select(filter).count(&self.inner.reader).await?)
    }
}

fn select(filter: &AuditFilter) -> Select<audit_log::Entity> {
    use sea_orm::sea_query::Condition;
    let mut query = audit_log::Entity::find();
    if let Some(target) = filter.target {
        query = query.filter(audit_log::Column::TargetId.eq(target));
    }
    if let Some(actions) = &filter.actions {
        query = query.filter(audit_log::Column::Action.is_in(actions));
    }
    if filter.money_only {
        let about_money = MONEY_ACTIONS
            .iter()
            .fold(Condition::any(), |any, beginning| any.add(audit_log::Column::Action.starts_with(*beginning)));
        query = query.filter(about_money);
    }
    query
}

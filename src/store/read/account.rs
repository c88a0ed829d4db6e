//! Accounts.

use entity::account;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::all;
use crate::domain::{Account, AccountId, AccountRef, Actor, Scope};
use crate::store::{Store, StoreError, rows};

impl Store {
    /// An account that the actor may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn account(&self, actor: &Actor, account: AccountRef) -> Result<Option<Account>, StoreError> {
        let found = self.account_by_ref(account).await?;
        let may_see_all = actor.may(Scope::Operate) || actor.may(Scope::Billing);
        Ok(found.filter(|account| may_see_all || actor.account() == Some(account.id)))
    }

    /// An account by either identity; for use cases that name it on behalf of a service.
    ///
    /// # Errors
    /// The database fails.
    pub async fn account_by_ref(&self, account: AccountRef) -> Result<Option<Account>, StoreError> {
        let query = match account {
            AccountRef::Id(id) => account::Entity::find_by_id(id.0),
            AccountRef::Telegram(user) => account::Entity::find().filter(account::Column::TelegramUserId.eq(user)),
        };
        query.one(&self.inner.reader).await?.map(rows::account).transpose()
    }

    /// Accounts by id, in any order; for loaders whose ids come from rows the caller may see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn accounts_by_ids(&self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        let ids = ids.iter().map(|id| id.0);
        let query = account::Entity::find().filter(account::Column::Id.is_in(ids));
        all(query.all(&self.inner.reader).await?, rows::account)
    }
}

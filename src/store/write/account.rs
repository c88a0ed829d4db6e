//! Accounts: made at the first login or deposit, locked before their ledger moves.

use entity::account;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::domain::{Account, AccountId, AccountKind, AccountRef, Timestamp};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// The account, locked until the transaction ends.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_account(&mut self, account: AccountRef) -> Result<Option<Account>, StoreError> {
        let query = match account {
            AccountRef::Id(id) => account::Entity::find_by_id(id.0),
            AccountRef::Telegram(user) => account::Entity::find().filter(account::Column::TelegramUserId.eq(user)),
        };
        query.lock(super::ROW_LOCK).one(&self.inner).await?.map(rows::account).transpose()
    }

    /// Makes the account of a Telegram user unless there is one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn make_owner_account(&mut self, telegram_user_id: i64) -> Result<(), StoreError> {
        let row = account::ActiveModel {
            id: Set(AccountId::generate(self.clock(), self.entropy()).0),
            kind: Set(AccountKind::Owner.as_str().to_owned()),
            telegram_user_id: Set(Some(telegram_user_id)),
            balance_nano: Set(0),
            credited_nano: Set(0),
            event_seq: Set(0),
            ledger_seq: Set(0),
            ledger_hash: Set(Vec::new()),
            frozen_at: Set(None),
            created_at: Set(self.now.micros()),
        };
        let insert = account::Entity::insert(row).on_conflict_do_nothing_on([account::Column::TelegramUserId]);
        insert.exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// Stops or admits submissions and spending of a locked account.
    ///
    /// # Errors
    /// The database fails.
    pub async fn save_frozen(&mut self, id: AccountId, since: Option<Timestamp>) -> Result<(), StoreError> {
        let since = since.map(Timestamp::micros);
        let row = account::ActiveModel { id: Set(id.0), frozen_at: Set(since), ..Default::default() };
        account::Entity::update(row).exec(&self.inner).await?;
        Ok(())
    }

    /// Writes the ledger's figures of a locked account.
    ///
    /// # Errors
    /// The database fails, or the balance would fall below zero.
    pub async fn save_ledger_state(&mut self, account: &Account) -> Result<(), StoreError> {
        let row = account::ActiveModel {
            id: Set(account.id.0),
            balance_nano: Set(account.balance.nanos()),
            credited_nano: Set(account.credited.nanos()),
            ledger_seq: Set(account.ledger_seq),
            ledger_hash: Set(account.ledger_hash.clone()),
            ..Default::default()
        };
        account::Entity::update(row).exec(&self.inner).await?;
        Ok(())
    }
}

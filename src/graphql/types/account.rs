//! Accounts, and the two identities by which a service names one.

use async_graphql::{Context, ID, Object, OneofObject};

use super::codes::{KeyStatus, ProviderCode, TransactionKind};
use super::key::{KeyRows, RecycledKeyConnection};
use super::transaction::{TransactionConnection, TransferRows};
use crate::domain::{self, AccountRef};
use crate::graphql::error::Result;
use crate::graphql::ids::{CursorScope, OpaqueIds};
use crate::graphql::page::{PageArguments, Slice};
use crate::graphql::scalars::Usd;
use crate::graphql::{page, services};
use crate::store::{KeyList, TransferList};

/// An owner's side of the ledger, as its row was read: what hangs below it is read later.
pub(crate) struct Account(pub(crate) domain::Account);

/// An owner's side of the ledger: credits, keys and history.
#[Object]
impl Account {
    /// Opaque id of the account.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.id))
    }

    /// Telegram's id of the owner; null for the platform's own account.
    async fn telegram_user_id(&self) -> Option<ID> {
        self.0.telegram_user_id.map(ID::from)
    }

    /// Credits that can be spent now.
    async fn balance(&self) -> Usd {
        self.0.balance.into()
    }

    /// Credits earned by recycled keys so far, less reversals.
    async fn credited(&self) -> Usd {
        self.0.credited.into()
    }

    /// Whether an operator has stopped submissions and spending.
    async fn frozen(&self) -> bool {
        self.0.frozen_at.is_some()
    }

    /// Keys of this account, newest first.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these statuses.")] statuses: Option<Vec<KeyStatus>>,
        #[graphql(desc = "Only these providers.")] providers: Option<Vec<ProviderCode>>,
        #[graphql(desc = "Page size from the start, 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor to continue after.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor to continue before.")] before: Option<String>,
    ) -> Result<RecycledKeyConnection> {
        let list = KeyRows::new(KeyList::Account(self.0.id), statuses, providers);
        let arguments = PageArguments { first, after, last, before };
        Ok(RecycledKeyConnection(Slice::read(services(ctx)?, list, arguments).await?))
    }

    /// Transactions of this account, newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these kinds.")] kinds: Option<Vec<TransactionKind>>,
        #[graphql(desc = "Page size from the start, 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor to continue after.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor to continue before.")] before: Option<String>,
    ) -> Result<TransactionConnection> {
        let list = TransferRows::new(TransferList::Account(self.0.id), kinds);
        let arguments = PageArguments { first, after, last, before };
        Ok(TransactionConnection(Slice::read(services(ctx)?, list, arguments).await?))
    }

    /// Cursor to hand to accountEvents, never newer than the other fields of this answer.
    async fn event_cursor(&self, ctx: &Context<'_>) -> Result<String> {
        // The number came with the row itself, which was read before anything below it.
        Ok(services(ctx)?.ids.cursor(CursorScope::events_of(self.0.id), self.0.event_seq))
    }
}

/// One of an account's two identities.
#[derive(OneofObject)]
pub(crate) enum AccountRefInput {
    /// The opaque id of the account.
    Id(ID),
    /// Telegram's id of the owner.
    TelegramUserId(ID),
}

impl AccountRefInput {
    /// The account meant; `None` when the text is no identity, which is answered as a missing account.
    pub(crate) fn resolve(&self, ids: &OpaqueIds) -> Option<AccountRef> {
        match self {
            Self::Id(id) => ids.open(id).map(AccountRef::Id),
            Self::TelegramUserId(id) => telegram_user(id).map(AccountRef::Telegram),
        }
    }
}

/// Reads Telegram's id of a user: a positive number in its one decimal spelling.
fn telegram_user(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::telegram_user;

    #[test]
    fn telegram_ids_have_one_spelling() {
        assert_eq!(telegram_user("5000000001"), Some(5_000_000_001));
        for bad in ["", "0", "-5", "+5", "05", "5 ", "5.0", "99999999999999999999", "ada"] {
            assert_eq!(telegram_user(bad), None, "{bad}");
        }
    }
}

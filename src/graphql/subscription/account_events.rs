//! `accountEvents`: every change of the owner's account, once and in order.

use async_graphql::{Context, Subscription};
use futures_util::{Stream, StreamExt as _};

use super::until_error;
use crate::domain::clock::SharedClock;
use crate::domain::event::{Event, EventBody};
use crate::domain::{AccountId, AccountRef, Actor, Timestamp, TransferId};
use crate::graphql::caller::{Admits, owner, shown_to};
use crate::graphql::error::{ApiError, Result};
use crate::graphql::ids::{CursorScope, OpaqueIds};
use crate::graphql::services;
use crate::graphql::types::account::Account;
use crate::graphql::types::event::{AccountEvent, AccountSnapshot, KeyChanged, Stamp, TransactionPosted};
use crate::graphql::types::key::RecycledKey;
use crate::graphql::types::transaction::Transaction;
use crate::live::Feed;
use crate::store::Store;

#[derive(Default)]
pub(super) struct AccountEvents;

#[Subscription]
impl AccountEvents {
    /// Owners: every change of the account once and in order, resumed after a cursor or begun with a snapshot.
    #[graphql(guard = "Admits::Owners", visible = "shown_to::owners")]
    async fn account_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the last event seen; without it the stream begins with a snapshot.")] after: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = Result<AccountEvent>>> {
        let (account, services) = (owner(ctx)?, services(ctx)?);
        let scope = CursorScope::events_of(account);
        let after = after.map(|text| services.ids.position(scope, &text).ok_or(ApiError::bad_input())).transpose()?;
        let reads = Reads { store: services.store.clone(), clock: services.clock.clone(), ids: services.ids.clone() };
        let feed = services.live.feed(account, after);
        Ok(until_error(feed.then(move |item| {
            let reads = reads.clone();
            async move { reads.account_event(account, item?).await }
        })))
    }
}

/// What a stream goes on reading with after the request that began it.
#[derive(Clone)]
struct Reads {
    store: Store,
    clock: SharedClock,
    ids: OpaqueIds,
}

impl Reads {
    async fn account_event(&self, account: AccountId, item: Feed) -> Result<AccountEvent> {
        match item {
            Feed::Snapshot { missed, seq } => self.snapshot(account, missed, seq).await.map(Into::into),
            Feed::Event(event) => self.event(event).await,
        }
    }

    async fn snapshot(&self, id: AccountId, missed_events: bool, seq: i64) -> Result<AccountSnapshot> {
        let stamp = self.stamp(id, seq, self.clock.now());
        let found = self.store.account(&Actor::Owner(id), AccountRef::Id(id)).await?;
        let account = found.ok_or_else(|| ApiError::broken("a stream is of no account"))?;
        Ok(AccountSnapshot { stamp, missed_events, account: Account(account) })
    }

    async fn event(&self, event: Event) -> Result<AccountEvent> {
        let stamp = self.stamp(event.account, event.seq, event.occurred_at);
        Ok(match event.body {
            EventBody::KeyChanged(key) => KeyChanged { stamp, key: Box::new(RecycledKey(*key)) }.into(),
            EventBody::TransactionPosted(id) => {
                TransactionPosted { stamp, transaction: self.transaction(id).await? }.into()
            }
        })
    }

    async fn transaction(&self, id: TransferId) -> Result<Transaction> {
        let found = self.store.transfers_by_ids(&[id]).await?.pop();
        found.map(Transaction).ok_or_else(|| ApiError::broken("an event tells of no transfer"))
    }

    fn stamp(&self, account: AccountId, seq: i64, at: Timestamp) -> Stamp {
        Stamp { cursor: self.ids.cursor(CursorScope::events_of(account), seq), occurred_at: at.into() }
    }
}

//! Live streams of accounts: who listens, and what each listener still has to see.
//!
//! The rows of the outbox are the truth; a wake-up only says that it is worth looking. Wake-ups come
//! from this process's commits and, for those of other processes, from one query a second over the
//! accounts that are listened to. A listener that was away resumes after its last event.

mod feed;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::AccountId;
use crate::store::{Changes, Observer, Store, StoreError};

pub use feed::Feed;

/// The listeners of this process.
pub struct Live {
    store: Store,
    topics: Mutex<HashMap<AccountId, watch::Sender<i64>>>,
}

impl Live {
    /// Live streams over the database.
    #[must_use]
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(Self { store, topics: Mutex::default() })
    }

    /// Looks for events that other processes committed, with one query for all listeners, and
    /// forgets accounts that nobody listens to any more.
    ///
    /// # Errors
    /// The database fails.
    pub async fn follow(&self) -> Result<(), StoreError> {
        let listened: Vec<AccountId> = {
            let mut topics = self.topics();
            topics.retain(|_, topic| topic.receiver_count() > 0);
            topics.keys().copied().collect()
        };
        if listened.is_empty() {
            return Ok(());
        }
        for account in self.store.accounts_by_ids(&listened).await? {
            self.wake(account.id, account.event_seq);
        }
        Ok(())
    }

    fn wake(&self, account: AccountId, seq: i64) {
        if let Some(topic) = self.topics().get(&account) {
            topic.send_if_modified(|newest| {
                let is_newer = seq > *newest;
                *newest = seq.max(*newest);
                is_newer
            });
        }
    }

    /// A receiver that is woken when the account's newest sequence number grows.
    fn listen(&self, account: AccountId) -> watch::Receiver<i64> {
        self.topics().entry(account).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<AccountId, watch::Sender<i64>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Live {
    fn committed(&self, changes: &Changes) {
        for (account, seq) in &changes.accounts {
            self.wake(*account, *seq);
        }
    }
}

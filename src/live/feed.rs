//! One listener's stream: a snapshot where it has to begin anew, then each event once, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::Live;
use crate::domain::AccountId;
use crate::domain::event::Event;
use crate::store::StoreError;

/// Events that are fetched at once.
const BATCH: u64 = 100;

/// What a listener gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The account has to be read anew; events follow after this sequence number.
    Snapshot {
        /// Whether events were missed since the cursor given.
        missed: bool,
        /// Sequence number of the newest event before the snapshot is read.
        seq: i64,
    },
    /// The next event.
    Event(Event),
}

/// Where a listener stands.
enum Place {
    /// It has seen nothing, or what the client remembers.
    Start(Option<i64>),
    /// It has seen everything up to this sequence number.
    After(i64),
}

struct Listener {
    live: Arc<Live>,
    account: AccountId,
    place: Place,
    fetched: VecDeque<Event>,
    news: watch::Receiver<i64>,
}

impl Live {
    /// The account's stream after a sequence number, or from a snapshot on.
    ///
    /// A number that can no longer be replayed, because its successors are gone or it was never
    /// given out, begins with a snapshot that says so. The stream ends after an error.
    pub fn feed(
        self: &Arc<Self>,
        account: AccountId,
        after: Option<i64>,
    ) -> impl Stream<Item = Result<Feed, StoreError>> + Send + use<> {
        let listener = Listener {
            live: self.clone(),
            account,
            place: Place::Start(after),
            fetched: VecDeque::new(),
            // Listening begins before anything is read, so that nothing falls in between.
            news: self.listen(account),
        };
        unfold(Some(listener), |listener| async {
            let mut listener = listener?;
            match listener.next().await {
                Ok(feed) => Some((Ok(feed), Some(listener))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

impl Listener {
    async fn next(&mut self) -> Result<Feed, StoreError> {
        if let Place::Start(after) = self.place {
            let snapshot = self.start(after).await?;
            if let Some(snapshot) = snapshot {
                return Ok(snapshot);
            }
        }
        loop {
            if let Some(event) = self.fetched.pop_front() {
                self.place = Place::After(event.seq);
                return Ok(Feed::Event(event));
            }
            // Marked as seen before the rows are read: what comes later wakes again.
            self.news.mark_unchanged();
            let Place::After(seq) = self.place else { return Err(StoreError::Stale) };
            self.fetched = self.live.store.events_after(self.account, seq, BATCH).await?.into();
            if let Some(first) = self.fetched.front()
                && first.seq != seq + 1
            {
                // The events in between were deleted while this listener slept.
                self.fetched.clear();
                return self.snapshot(true).await;
            }
            // The sender lives in `live`, which this listener holds, so waiting cannot fail.
            if self.fetched.is_empty() && self.news.changed().await.is_err() {
                return Err(StoreError::Stale);
            }
        }
    }

    /// Finds the place to begin at; answers a snapshot when it has to begin anew.
    async fn start(&mut self, after: Option<i64>) -> Result<Option<Feed>, StoreError> {
        let Some(after) = after else { return self.snapshot(false).await.map(Some) };
        let newest = self.newest().await?;
        let oldest = self.live.store.oldest_event(self.account).await?;
        let replayable = after == newest || (after < newest && oldest.is_some_and(|oldest| after + 1 >= oldest));
        if !replayable {
            return self.snapshot(true).await.map(Some);
        }
        self.place = Place::After(after);
        Ok(None)
    }

    async fn snapshot(&mut self, missed: bool) -> Result<Feed, StoreError> {
        let seq = self.newest().await?;
        self.place = Place::After(seq);
        Ok(Feed::Snapshot { missed, seq })
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        let account = self.live.store.accounts_by_ids(&[self.account]).await?.pop();
        account.map(|account| account.event_seq).ok_or(StoreError::Stale)
    }
}

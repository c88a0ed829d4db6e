//! The subscription root: an account's events, and the state of the pool.

mod account_events;
mod pool_updates;

use async_graphql::MergedSubscription;
use futures_util::{Stream, StreamExt as _, future};

use super::error::Result;

/// Subscriptions: live streams over graphql-transport-ws.
#[derive(Default, MergedSubscription)]
pub struct Subscription(account_events::AccountEvents, pool_updates::PoolUpdates);

/// Ends the stream with its first error: what follows a gap would not be in order.
fn until_error<T>(stream: impl Stream<Item = Result<T>>) -> impl Stream<Item = Result<T>> {
    stream.scan(false, |failed, item| {
        let before = std::mem::replace(failed, item.is_err());
        future::ready((!before).then_some(item))
    })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::graphql::error::ApiError;

    #[tokio::test]
    async fn nothing_follows_an_error() {
        let items = stream::iter([Ok(1), Ok(2), Err(ApiError::bad_input()), Ok(3)]);
        let seen: Vec<Option<i32>> = until_error(items).map(|item| item.ok()).collect().await;
        assert_eq!(seen, [Some(1), Some(2), None]);
    }
}

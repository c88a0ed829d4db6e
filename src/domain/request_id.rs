//! Which request code runs for, so that what it leaves on record can name it.

use std::sync::Arc;

tokio::task_local! {
    static REQUEST: Arc<str>;
}

/// Runs the future for the request of this id. Tasks that it spawns do not run for it.
pub async fn within<F: Future>(id: &str, inside: F) -> F::Output {
    REQUEST.scope(id.into(), inside).await
}

/// Runs the future for the same request as another task did, if that ran for one.
pub async fn within_same<F: Future>(request: Option<Arc<str>>, inside: F) -> F::Output {
    match request {
        Some(id) => REQUEST.scope(id, inside).await,
        None => inside.await,
    }
}

/// Id of the request that the current task runs for.
#[must_use]
pub fn current() -> Option<Arc<str>> {
    REQUEST.try_with(Arc::clone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_known_inside_and_handed_on_by_name() {
        assert_eq!(current(), None);
        let seen = within("r-1", async { current() }).await;
        assert_eq!(seen.as_deref(), Some("r-1"));
        let handed_on = tokio::spawn(within_same(seen, async { current() })).await.expect("it ends");
        assert_eq!(handed_on.as_deref(), Some("r-1"));
        assert_eq!(within_same(None, async { current() }).await, None);
        assert_eq!(current(), None, "it ends with the future");
    }
}

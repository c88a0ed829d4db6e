//! Marks code that runs inside a transaction, so that the transport can refuse to send there.
//!
//! A network call inside a transaction would hold locks for as long as a stranger likes, and would
//! happen although the transaction may still be rolled back.

tokio::task_local! {
    static IN_TRANSACTION: ();
}

/// Runs the future as the inside of a transaction.
pub async fn transaction<F: Future>(inside: F) -> F::Output {
    IN_TRANSACTION.scope((), inside).await
}

/// Whether the current task is inside a transaction.
#[must_use]
pub fn in_transaction() -> bool {
    IN_TRANSACTION.try_with(|()| ()).is_ok()
}

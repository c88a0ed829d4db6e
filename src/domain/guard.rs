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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_runs_inside_knows_itself_inside() {
        assert!(!in_transaction());
        assert!(transaction(async { in_transaction() }).await);
        assert!(!in_transaction(), "it ends with the future");
        let elsewhere = transaction(async { tokio::spawn(async { in_transaction() }).await });
        assert!(!elsewhere.await.expect("it ends"), "another task is not inside");
    }
}

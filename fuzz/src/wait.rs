//! Waiting for what never really waits.

use std::future::Future;

/// The outcome of a future that does no I/O.
pub fn wait_for<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().build().expect("it needs nothing of the system");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

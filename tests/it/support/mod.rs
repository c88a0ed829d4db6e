//! What every test starts from: a server, a sandbox, callers, and ways to wait.

pub(crate) mod caller;
pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod draw;
pub(crate) mod gateway;
pub(crate) mod keys;
pub(crate) mod plan;
pub(crate) mod sandbox;
pub(crate) mod scene;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod solving;
pub(crate) mod sql;
pub(crate) mod statements;
pub(crate) mod wait;
pub(crate) mod wiretap;

pub(crate) use caller::Caller;
pub(crate) use database::Database;
pub(crate) use plan::Plan;
pub(crate) use sandbox::Providers;
pub(crate) use scene::Scene;
pub(crate) use server::Server;
pub(crate) use wait::eventually;

/// Declares tests that run on both databases: `on_both_databases! { async fn name(database) { … } }`.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:literal])* async fn $name:ident($database:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn body($database: $crate::support::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::support::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::support::Database::postgres().await).await;
            }
        }
    )*};
}

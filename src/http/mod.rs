//! The doors: the public listener with the GraphQL API and its tools, the admin listener beside it.
//!
//! Signing in happens here and nowhere else: an `Authorization` header, or the payload of
//! `connection_init`, becomes the [`Caller`](crate::graphql::Caller) of a request or a socket.
//! What a caller may do, and how an answer looks, is decided in `graphql`. Nothing of a request's
//! body is ever logged.

mod admin;
mod answer;
mod around;
mod endpoint;
mod login;
mod media;
mod pages;
mod quota;
mod request;
mod socket;
mod strangers;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::compression::CompressionLayer;

pub use self::admin::{NotReady, admin_router};
use self::pages::{graphiql, miniapp};
use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::graphql::Api;
use crate::identity::Identity;

/// Limits and switches of the public listener, filled by the composition root.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Origin of the public listener as browsers write it, without a slash at the end.
    pub public_origin: String,
    /// Whether GraphiQL is served.
    pub graphiql: bool,
    /// Longest request body, and longest message on a socket, in bytes.
    pub body_bytes_max: usize,
    /// Longest time for a request's body to arrive.
    pub body_within: Duration,
    /// Longest time for one answer; streams are exempt.
    pub answer_within: Duration,
    /// Longest time from the upgrade of a socket to its login, and for one message to be taken.
    pub socket_patience: Duration,
    /// Most sockets that an owner has open at once.
    pub sockets_per_owner: usize,
    /// Most operations that run at once on one socket.
    pub operations_per_socket: usize,
    /// Most requests and sockets without a good login from one address in a minute.
    pub unauthenticated_per_minute: u32,
}

/// What the public listener works with.
#[derive(Clone)]
pub struct HttpState {
    inner: Arc<Inner>,
}

struct Inner {
    api: Api,
    identity: Arc<Identity>,
    clock: SharedClock,
    entropy: SharedEntropy,
    settings: Settings,
    ending: Ending,
    sockets: Arc<quota::Sockets>,
    strangers: strangers::Strangers,
    miniapp_policy: HeaderValue,
}

/// How the sockets of a server come to their end.
#[derive(Clone)]
pub struct Ending {
    /// Cancelled when the server ends: every socket is closed.
    pub stop: CancellationToken,
    /// Keeps count of the sockets, so that the server can wait for their closing.
    pub tasks: TaskTracker,
}

impl HttpState {
    /// The state over the schema and the logins.
    #[must_use]
    pub fn new(
        api: Api,
        identity: Arc<Identity>,
        clock: SharedClock,
        entropy: SharedEntropy,
        settings: Settings,
        ending: Ending,
    ) -> Self {
        let miniapp_policy = miniapp::policy(&settings.public_origin);
        let strangers = strangers::Strangers::new(settings.unauthenticated_per_minute);
        let sockets = Arc::default();
        Self {
            inner: Arc::new(Inner {
                api,
                identity,
                clock,
                entropy,
                settings,
                ending,
                sockets,
                strangers,
                miniapp_policy,
            }),
        }
    }
}

/// The routes of the public listener.
pub fn public_router(state: HttpState) -> Router {
    let body_limit = DefaultBodyLimit::max(state.inner.settings.body_bytes_max);
    let mut router = Router::new()
        .route("/graphql", any(endpoint::answer))
        .route("/", get(miniapp::index))
        .route("/assets/{*path}", get(miniapp::asset));
    if state.inner.settings.graphiql {
        router = router.route("/graphiql", get(graphiql::index)).route("/graphiql/{*path}", get(graphiql::asset));
    }
    router
        .layer(body_limit)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), around::around))
        .with_state(state)
}

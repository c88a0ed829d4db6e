//! The composition root: builds every part from the configuration, starts the listeners and the
//! jobs, and ends them in order.

mod error;
mod listen;
mod metrics;
mod parts;
mod pauses;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config};
use crate::domain::clock::SharedClock;
use crate::domain::{OsEntropy, SystemClock};
use crate::graphql::{self, OpaqueIds, Services};
use crate::http::{self, HttpState, NotReady};
use crate::identity::Identity;
use crate::jobs::Jobs;
use crate::keys::Keys;
use crate::leases::Leases;
use crate::ledger::Ledger;
use crate::live::Live;
use crate::store::Store;
use crate::{gateway, leases};

pub use error::StartError;
pub use parts::Parts;

use listen::{Door, Doors};
use metrics::AppMetrics;

/// Longest time for the body of a request to the public listener.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Longest time for one answer of the public listener.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Longest time from the upgrade of a socket to its login.
const SOCKET_PATIENCE: Duration = Duration::from_secs(10);

/// A running server.
pub struct App {
    /// Keys.
    pub keys: Arc<Keys>,
    /// Leases.
    pub leases: Arc<Leases>,
    /// Credits.
    pub ledger: Arc<Ledger>,
    /// Logins and tokens.
    pub identity: Arc<Identity>,
    /// The database.
    pub store: Store,
    doors: Doors,
    tasks: TaskTracker,
    stop: CancellationToken,
    grace: Duration,
}

impl App {
    /// Starts the server: the database is brought up to date where this process owns it, the vault
    /// proves itself, the routing pool is loaded, and then the ports open.
    ///
    /// # Errors
    /// Something of that fails; nothing is left running.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        Self::start_at(config, Arc::new(SystemClock)).await
    }

    /// The same by another clock than the machine's.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_at(config: &Config, clock: SharedClock) -> Result<Self, StartError> {
        let parts = Parts::open_server(config, clock).await?;
        let stop = CancellationToken::new();
        let live = Live::new(parts.store.clone());
        let leases = Arc::new(Leases::new(
            leases::Parts {
                store: parts.store.clone(),
                vault: parts.vault.clone(),
                providers: parts.providers.clone(),
                pool: parts.pool.clone(),
                clock: parts.clock.clone(),
                entropy: Arc::new(OsEntropy),
                tasks: parts.tasks.clone(),
            },
            lease_settings(config),
        ));
        let metrics = AppMetrics::new(parts.pool.clone());
        pauses::follow(&parts, &metrics);
        // Followers come before the load: a commit in between is then seen by both.
        parts.store.observe(parts.pool.clone());
        parts.store.observe(live.clone());
        parts.store.observe(metrics.clone());
        parts.pool.load(&parts.store).await.map_err(StartError::from_store)?;
        let public = public_router(config, &parts, &leases, &live, &stop);
        let admin = admin_router(&parts, metrics.clone());
        let doors = Doors::open(vec![
            Door::new("server.listen", config.server.listen, public),
            Door::new("gateway.listen", config.gateway.listen, gateway::router(leases.clone()))
                .with_tls(config.gateway.tls_certificate_file.as_deref(), config.gateway.tls_key_file.as_deref())?,
            Door::new("admin.listen", config.admin.listen, admin),
        ])
        .await?;
        let jobs = Jobs {
            keys: Keys::clone(&parts.keys),
            leases: Leases::clone(&leases),
            live,
            events_kept: config.events.retention,
        };
        jobs.start(&parts.tasks, &stop);
        parts.tasks.spawn(audit_sample(parts.ledger.clone(), config.ledger.audit_sample, metrics, stop.clone()));
        Ok(Self {
            keys: parts.keys,
            leases,
            ledger: parts.ledger,
            identity: parts.identity,
            store: parts.store,
            doors,
            tasks: parts.tasks,
            stop,
            grace: config.server.shutdown_grace,
        })
    }

    /// Where the public listener listens.
    #[must_use]
    pub fn public_addr(&self) -> SocketAddr {
        self.doors.address(0)
    }

    /// Where the gateway listens.
    #[must_use]
    pub fn gateway_addr(&self) -> SocketAddr {
        self.doors.address(1)
    }

    /// Where the admin listener listens.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.doors.address(2)
    }

    /// Waits until the disk has failed under a commit. Nothing is written from then on, so the
    /// process has to end: only a new start shows what is on the disk.
    pub async fn disk_failed(&self) {
        self.store.broken().await;
    }

    /// Ends in order: no new work, doors closed, work under way finished or left to the grace.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.doors.close(self.grace).await;
        self.tasks.close();
        if tokio::time::timeout(self.grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                left = self.tasks.len(),
                "the shutdown's grace is over; work under way resumes at the next start"
            );
        }
        self.store.close().await;
    }
}

/// Recomputes a part of the ledger while the server already serves; a lie is an alarm, not an end.
async fn audit_sample(ledger: Arc<Ledger>, sample: u64, metrics: Arc<AppMetrics>, stop: CancellationToken) {
    match stop.run_until_cancelled(ledger.audit(Some(sample))).await {
        Some(Ok(report)) => {
            metrics.audited(report.checked, report.lies.len());
            for lie in report.lies {
                tracing::error!(lie, "the ledger does not add up");
            }
        }
        Some(Err(failure)) => tracing::error!(%failure, "the ledger could not be audited"),
        None => {}
    }
}

fn lease_settings(config: &Config) -> leases::Settings {
    leases::Settings {
        lifetime: config.leases.lifetime,
        open_per_service: config.leases.open_per_service,
        review_after: config.leases.review_after,
        endpoint: config.gateway.public_url.as_str().trim_end_matches('/').to_owned(),
        sync_interval: config.sync.interval,
        depleted_interval_max: config.sync.depleted_interval_max,
    }
}

fn public_router(
    config: &Config,
    parts: &Parts,
    leases: &Arc<Leases>,
    live: &Arc<Live>,
    stop: &CancellationToken,
) -> Router {
    let branch = parts.vault.branch("graphql-ids");
    let services = Services {
        keys: parts.keys.clone(),
        leases: leases.clone(),
        ledger: parts.ledger.clone(),
        pool: parts.pool.clone(),
        live: live.clone(),
        store: parts.store.clone(),
        clock: parts.clock.clone(),
        ids: OpaqueIds::new(move |parts: &[&[u8]]| branch.mac(parts)),
    };
    let settings = graphql::Settings {
        depth_max: usize::try_from(config.limits.depth).unwrap_or(usize::MAX),
        cost_max: usize::try_from(config.limits.cost).unwrap_or(usize::MAX),
        aliases_max: u64::from(config.limits.aliases),
        tokens_max: usize::try_from(config.limits.tokens).unwrap_or(usize::MAX),
        introspection: match config.server.introspection {
            config::Introspection::None => graphql::Introspection::Nobody,
            config::Introspection::Services => graphql::Introspection::Services,
            config::Introspection::All => graphql::Introspection::Everybody,
        },
        owners_run_trusted_only: config.server.trusted_documents == config::TrustedDocuments::Owners,
        ..graphql::Settings::default()
    };
    let state = HttpState::new(
        graphql::Api::new(services, &settings),
        parts.identity.clone(),
        parts.clock.clone(),
        Arc::new(OsEntropy),
        http::Settings {
            public_origin: config.server.public_url.as_str().trim_end_matches('/').to_owned(),
            graphiql: config.server.graphiql,
            body_bytes_max: config.limits.body_kib * 1024,
            body_within: BODY_WITHIN,
            answer_within: ANSWER_WITHIN,
            socket_patience: SOCKET_PATIENCE,
            sockets_per_owner: usize::try_from(config.limits.sockets_per_owner).unwrap_or(usize::MAX),
            operations_per_socket: usize::try_from(config.limits.operations_per_socket).unwrap_or(usize::MAX),
            unauthenticated_per_minute: config.limits.unauthenticated_per_minute,
        },
        http::Ending { stop: stop.clone(), tasks: parts.tasks.clone() },
    );
    http::public_router(state)
}

/// Time that the database has for what the metrics ask of it.
const BUDGETS_WITHIN: Duration = Duration::from_millis(500);

fn admin_router(parts: &Parts, metrics: Arc<AppMetrics>) -> Router {
    let (store, keys) = (parts.store.clone(), Keys::clone(&parts.keys));
    http::admin_router(
        move || {
            let (metrics, keys) = (metrics.clone(), keys.clone());
            async move {
                // A scraper has no patience, and all else is in memory: where the database does not answer at once,
                // the budgets stay as they were last seen. Readiness tells of it.
                let budgets = tokio::time::timeout(BUDGETS_WITHIN, keys.budgets()).await;
                let budgets = budgets.ok().and_then(Result::ok).unwrap_or_default();
                metrics.render(&budgets)
            }
        },
        move || {
            let store = store.clone();
            async move { store.ping().await.map_err(|_| NotReady("the database does not answer")) }
        },
    )
}

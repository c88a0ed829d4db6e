//! Starts and stops the listeners of one sandbox.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::admin;
use crate::http::{Door, Peer, Shared, by_path, provider_router};
use crate::provider::Provider;
use crate::tls::{self, TlsOptions};
use crate::told::Told;

/// First TLS port, counted from the base port.
const TLS_OFFSET: u16 = 11;
/// Time for open connections to end after [`Sandbox::stop`].
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How to start a sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// The base address, loopback only. With port 0 every listener gets a free port; otherwise the
    /// providers follow at base + 1 to base + 6, and with TLS at base + 11 to base + 16.
    pub listen: SocketAddr,
    /// Seed of solve times, failures and answers.
    pub seed: u64,
    /// Certificate for one more listener per provider, or none.
    pub tls: Option<TlsOptions>,
}

/// A running sandbox. Dropping it closes its ports; [`Self::stop`] does so in good order.
pub struct Sandbox {
    base: SocketAddr,
    plain: [SocketAddr; 6],
    tls: Option<[SocketAddr; 6]>,
    shared: Shared,
    halt: watch::Sender<bool>,
    accepting: JoinSet<()>,
    serving: JoinSet<()>,
}

/// Binds all listeners and starts to answer. Fails when the address is not a loopback one, a port
/// is taken, or the certificate cannot be had.
pub async fn start(options: Options) -> io::Result<Sandbox> {
    if !options.listen.ip().is_loopback() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the sandbox listens on loopback only"));
    }
    let acceptor = options.tls.as_ref().map(tls::acceptor).transpose()?;
    let (halt, halted) = watch::channel(false);
    let shared = Shared::new(options.seed, halted.clone());
    let mut opening = Opening { listen: options.listen, halted, accepting: JoinSet::new(), serving: JoinSet::new() };
    let everything = Router::new().nest("/admin", admin::router()).fallback(by_path).with_state(shared.clone());
    let base = opening.open(0, everything, None).await?;
    let plain = opening.open_providers(&shared, 1, None).await?;
    let tls = match acceptor {
        Some(acceptor) => Some(opening.open_providers(&shared, TLS_OFFSET, Some(acceptor)).await?),
        None => None,
    };
    let Opening { accepting, serving, .. } = opening;
    Ok(Sandbox { base, plain, tls, shared, halt, accepting, serving })
}

/// Listeners while they are being opened.
struct Opening {
    listen: SocketAddr,
    halted: watch::Receiver<bool>,
    accepting: JoinSet<()>,
    serving: JoinSet<()>,
}

impl Opening {
    async fn open_providers(
        &mut self,
        shared: &Shared,
        offset: u16,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<[SocketAddr; 6]> {
        let mut addresses = [self.listen; 6];
        for (provider, offset) in Provider::ALL.into_iter().zip(offset..) {
            let router = provider_router(shared.clone(), provider);
            addresses[provider.index()] = self.open(offset, router, tls.clone()).await?;
        }
        Ok(addresses)
    }

    async fn open(&mut self, offset: u16, router: Router, tls: Option<TlsAcceptor>) -> io::Result<SocketAddr> {
        let port = match self.listen.port() {
            0 => 0,
            base => base
                .checked_add(offset)
                .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "no ports are left above the base port"))?,
        };
        let listener = TcpListener::bind((self.listen.ip(), port)).await?;
        let address = listener.local_addr()?;
        let (door, accept) = Door::new(listener, tls)?;
        self.accepting.spawn(accept);
        let mut halted = self.halted.clone();
        self.serving.spawn(async move {
            let service = router.into_make_service_with_connect_info::<Peer>();
            let stopped = async move {
                // An error means that the sandbox is gone, which is the same thing.
                let _ = halted.wait_for(|stopping| *stopping).await;
            };
            if let Err(error) = axum::serve(door, service).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "a listener failed");
            }
        });
        Ok(address)
    }
}

impl Sandbox {
    /// The address of all providers below `/{slug}/` and of `/admin`.
    #[must_use]
    pub fn base(&self) -> SocketAddr {
        self.base
    }

    /// The address of one provider at its root.
    #[must_use]
    pub fn provider(&self, provider: Provider) -> SocketAddr {
        self.plain[provider.index()]
    }

    /// The TLS address of one provider at its root; `None` without TLS.
    #[must_use]
    pub fn provider_tls(&self, provider: Provider) -> Option<SocketAddr> {
        self.tls.map(|addresses| addresses[provider.index()])
    }

    /// Answers from now on, each at the moment at which it goes out. A later listener takes an
    /// earlier one's place.
    #[must_use]
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Told> {
        let (listener, told) = mpsc::unbounded_channel();
        self.shared.listen(listener);
        told
    }

    /// Closes the ports, lets open calls finish for a short while, then cuts them.
    pub async fn stop(mut self) {
        self.accepting.shutdown().await;
        self.halt.send_replace(true);
        let finish = async { while self.serving.join_next().await.is_some() {} };
        if timeout(STOP_TIMEOUT, finish).await.is_err() {
            self.serving.shutdown().await;
        }
    }

    /// Serves until the process is told to end (interrupt or termination), then stops. Fails when
    /// signals cannot be received.
    pub async fn wait(self) -> io::Result<()> {
        told_to_end().await?;
        self.stop().await;
        Ok(())
    }
}

#[cfg(unix)]
async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

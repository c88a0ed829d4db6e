//! The listeners: bound before anything is served, with TLS where configured, closed gracefully.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::StartError;

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a client may take to send the headers of a request, and to send a next one. Clients keep
/// an idle connection for up to 90 s; one closed before that could be closed under a request.
const HEADERS: Duration = Duration::from_secs(120);

/// A router that is to be served at an address.
pub(super) struct Door {
    setting: &'static str,
    address: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
}

impl Door {
    pub(super) fn new(setting: &'static str, address: SocketAddr, router: Router) -> Self {
        Self { setting, address, router, tls: None }
    }

    /// The door behind TLS, when both files are set.
    pub(super) fn with_tls(self, certificate: Option<&Path>, key: Option<&Path>) -> Result<Self, StartError> {
        let tls = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(acceptor(certificate, key).map_err(StartError::Tls)?),
            _ => return Err(StartError::Tls("both have to be set, or none".to_owned())),
        };
        Ok(Self { tls, ..self })
    }
}

/// The open doors.
pub(super) struct Doors {
    addresses: Vec<SocketAddr>,
    servers: JoinSet<()>,
    closing: CancellationToken,
}

impl Doors {
    /// Binds every door, then serves.
    pub(super) async fn open(doors: Vec<Door>) -> Result<Self, StartError> {
        let mut bound = Vec::new();
        for door in doors {
            let refused = |reason| StartError::Listen { setting: door.setting, address: door.address, reason };
            let listener = TcpListener::bind(door.address).await.map_err(refused)?;
            let address = listener.local_addr().map_err(refused)?;
            bound.push((address, listener, door));
        }
        let closing = CancellationToken::new();
        let addresses = bound.iter().map(|(address, ..)| *address).collect();
        let mut servers = JoinSet::new();
        for (_, listener, door) in bound {
            let closed = closing.clone();
            servers.spawn(async move {
                match door.tls {
                    None => serve(listener, door.router, closed).await,
                    Some(acceptor) => serve(TlsListener::start(listener, acceptor), door.router, closed).await,
                }
            });
        }
        Ok(Self { addresses, servers, closing })
    }

    pub(super) fn address(&self, number: usize) -> SocketAddr {
        self.addresses[number]
    }

    /// Takes no new connections, lets requests under way finish, and cuts what outlasts the grace.
    pub(super) async fn close(mut self, grace: Duration) {
        self.closing.cancel();
        let finish = async { while self.servers.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, finish).await.is_err() {
            self.servers.shutdown().await;
        }
    }
}

/// Serves connections until it is told to close, and then until those that are open are done.
async fn serve<L: Listener<Addr = SocketAddr>>(mut listener: L, router: Router, closing: CancellationToken) {
    let mut http = http1::Builder::new();
    // Without its timer a client could take for ever over its headers.
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let connections = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => break,
        };
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request| {
            // Whoever limits strangers wants to know the address.
            Request::extensions_mut(&mut request).insert(ConnectInfo(peer));
            router.call(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let closing = closing.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Accepts connections and shakes hands beside each other, so that a slow client holds up nobody.
struct TlsListener {
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: io::Result<SocketAddr>,
    accepting: AbortHandle,
}

impl TlsListener {
    fn start(mut listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let local = TcpListener::local_addr(&listener);
        let (sender, accepted) = mpsc::channel(64);
        let accepting = tokio::spawn(async move {
            loop {
                // axum's own listener waits out errors such as too many open files.
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        // Fails only when the listener is gone, and then so is the connection.
                        let _ = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { accepted, local, accepting: accepting.abort_handle() }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            // The accepting task ends with this listener only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.local.as_ref().copied().map_err(|error| io::Error::from(error.kind()))
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(|chain| chain.collect::<Result<Vec<_>, _>>())
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    // The error of a key file is not repeated: it could quote the file.
    let key = PrivateKeyDer::from_pem_file(key).map_err(|_| format!("{}: not a private key", key.display()))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

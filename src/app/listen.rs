//! The listeners: bound before anything is served, with TLS where configured, closed gracefully.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::StartError;

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

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
            let closed = closing.clone().cancelled_owned();
            servers.spawn(async move {
                let served = match door.tls {
                    None => axum::serve(listener, door.router).with_graceful_shutdown(closed).await,
                    Some(acceptor) => {
                        let listener = TlsListener::start(listener, acceptor);
                        axum::serve(listener, door.router).with_graceful_shutdown(closed).await
                    }
                };
                if let Err(error) = served {
                    tracing::error!(listener = door.setting, %error, "a listener ended");
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

//! A listening port, plain or TLS, as axum wants it.
//!
//! Connections are accepted in a task of their own and handshakes run beside each other, so one
//! slow client does not keep the others out.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::line::Line;

const WAITING_CONNECTIONS: usize = 64;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, which is most often a lack of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

type Arrival = (Line, SocketAddr);

/// The receiving end of a port.
pub(crate) struct Door {
    arrivals: mpsc::Receiver<Arrival>,
    address: SocketAddr,
}

impl Door {
    /// Wraps a bound socket. The future beside the door accepts connections as long as it runs.
    pub(crate) fn new(
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let address = listener.local_addr()?;
        let (sender, arrivals) = mpsc::channel(WAITING_CONNECTIONS);
        Ok((Self { arrivals, address }, accept(listener, tls, sender)))
    }
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Arrival {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            // The accepting task has ended: the sandbox is stopping.
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, sender: mpsc::Sender<Arrival>) {
    loop {
        match listener.accept().await {
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
            Ok((stream, address)) => {
                // Replies are small; without this each would wait for the previous one's receipt.
                let _ = stream.set_nodelay(true);
                match &tls {
                    None => {
                        if sender.send((Line::plain(stream), address)).await.is_err() {
                            return;
                        }
                    }
                    Some(acceptor) => {
                        let handshake = shake(acceptor.clone(), stream, address, sender.clone());
                        tokio::spawn(handshake);
                    }
                }
            }
        }
    }
}

async fn shake(acceptor: TlsAcceptor, stream: TcpStream, address: SocketAddr, sender: mpsc::Sender<Arrival>) {
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            // Fails only when the sandbox is stopping.
            let _ = sender.send((Line::tls(stream), address)).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
}

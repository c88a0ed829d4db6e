//! A relay in front of a provider, which can be shut so that connections are refused or hang.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::row::Door;

/// The relay; everything through it ends with the value.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    accepting: JoinHandle<()>,
    /// What keeps the door hanging: a listener whose queue is full, and those who fill it.
    blocked: Option<(TcpListener, Vec<TcpStream>)>,
}

impl Relay {
    /// Relays to an address of the form `http://host:port`.
    pub(super) fn before(address: &str) -> Self {
        let target = address.strip_prefix("http://").expect("a plain address").to_owned();
        let listener = listen(([127, 0, 0, 1], 0).into(), 64);
        let address = listener.local_addr().expect("an address");
        let accepting = tokio::spawn(async move {
            // Dropped with the task, and every connection with it.
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut provider) = TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut provider).await;
                    }
                });
            }
        });
        Self { address, accepting, blocked: None }
    }

    /// Shuts the door.
    pub(super) async fn shut(&mut self, door: Door) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
        if door == Door::Hanging {
            let listener = listen(self.address, 1);
            let mut waiting = Vec::new();
            // Nobody accepts, so the queue fills, and later connections get no answer at all.
            let moment = std::time::Duration::from_millis(200);
            while let Ok(Ok(stream)) = tokio::time::timeout(moment, TcpStream::connect(self.address)).await {
                waiting.push(stream);
            }
            self.blocked = Some((listener, waiting));
        }
    }
}

fn listen(address: SocketAddr, backlog: u32) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an address may be used again");
    socket.bind(address).expect("the address is free");
    socket.listen(backlog).expect("the socket listens")
}

//! Listens in on what the server sends to a provider, or to its database.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What was sent over each connection, in the order they came.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// A relay that remembers every byte sent through it.
#[derive(Clone)]
pub(crate) struct Wiretap {
    heard: Heard,
    /// Where the relay listens.
    pub(crate) address: String,
}

impl Wiretap {
    /// Relays to an address of the form `http://host:port`.
    pub(crate) fn before(address: &str) -> Self {
        let tap = Self::before_host(address.strip_prefix("http://").expect("a plain address"));
        Self { address: format!("http://{}", tap.address), ..tap }
    }

    /// Relays to a `host:port`, and listens at one.
    pub(crate) fn before_host(target: &str) -> Self {
        let target = target.to_owned();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let listener = TcpListener::from_std(listener).expect("a listener");
        let address = listener.local_addr().expect("an address").to_string();
        let heard = Heard::default();
        let tap = Self { heard: heard.clone(), address };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let other_end = TcpStream::connect(&target).await.expect("the other end answers");
                tokio::spawn(relay(client, other_end, heard.clone()));
            }
        });
        tap
    }

    /// Everything that was sent so far.
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard_by_connection().concat()).into_owned()
    }

    /// The same apart for each connection.
    pub(crate) fn heard_by_connection(&self) -> Vec<Vec<u8>> {
        self.heard.lock().expect("nobody panicked").clone()
    }
}

async fn relay(client: TcpStream, other_end: TcpStream, heard: Heard) {
    let place = {
        let mut heard = heard.lock().expect("nobody panicked");
        heard.push(Vec::new());
        heard.len() - 1
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_other_end, mut to_other_end) = other_end.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_other_end, &mut to_client).await });
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        heard.lock().expect("nobody panicked")[place].extend_from_slice(&buffer[..length]);
        if to_other_end.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
}

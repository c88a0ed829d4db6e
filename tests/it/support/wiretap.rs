//! Listens in on what the server sends to a provider.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A relay in front of a provider that remembers every byte sent to it.
#[derive(Clone)]
pub(crate) struct Wiretap {
    heard: Arc<Mutex<Vec<u8>>>,
    /// Where the relay listens.
    pub(crate) address: String,
}

impl Wiretap {
    /// Relays to an address of the form `http://host:port`.
    pub(crate) fn before(address: &str) -> Self {
        let target = address.strip_prefix("http://").expect("a plain address").to_owned();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let listener = TcpListener::from_std(listener).expect("a listener");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let tap = Self { heard: heard.clone(), address };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let provider = TcpStream::connect(&target).await.expect("the provider answers");
                tokio::spawn(relay(client, provider, heard.clone()));
            }
        });
        tap
    }

    /// Everything that was sent so far.
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().expect("nobody panicked")).into_owned()
    }
}

async fn relay(client: TcpStream, provider: TcpStream, heard: Arc<Mutex<Vec<u8>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_provider, mut to_provider) = provider.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_provider, &mut to_client).await });
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        heard.lock().expect("nobody panicked").extend_from_slice(&buffer[..length]);
        if to_provider.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
}

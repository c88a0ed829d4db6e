//! Clients that take their time: they are cut, and nobody else waits for them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::Server;
use crate::support::socket::{Heard, Socket};

const ADA: i64 = 5_000_000_001;

/// So many slow clients at once.
const CROWD: usize = 200;

async fn connect(server: &Server) -> TcpStream {
    let address = server.public().replace("http://", "");
    TcpStream::connect(address).await.expect("a connection")
}

on_both_databases! {
    /// Hundreds of clients send a byte now and then; the others are served, and the slow are cut.
    async fn slow_bodies_hold_nobody_up(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(ADA);
        let mut slow = Vec::new();
        for _ in 0..CROWD {
            let mut stream = connect(&server).await;
            let head = "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
            stream.write_all(head.as_bytes()).await.expect("it is sent");
            slow.push(stream);
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            assert!(owner.run("{ viewer { id } }", Value::Null).await.0["data"]["viewer"].is_object());
        }
        let mut answer = vec![0; 4096];
        let stream = &mut slow[0];
        let read = timeout(Duration::from_secs(20), stream.read(&mut answer)).await.expect("it is cut in time");
        let text = String::from_utf8_lossy(&answer[..read.expect("an answer")]).into_owned();
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        server.stop().await;
    }

    /// A socket that signs in never is closed in time.
    async fn a_socket_that_says_nothing_is_closed(database) {
        let mut server = Server::start(database).await;
        let mut socket = Socket::open(&server.public()).await;
        let closed = Heard::Closed(4408, "Connection initialisation timeout".to_owned());
        assert_eq!(socket.next().await, closed);
        server.stop().await;
    }

    /// A client that asks for much and takes nothing is cut; its neighbours notice nothing.
    async fn a_slow_reader_is_cut(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(ADA);
        let mut slow = Socket::signed_in(&server.public(), &owner.authorization).await;
        let start = Instant::now();
        let mut sent = 0_u32;
        // Answers of some kilobytes each, until the buffers of both sides are full and the server waits.
        while start.elapsed() < Duration::from_secs(60) {
            let ping = json!({ "type": "ping", "payload": { "a": "x".repeat(60_000) } });
            match timeout(Duration::from_secs(1), slow.try_send(&ping)).await {
                Ok(Ok(())) => sent += 1,
                Ok(Err(_)) => break,
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it was never cut; {sent} messages went");
        assert!(owner.run("{ viewer { id } }", Value::Null).await.0["data"]["viewer"].is_object());
        server.stop().await;
    }
}

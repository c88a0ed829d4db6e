//! How sockets open and end.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, Stream, closed};
use crate::support::Server;
use crate::support::server::BOT_TOKEN;
use crate::support::socket::Socket;
use key_recycling::domain::{Clock as _, Scope, Scopes};
use key_recycling::identity::sign_init_data;

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

on_both_databases! {
    async fn only_pages_of_this_origin_and_this_protocol_come_in(database) {
        let mut server = Server::start(database).await;
        let public = server.public();
        for headers in [
            vec![],
            vec![("sec-websocket-protocol", "graphql-ws")],
            vec![PROTOCOL, ("origin", "https://evil.example")],
            vec![PROTOCOL, ("origin", "null")],
            vec![PROTOCOL, ("origin", "http://127.0.0.1:8080.evil.example")],
        ] {
            assert!(Socket::connect(&public, &headers).await.is_err(), "{headers:?}");
        }
        // The configured origin, and programs, which send none.
        for headers in [vec![PROTOCOL, ("origin", "http://127.0.0.1:8080")], vec![PROTOCOL]] {
            assert!(Socket::connect(&public, &headers).await.is_ok(), "{headers:?}");
        }
        server.stop().await;
    }

    async fn a_socket_signs_in_first(database) {
        let mut server = Server::start(database).await;
        let public = server.public();
        let old = server.clock.now().minus(Duration::from_secs(25 * 3_600));
        let old = format!("tma {}", sign_init_data(&BOT_TOKEN.into(), ADA, old));
        for (authorization, reason) in
            [("tma nonsense", "UNAUTHENTICATED"), ("", "UNAUTHENTICATED"), (old.as_str(), "LOGIN_EXPIRED")]
        {
            let mut socket = Socket::open(&public).await;
            socket.sign_in(authorization).await;
            assert_eq!(socket.next().await, closed(4403, reason));
        }
        let mut socket = Socket::open(&public).await;
        socket.subscribe("1", "{ viewer { id } }", Value::Null).await;
        assert_eq!(socket.next().await, closed(4401, "Unauthorized"));
        let mut socket = Socket::open(&public).await;
        socket.send_text("nonsense").await;
        assert_eq!(socket.next().await, closed(4400, "Invalid message"));
        let login = server.owner(ADA).authorization;
        let mut socket = Socket::signed_in(&public, &login).await;
        socket.sign_in(&login).await;
        assert_eq!(socket.next().await, closed(4429, "Too many initialisation requests"));
        // Queries and mutations go over a socket as well.
        let mut socket = Socket::signed_in(&public, &login).await;
        socket.subscribe("q", "{ viewer { telegramUserId } }", Value::Null).await;
        assert_eq!(socket.data("viewer").await["telegramUserId"], ADA.to_string());
        assert_eq!(socket.next().await.message(), json!({ "type": "complete", "id": "q" }));
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.next().await.message()["type"], "pong");
        server.stop().await;
    }

    async fn a_socket_ends_with_its_login(database) {
        let mut server = Server::start(database).await;
        let (mut stream, _) = Stream::fresh(&server, &server.owner(ADA)).await;
        server.pass_time(Duration::from_secs(24 * 3_600 - 30)).await;
        stream.stays_silent(Duration::from_millis(2_500)).await;
        server.pass_time(Duration::from_secs(31)).await;
        assert_eq!(stream.socket.next().await, closed(4401, "LOGIN_EXPIRED"));
        server.stop().await;
    }

    async fn sockets_are_closed_when_the_server_ends(database) {
        let mut server = Server::start(database).await;
        let (mut stream, snapshot) = Stream::fresh(&server, &server.owner(ADA)).await;
        let mut silent = Socket::open(&server.public()).await;
        server.restart().await;
        assert_eq!(stream.socket.next().await, closed(1012, "The server ends"));
        assert_eq!(silent.next().await, closed(1012, "The server ends"));
        let mut resumed = Stream::open(&server, &server.owner(ADA), snapshot["cursor"].clone()).await;
        resumed.stays_silent(Duration::from_millis(300)).await;
        server.stop().await;
    }

    async fn a_revoked_token_ends_its_sockets(database) {
        let mut server = Server::start(database).await;
        let identity = server.app().identity.clone();
        let mut sockets = Vec::new();
        for _ in 0..2 {
            let made = identity.create_token("dispatcher", Scopes::of(&[Scope::Dispatch]), None).await;
            let made = made.expect("the database works").expect("a token");
            let bearer = format!("Bearer {}", secrecy::ExposeSecret::expose_secret(&made.token));
            let mut socket = Socket::signed_in(&server.public(), &bearer).await;
            socket.subscribe("1", "subscription { poolUpdates { held } }", Value::Null).await;
            for _ in 0..6 {
                socket.data("poolUpdates").await;
            }
            sockets.push((made.id, socket));
        }
        let (kept, (revoked, mut socket)) = (sockets.pop().expect("two"), sockets.pop().expect("two"));
        assert!(identity.revoke_token(revoked).await.expect("the database works"));
        assert_eq!(socket.next().await, closed(4401, "UNAUTHENTICATED"));
        let (_, mut kept) = kept;
        assert!(kept.next_within(Duration::from_secs(1)).await.is_none(), "the other token's socket stays");
        server.stop().await;
    }
}

//! Every rule of the protocol `graphql-transport-ws`, as
//! <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md> has it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::socket::{Heard, Socket};

const ADA: i64 = 5_000_000_001;
const EVENTS: &str = "subscription { accountEvents { __typename } }";
const SHORT: Duration = Duration::from_millis(400);

fn closed(code: u16, reason: &str) -> Heard {
    Heard::Closed(code, reason.to_owned())
}

async fn signed_in(server: &Server) -> Socket {
    Socket::signed_in(&server.public(), &server.owner(ADA).authorization).await
}

on_both_databases! {
    async fn the_handshake_goes_by_the_protocol(database) {
        let mut server = Server::start(database).await;
        let login = server.owner(ADA).authorization;
        // Pings are answered before the login as well, with their payload.
        let mut socket = Socket::open(&server.public()).await;
        socket.send(json!({ "type": "ping", "payload": { "a": 1 } })).await;
        assert_eq!(socket.next().await.message(), json!({ "type": "pong", "payload": { "a": 1 } }));
        socket.send(json!({ "type": "pong" })).await;
        socket.sign_in(&login).await;
        assert_eq!(socket.next().await.message(), json!({ "type": "connection_ack" }));
        socket.sign_in(&login).await;
        assert_eq!(socket.next().await, closed(4429, "Too many initialisation requests"));
        // Two at once, of which the second comes before the first is acknowledged.
        let mut socket = Socket::open(&server.public()).await;
        socket.sign_in(&login).await;
        socket.sign_in(&login).await;
        assert_eq!(socket.next().await.message(), json!({ "type": "connection_ack" }));
        assert_eq!(socket.next().await, closed(4429, "Too many initialisation requests"));
        let mut socket = Socket::open(&server.public()).await;
        socket.subscribe("1", EVENTS, Value::Null).await;
        assert_eq!(socket.next().await, closed(4401, "Unauthorized"));
        let mut socket = Socket::open(&server.public()).await;
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.next().await, closed(4403, "UNAUTHENTICATED"));
        let mut socket = Socket::open(&server.public()).await;
        socket.send(json!({ "type": "complete", "id": "1" })).await;
        assert!(socket.next_within(SHORT).await.is_none(), "nothing to complete is nothing to say");
        server.stop().await;
    }

    async fn what_is_no_message_closes_the_socket(database) {
        let mut server = Server::start(database).await;
        for text in [
            "nonsense",
            "null",
            "[]",
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{ viewer { id } }"}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
            r#"{"type":"connection_ack"}"#,
        ] {
            let mut socket = signed_in(&server).await;
            socket.send_text(text).await;
            assert_eq!(socket.next().await, closed(4400, "Invalid message"), "{text}");
        }
        let mut socket = signed_in(&server).await;
        socket.send_binary(br#"{"type":"ping"}"#).await;
        assert_eq!(socket.next().await, closed(4400, "Invalid message"));
        let mut socket = signed_in(&server).await;
        socket.send_text(&format!(r#"{{"type":"ping","payload":{{"a":"{}"}}}}"#, "x".repeat(70_000))).await;
        assert_eq!(socket.next().await, closed(1009, "Message too big"));
        let mut socket = signed_in(&server).await;
        for _ in 0..200 {
            if socket.try_send(&json!({ "type": "pong" })).await.is_err() {
                break;
            }
        }
        assert_eq!(socket.next().await, closed(1008, "Too many messages"));
        server.stop().await;
    }

    async fn an_id_names_one_operation_at_a_time(database) {
        let mut server = Server::start(database).await;
        for id in ["1".to_owned(), "x".repeat(300), "ж".repeat(300)] {
            let mut socket = signed_in(&server).await;
            socket.subscribe(&id, EVENTS, Value::Null).await;
            assert_eq!(socket.next().await.message()["type"], "next");
            socket.subscribe(&id, EVENTS, Value::Null).await;
            let Heard::Closed(code, reason) = socket.next().await else { panic!("a second {id}") };
            assert_eq!(code, 4409);
            assert!(reason.len() <= 123 && reason.starts_with("Subscriber for "), "{reason}");
        }
        // Once it is over, by either side, the id is free again.
        let mut socket = signed_in(&server).await;
        for _ in 0..2 {
            socket.subscribe("1", EVENTS, Value::Null).await;
            assert_eq!(socket.next().await.message()["type"], "next");
            socket.send(json!({ "type": "complete", "id": "1" })).await;
            assert!(socket.next_within(SHORT).await.is_none(), "a complete is not answered by another");
        }
        for _ in 0..2 {
            socket.subscribe("q", "{ viewer { telegramUserId } }", Value::Null).await;
            let answer = socket.next().await.message();
            assert_eq!(answer["payload"]["data"]["viewer"]["telegramUserId"], ADA.to_string());
            assert_eq!(socket.next().await.message(), json!({ "type": "complete", "id": "q" }));
        }
        server.stop().await;
    }

    /// What can't run ends by an `error`; what fails while it runs is an answer like any other.
    async fn errors_come_in_their_place(database) {
        let mut server = Server::start(database).await;
        let mut socket = signed_in(&server).await;
        for (document, code) in [
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("query($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"),
            ("query A { viewer { id } } query B { viewer { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ] {
            socket.subscribe("1", document, Value::Null).await;
            let message = socket.next().await.message();
            assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
            assert_eq!(message["payload"][0]["extensions"]["code"], code, "{message}");
            assert!(socket.next_within(SHORT).await.is_none(), "an error is the end of it");
        }
        socket.subscribe("1", "subscription { poolUpdates { held } }", Value::Null).await;
        let message = socket.next().await.message();
        assert!(message.to_string().contains("FORBIDDEN"), "{message}");
        server.stop().await;
    }

    /// One stream that always has something does not keep the others, or the client's own messages, waiting.
    async fn operations_take_turns(database) {
        let mut server = Server::start(database).await;
        let mut socket = signed_in(&server).await;
        for number in 0..20 {
            socket.subscribe(&number.to_string(), "{ viewer { id } }", Value::Null).await;
        }
        socket.subscribe("events", EVENTS, Value::Null).await;
        socket.send(json!({ "type": "ping" })).await;
        let (mut answered, mut ponged, mut began) = (0, false, false);
        while answered < 20 || !ponged || !began {
            let message = socket.next().await.message();
            ponged |= message["type"] == "pong";
            began |= message["id"] == "events";
            answered += usize::from(message["type"] == "complete");
        }
        server.stop().await;
    }
}

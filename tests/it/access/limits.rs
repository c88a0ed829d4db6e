//! What one request, one owner and one socket may ask for.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::socket::{Heard, Socket};

on_both_databases! {
    async fn a_fragment_bomb_is_refused_at_once(database) {
        let mut server = Server::start(database).await;
        let mut bomb = String::from("{ viewer { ...f0 } }");
        for number in 0..25 {
            write!(bomb, " fragment f{number} on Account {{ ...f{0} ...f{0} }}", number + 1).expect("it is written");
        }
        bomb.push_str(" fragment f25 on Account { id }");
        assert!(bomb.len() < 1_200, "a kilobyte of text");
        let start = Instant::now();
        let answer = server.owner(1).run(&bomb, Value::Null).await;
        assert_eq!(answer.code(), "QUERY_TOO_COSTLY");
        assert!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
        let aliases: String = (0..31).map(|number| format!(" a{number}: __typename")).collect();
        assert_eq!(server.owner(1).run(&format!("{{{aliases} }}"), Value::Null).await.code(), "QUERY_TOO_COSTLY");
        server.stop().await;
    }

    async fn an_owner_has_few_sockets_and_a_socket_few_operations(database) {
        let more = "[limits]\nsockets_per_owner = 2\noperations_per_socket = 3\n";
        let mut server = Server::start_with(database, more).await;
        let (one, other) = (server.owner(1), server.owner(2));
        let mut first = Socket::signed_in(&server.public(), &one.authorization).await;
        let second = Socket::signed_in(&server.public(), &one.authorization).await;
        let mut third = Socket::open(&server.public()).await;
        third.sign_in(&one.authorization).await;
        assert_eq!(third.next().await, Heard::Closed(4403, "RATE_LIMITED".to_owned()));
        Socket::signed_in(&server.public(), &other.authorization).await;
        drop(second);
        for id in ["1", "2", "3", "4"] {
            first.subscribe(id, "subscription { accountEvents { cursor } }", Value::Null).await;
        }
        let mut answers: Vec<Value> = Vec::new();
        for _ in 0..4 {
            answers.push(first.next().await.message());
        }
        let refused: Vec<&Value> = answers.iter().filter(|answer| answer["type"] == "error").collect();
        assert!(refused.len() == 1 && refused[0]["id"] == "4", "{answers:?}");
        assert_eq!(refused[0]["payload"][0]["extensions"]["code"], "RATE_LIMITED");
        // Where one ends there is place for another.
        first.send(json!({ "type": "complete", "id": "1" })).await;
        first.subscribe("5", "subscription { accountEvents { cursor } }", Value::Null).await;
        assert_eq!(first.next().await.message()["type"], "next");
        server.stop().await;
    }
}

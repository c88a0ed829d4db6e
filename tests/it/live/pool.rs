//! The pool as dispatchers watch it: every provider at once, then what changed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ADA;
use crate::support::Server;
use crate::support::sandbox::SLUGS;
use crate::support::socket::Socket;
use key_recycling::domain::Scope;

on_both_databases! {
    async fn dispatchers_watch_the_pool(database) {
        let mut server = Server::start(database).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let owner = server.owner(ADA);
        let document = "subscription { poolUpdates {
            provider { code } keyCounts { status count } eligibleKeys available held inFlight } }";
        let mut socket = Socket::signed_in(&server.public(), &dispatcher.authorization).await;
        socket.subscribe("1", document, Value::Null).await;
        let mut first = Vec::new();
        for _ in SLUGS {
            let pool = socket.data("poolUpdates").await;
            assert_eq!((&pool["eligibleKeys"], &pool["available"]), (&json!(0), &json!("0")));
            first.push(pool["provider"]["code"].as_str().expect("a code").to_lowercase());
        }
        assert_eq!(first, SLUGS);
        let key = server.providers.key("capsolver", "1").await;
        let key_id = owner.submit("CAPSOLVER", &key).await["key"]["id"].clone();
        let pool = socket.data("poolUpdates").await;
        assert_eq!(pool["provider"]["code"], "CAPSOLVER");
        let pool = if pool["eligibleKeys"] == 0 { socket.data("poolUpdates").await } else { pool };
        assert_eq!((&pool["eligibleKeys"], &pool["available"]), (&json!(1), &json!("1")));
        let opened = dispatcher.open_lease("t", 1, json!({ "taskType": "TURNSTILE" })).await;
        let before = Instant::now();
        let pool = socket.data("poolUpdates").await;
        assert_eq!((&pool["provider"]["code"], &pool["inFlight"]), (&json!("CAPSOLVER"), &json!(1)));
        assert_eq!(pool["held"], opened["lease"]["attempt"]["held"]);
        let document = "mutation($id: ID!) { removeKey(input: { keyId: $id }) { userErrors { code } } }";
        owner.run(document, json!({ "id": key_id })).await.data();
        let pool = socket.data("poolUpdates").await;
        assert_eq!((&pool["eligibleKeys"], &pool["held"], &pool["inFlight"]), (&json!(0), &json!("0"), &json!(0)));
        assert!(before.elapsed() >= Duration::from_millis(900), "at most one value a second each");
        assert!(socket.next_within(Duration::from_millis(1_500)).await.is_none(), "nothing changed since");
        server.stop().await;
    }
}

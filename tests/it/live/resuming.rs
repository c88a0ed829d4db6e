//! A stream that was cut goes on after its last cursor, or begins anew and says why.

use std::time::Duration;

use serde_json::{Value, json};

use super::events::deposit;
use super::{ADA, Stream, assert_gapless};
use crate::support::{Server, sql};
use key_recycling::domain::Scope;

on_both_databases! {
    /// Cut at every place and resumed: each event once.
    async fn a_cut_stream_resumes_without_gap_or_repeat(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let owner = server.owner(ADA);
        let (mut stream, snapshot) = Stream::fresh(&server, &owner).await;
        let mut events = vec![snapshot];
        for round in 0..6 {
            for number in 1..=round {
                deposit(&billing, ADA, &format!("{round}.{number}")).await;
            }
            // Hears all but the last of this round, is cut, and misses one more.
            for _ in 1..round {
                events.push(stream.next().await);
            }
            drop(stream);
            deposit(&billing, ADA, &format!("{round}.9")).await;
            let after = events[events.len() - 1]["cursor"].clone();
            stream = Stream::open(&server, &owner, after).await;
            events.push(stream.next().await);
            if round > 0 {
                events.push(stream.next().await);
            }
        }
        stream.stays_silent(Duration::from_millis(1_200)).await;
        assert_gapless(&events);
        let amounts: Vec<&str> =
            events[1..].iter().map(|event| event["transaction"]["amount"].as_str().expect("an amount")).collect();
        assert_eq!(amounts.len(), 15 + 6);
        assert_eq!(amounts[..5], ["0.9", "1.1", "1.9", "2.1", "2.2"]);
        // Nothing new: a stream after the newest cursor waits, and hears what comes next.
        let mut waiting = Stream::open(&server, &owner, events[events.len() - 1]["cursor"].clone()).await;
        waiting.stays_silent(Duration::from_millis(300)).await;
        deposit(&billing, ADA, "7").await;
        assert_eq!(waiting.next().await["transaction"]["amount"], "7");
        server.stop().await;
    }

    /// The cursor of an account's own answer is as good as an event's.
    async fn a_query_hands_over_to_a_stream(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let owner = server.owner(ADA);
        deposit(&billing, ADA, "1").await;
        let viewer = owner.run("{ viewer { balance eventCursor } }", Value::Null).await.data()["viewer"].clone();
        deposit(&billing, ADA, "2").await;
        let mut stream = Stream::open(&server, &owner, viewer["eventCursor"].clone()).await;
        assert_eq!(stream.next().await["transaction"]["balanceAfter"], "3");
        server.restart().await;
        let mut stream = Stream::open(&server, &owner, viewer["eventCursor"].clone()).await;
        assert_eq!(stream.next().await["transaction"]["balanceAfter"], "3", "after a restart too");
        server.stop().await;
    }

    async fn a_cursor_too_old_begins_anew_and_says_so(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let owner = server.owner(ADA);
        let (mut first, snapshot) = Stream::fresh(&server, &owner).await;
        let mut cursors = vec![snapshot["cursor"].clone()];
        for amount in ["1", "2", "3", "4"] {
            deposit(&billing, ADA, amount).await;
            cursors.push(first.next().await["cursor"].clone());
        }
        let rows = server.database.connect().await;
        assert_eq!(sql::run(&rows, "DELETE FROM event WHERE seq <= 2").await, 2);
        for (place, cursor) in cursors.iter().enumerate() {
            let mut stream = Stream::open(&server, &owner, cursor.clone()).await;
            if place < 2 {
                let snapshot = stream.next().await;
                assert_eq!((&snapshot["__typename"], &snapshot["missedEvents"]), (&json!("AccountSnapshot"), &json!(true)));
                assert_eq!(snapshot["account"]["balance"], "10");
                assert_eq!(snapshot["cursor"], cursors[4]);
            } else if place < 4 {
                assert_eq!(stream.next().await["cursor"], cursors[place + 1]);
            } else {
                stream.stays_silent(Duration::from_millis(300)).await;
            }
        }
        // All events gone by age: only the newest cursor is still good.
        assert_eq!(sql::run(&rows, "DELETE FROM event").await, 2);
        let mut stream = Stream::open(&server, &owner, cursors[3].clone()).await;
        assert_eq!(stream.next().await["missedEvents"], true);
        let mut stream = Stream::open(&server, &owner, cursors[4].clone()).await;
        deposit(&billing, ADA, "5").await;
        assert_eq!(stream.next().await["transaction"]["amount"], "5");
        server.stop().await;
    }

    async fn what_is_no_cursor_of_the_stream_is_refused(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(ADA);
        let key = server.providers.key("two_captcha", "1").await;
        owner.submit("TWO_CAPTCHA", &key).await;
        let document = "{ viewer { id keys(first: 1) { edges { cursor } } } }";
        let viewer = owner.run(document, Value::Null).await.data()["viewer"].clone();
        for after in [json!(""), json!("nonsense"), viewer["id"].clone(), viewer["keys"]["edges"][0]["cursor"].clone()] {
            let mut stream = Stream::open(&server, &owner, after.clone()).await;
            let message = stream.socket.next().await.message();
            let error = &message["payload"]["errors"][0]["extensions"];
            assert_eq!(error["code"], "BAD_USER_INPUT", "{after}: {message}");
            assert!(error["requestId"].is_string(), "{message}");
            assert_eq!(stream.socket.next().await.message(), json!({ "type": "complete", "id": "1" }));
        }
        server.stop().await;
    }
}

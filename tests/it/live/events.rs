//! What an owner sees of a key's life.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, BO, Stream, assert_gapless, rename};
use crate::support::sandbox::usd;
use crate::support::solving::solve;
use crate::support::{Server, sql};
use key_recycling::domain::{Scope, Usd};

on_both_databases! {
    /// From hand-over to depletion: every change once, in order, with the values of its moment.
    async fn a_keys_life_is_told_from_beginning_to_end(database) {
        let mut server = Server::start(database).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let owner = server.owner(ADA);
        let (mut stream, snapshot) = Stream::fresh(&server, &owner).await;
        assert_eq!(snapshot["account"]["keys"]["nodes"], json!([]));
        assert_eq!(snapshot["cursor"], snapshot["account"]["eventCursor"]);
        let key = server.providers.key("two_captcha", "1").await;
        let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        let mut events = stream.until("ACTIVE", |event| event["key"]["status"] == "ACTIVE").await;
        assert_eq!(events[0]["key"]["status"], "PENDING");
        assert_eq!(events[0]["key"]["balance"], Value::Null, "the value of that moment");
        assert_eq!(events[1]["key"]["balance"], "1");
        assert_eq!(events.len(), 2);
        // Three solved tasks: three credits, each with the balance after it.
        let mut earned = Usd::ZERO;
        for task in ["a", "b", "c"] {
            let cost = usd(&solve(&server, &dispatcher, "two_captcha", task).await["cost"]);
            earned += cost;
            let credit = stream.until("a credit", |event| event["__typename"] == "TransactionPosted").await;
            let last = credit.last().expect("an event");
            assert_eq!(last["transaction"]["kind"], "RECYCLE_CREDIT");
            assert_eq!(usd(&last["transaction"]["amount"]), cost);
            assert_eq!(usd(&last["transaction"]["balanceAfter"]), earned);
            events.extend(credit);
        }
        let shown = |events: &[Value]| {
            let balances = events.iter().filter(|event| event["key"]["balance"].is_string());
            balances.map(|event| usd(&event["key"]["balance"])).collect::<Vec<_>>()
        };
        // Somebody spends the rest elsewhere; a reading long after the last task shows it.
        let left = (Usd::from_nanos(1_000_000_000) - earned).to_string();
        server.providers.spend_outside("two_captcha", &key, &left).await;
        server.pass_time(Duration::from_secs(600)).await;
        events.extend(stream.until("DEPLETED", |event| event["key"]["status"] == "DEPLETED").await);
        let last = &events[events.len() - 1]["key"];
        assert_eq!((&last["balance"], usd(&last["credited"])), (&json!("0"), earned));
        assert_gapless(&events);
        let versions: Vec<i64> = events.iter().filter_map(|event| event["key"]["version"].as_i64()).collect();
        assert!(versions.windows(2).all(|pair| pair[1] > pair[0]), "{versions:?}");
        let mut different = shown(&events);
        different.dedup();
        assert!(different.len() >= 4, "each change of the balance is told: {different:?}");
        assert!(events.iter().all(|event| event["__typename"] != "KeyChanged" || event["key"]["id"] == id));
        // The same again from the beginning is the same to the letter.
        let mut replay = Stream::open(&server, &owner, snapshot["cursor"].clone()).await;
        for event in &events {
            assert_eq!(replay.next().await, *event);
        }
        server.stop().await;
    }

    async fn owners_see_their_own_events_alone(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let (ada, bo) = (server.owner(ADA), server.owner(BO));
        let (mut adas, _) = Stream::fresh(&server, &ada).await;
        let (mut bos, snapshot) = Stream::fresh(&server, &bo).await;
        for (user, amount) in [(ADA, "1"), (BO, "2"), (ADA, "3"), (BO, "4")] {
            deposit(&billing, user, amount).await;
        }
        for (stream, amounts) in [(&mut adas, ["1", "3"]), (&mut bos, ["2", "4"])] {
            for amount in amounts {
                assert_eq!(stream.next().await["transaction"]["amount"], amount);
            }
            stream.stays_silent(Duration::from_millis(1_500)).await;
        }
        // Bo's cursor is nothing to Ada.
        let mut foreign = Stream::open(&server, &ada, snapshot["cursor"].clone()).await;
        let refused = foreign.socket.next().await.message();
        assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        server.stop().await;
    }

    async fn a_lease_writes_no_event(database) {
        let mut server = Server::start(database).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let owner = server.owner(ADA);
        let key = server.providers.key("two_captcha", "1").await;
        let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        let rows = server.database.connect().await;
        let count = "SELECT count(*) FROM event";
        let before = sql::number(&rows, count).await;
        let (mut stream, _) = Stream::fresh(&server, &owner).await;
        let opened = dispatcher.open_lease("t", 1, json!({ "taskType": "TURNSTILE" })).await;
        assert_eq!(opened["userErrors"], json!([]));
        assert_ne!(owner.key(&id).await["held"], "0", "the hold is there to be read");
        let document = "mutation($id: ID!) { releaseLease(input: { attemptId: $id }) { userErrors { code } } }";
        let released = dispatcher.run(document, json!({ "id": opened["lease"]["attempt"]["id"] })).await.data();
        assert_eq!(released["releaseLease"]["userErrors"], json!([]));
        stream.stays_silent(Duration::from_millis(1_500)).await;
        assert_eq!(sql::number(&rows, count).await, before);
        rename(&owner, &id, "a new name").await;
        assert_eq!(stream.next().await["key"]["label"], "a new name");
        server.stop().await;
    }

    /// Fifty changes at one moment: fifty events, numbered without a gap, all heard.
    async fn the_sequence_has_no_gap_under_load(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let owner = server.owner(ADA);
        let key = server.providers.key("two_captcha", "1").await;
        let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        let (mut stream, snapshot) = Stream::fresh(&server, &owner).await;
        let amounts: Vec<String> = (1..=25).map(|number| number.to_string()).collect();
        let labels: Vec<String> = (1..=25).map(|number| format!("label {number}")).collect();
        let deposits = futures_util::future::join_all(amounts.iter().map(|amount| deposit(&billing, ADA, amount)));
        let renames = futures_util::future::join_all(labels.iter().map(|label| rename(&owner, &id, label)));
        futures_util::future::join(deposits, renames).await;
        let mut events = vec![snapshot];
        for _ in 0..50 {
            events.push(stream.next().await);
        }
        assert_gapless(&events);
        stream.stays_silent(Duration::from_millis(1_200)).await;
        let mut heard: Vec<String> = events[1..]
            .iter()
            .map(|event| event["key"]["label"].as_str().or(event["transaction"]["amount"].as_str()).expect("one").to_owned())
            .collect();
        let mut expected: Vec<String> = amounts.into_iter().chain(labels).collect();
        heard.sort();
        expected.sort();
        assert_eq!(heard, expected);
        let mut balance = Usd::ZERO;
        for posted in events.iter().filter(|event| event["__typename"] == "TransactionPosted") {
            balance += usd(&posted["transaction"]["amount"]);
            assert_eq!(usd(&posted["transaction"]["balanceAfter"]), balance);
        }
        server.stop().await;
    }
}

/// A deposit under a name of its own.
pub(super) async fn deposit(billing: &crate::support::Caller, user: i64, amount: &str) {
    let document = "mutation($input: DepositCreditsInput!) { depositCredits(input: $input) { userErrors { code } } }";
    let input = json!({ "account": { "telegramUserId": user.to_string() }, "amount": amount,
        "idempotencyKey": format!("{user} {amount}") });
    let answer = billing.run(document, json!({ "input": input })).await.data();
    assert_eq!(answer["depositCredits"]["userErrors"], json!([]));
}

//! The regular readings: spread, claimed, shared between servers, and quiet when nothing changes.

use std::time::Duration;

use key_recycling::domain::Clock;
use serde_json::json;

use crate::support::{Caller, Database, Server, eventually};

const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// A server whose interval is an hour of its own clock.
async fn hourly_server(database: Database) -> Server {
    let more = "[keys]\nsubmissions_per_hour = 1000\nper_account = 1000\n";
    Server::start_edited(database, |text| text.replace("\ninterval = \"1s\"", "\ninterval = \"1h\"") + more).await
}

/// Hands over keys with a dollar each.
async fn hand_over(server: &Server, owner: &Caller, count: usize) -> Vec<String> {
    let mut keys = Vec::new();
    for _ in 0..count {
        let key = server.providers.key("two_captcha", "1").await;
        let submitted = owner.submit("TWO_CAPTCHA", &key).await;
        assert_eq!(submitted["key"]["status"], "ACTIVE", "{submitted}");
        keys.push(key);
    }
    keys
}

/// How often each key was read.
async fn readings(server: &Server, keys: &[String]) -> Vec<u64> {
    let mut counts = Vec::new();
    for key in keys {
        counts.push(server.providers.readings("two_captcha", key).await);
    }
    counts
}

async fn number(server: &Server, sql: &str) -> i64 {
    server.database.number(sql).await.expect("a number")
}

on_both_databases! {
    async fn readings_are_spread_over_the_interval_and_keep_their_phase(database) {
        let mut server = hourly_server(database).await;
        let owner = server.owner(5_000_000_001);
        let keys = hand_over(&server, &owner, 24).await;
        let phases = "SELECT CAST(sum(next_sync_at % 3600000000) AS bigint) FROM provider_key";
        let before = number(&server, phases).await;
        let width = number(&server, "SELECT max(next_sync_at) - min(next_sync_at) FROM provider_key").await;
        assert!(width > 30 * 60 * 1_000_000, "24 keys lie within {} s of an hour", width / 1_000_000);
        let ahead = "SELECT max(next_sync_at - read_at) FROM provider_key";
        assert!(number(&server, ahead).await <= 3_600_000_000, "the first pass comes within the interval");
        let first = readings(&server, &keys).await;
        server.pass_time(INTERVAL).await;
        eventually("every key is read again", || async {
            let again = readings(&server, &keys).await;
            again.iter().zip(&first).all(|(now, then)| now > then).then_some(())
        })
        .await;
        eventually("the readings are recorded", || async {
            let claims = number(&server, "SELECT count(*) FROM provider_key WHERE claim IS NOT NULL").await;
            (claims == 0).then_some(())
        })
        .await;
        assert_eq!(number(&server, phases).await, before, "each key keeps its phase");
        server.stop().await;
    }

    async fn a_dead_readers_claim_lapses(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let keys = hand_over(&server, &owner, 1).await;
        let id = if server.database.is_sqlite() { "x'00000000000000000000000000000001'" } else { "'00000000-0000-0000-0000-000000000001'" };
        let until = "(SELECT max(read_at) FROM provider_key) + 60000000";
        server.database.execute(&format!("UPDATE provider_key SET claim = {id}, claimed_until = {until}")).await;
        let before = readings(&server, &keys).await;
        server.leap(Duration::from_secs(20));
        let pass = server.app().keys.sync_due().await.expect("the database works");
        assert_eq!((pass, readings(&server, &keys).await), (0, before.clone()), "a claimed key is left alone");
        server.leap(Duration::from_secs(60));
        eventually("the claim lapses", || async { (readings(&server, &keys).await > before).then_some(()) }).await;
        server.stop().await;
    }

    async fn a_reading_that_changes_nothing_leaves_nothing(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let keys = hand_over(&server, &owner, 2).await;
        let (events, samples) = ("SELECT count(*) FROM event", "SELECT count(*) FROM balance_sample");
        let before = (number(&server, events).await, number(&server, samples).await);
        assert_eq!(before, (4, 2), "taken, then read: two events a key, one sample");
        let first = readings(&server, &keys).await;
        eventually("three more readings of each", || async {
            let now = readings(&server, &keys).await;
            now.iter().zip(&first).all(|(now, first)| *now >= first + 3).then_some(())
        })
        .await;
        assert_eq!((number(&server, events).await, number(&server, samples).await), before);
        server.providers.spend_outside("two_captcha", &keys[0], "0.5").await;
        eventually("the change is told", || async {
            let now = (number(&server, events).await, number(&server, samples).await);
            (now == (5, 3)).then_some(())
        })
        .await;
        server.stop().await;
    }

    async fn readings_go_on_after_a_restart(database) {
        let mut server = Server::start(database).await;
        let keys = hand_over(&server, &server.owner(5_000_000_001), 3).await;
        server.restart().await;
        let before = readings(&server, &keys).await;
        eventually("every key is read", || async {
            let now = readings(&server, &keys).await;
            now.iter().zip(&before).all(|(now, before)| now > before).then_some(())
        })
        .await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_the_readings_and_read_nothing_twice() {
    let mut server = hourly_server(Database::postgres().await).await;
    let owner = server.owner(5_000_000_001);
    let keys = hand_over(&server, &owner, 40).await;
    server.providers.settings("two_captcha", json!({ "latency_ms": [50, 100] })).await;
    let second = server.second().await;
    // A key whose own time comes while the test looks would be read twice, and rightly.
    eventually("no key's own time comes within a minute", || async {
        let now = server.clock.now().micros();
        let soon = "SELECT count(*) FROM provider_key WHERE claim IS NOT NULL OR next_sync_at <= ";
        if number(&server, &format!("{soon}{}", now + 60_000_000)).await == 0 {
            return Some(());
        }
        server.pass_time(Duration::from_secs(5)).await;
        None
    })
    .await;
    for _ in 0..3 {
        // Due at one moment, so that both servers go for the same rows.
        let first = readings(&server, &keys).await;
        server.database.execute("UPDATE provider_key SET next_sync_at = read_at").await;
        eventually("every key is read", || async {
            let due = "SELECT count(*) FROM provider_key WHERE next_sync_at <= read_at OR claim IS NOT NULL";
            (number(&server, due).await == 0).then_some(())
        })
        .await;
        let once: Vec<u64> = first.iter().map(|count| count + 1).collect();
        assert_eq!(readings(&server, &keys).await, once, "each key is read once");
    }
    second.shutdown().await;
    server.stop().await;
}

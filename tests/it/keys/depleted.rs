//! Depleted keys are asked after ever less often: many of them, for a day, are no burden to a provider.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use crate::support::keys::fresh_key;
use crate::support::sandbox::{SLUGS, code};
use crate::support::{Caller, Database, Plan, Server, eventually};
use key_recycling::domain::Clock as _;

const MINUTE: Duration = Duration::from_secs(60);
const MINUTES: usize = 24 * 60;

/// Readings that a key may see in the day: the first hours double from five minutes, then six hours each.
const OF_A_KEY: u64 = 12;

/// Calls in a minute that the providers put up with: 2Captcha documents 120 of a kind, uCaptcha 10,000 in ten
/// seconds; where nothing is documented it is what we allow ourselves.
const OF_A_MINUTE: [i64; 6] = [119, 1_200, 1_200, 1_200, 300, 60_000];

/// A server at the pace of the catalogue, with the intervals of the default configuration.
async fn leisurely(database: Database) -> Server {
    Server::start_edited(database, |text| {
        let text =
            text.replace("\ninterval = \"1s\"", "\ninterval = \"5m\"").replace("requests_per_second = 1000\n", "");
        text + "[keys]\nsubmissions_per_hour = 1000\nper_account = 1000\nvalidation_wait = \"30s\"\n"
    })
    .await
}

async fn empty_key(server: &Server, owner: &Caller, slug: &'static str) -> (&'static str, String) {
    let key = fresh_key(slug);
    server.providers.set_key(slug, &key, json!({ "balance": "0" })).await;
    let submitted = owner.submit(&code(slug), &key).await;
    assert_eq!(submitted["key"]["status"], "DEPLETED", "{slug}: {submitted}");
    (slug, key)
}

/// Waits until every reading that is due has come in. Answers whether there was any.
async fn until_read(server: &Server) -> bool {
    let now = server.clock.now().micros();
    let due = format!("SELECT count(*) FROM provider_key WHERE next_sync_at <= {now} OR claim IS NOT NULL");
    if server.database.number(&due).await == Some(0) {
        return false;
    }
    eventually("what is due is read", || async { (server.database.number(&due).await == Some(0)).then_some(()) }).await;
    true
}

on_both_databases! {
    async fn a_day_of_depleted_keys_asks_no_more_than_providers_allow(database) {
        let mut plan = Plan::begin("depleted", &database);
        let mut server = leisurely(database).await;
        let owner = server.owner(5_000_000_001);
        let count = usize::try_from(plan.size).expect("a small number");
        let handed = stream::iter(SLUGS.iter().cycle().take(count)).map(|slug| empty_key(&server, &owner, slug));
        let keys: Vec<(&str, String)> = handed.buffer_unordered(32).collect().await;
        let mut most = [0; SLUGS.len()];
        for _ in 0..MINUTES {
            let begin = server.clock.now().micros();
            server.pass_time(MINUTE).await;
            if !until_read(&server).await {
                continue;
            }
            for (most, slug) in most.iter_mut().zip(SLUGS) {
                let provider = code(slug);
                let sql = format!("SELECT count(*) FROM provider_key WHERE provider = '{provider}' AND read_at > {begin}");
                *most = server.database.number(&sql).await.unwrap_or_default().max(*most);
            }
        }
        let mut readings = 0;
        for (slug, key) in &keys {
            let of_key = server.providers.readings(slug, key).await;
            assert!((5..=OF_A_KEY).contains(&of_key), "{slug}: {of_key} readings of one key");
            readings += of_key;
        }
        for ((most, limit), slug) in most.into_iter().zip(OF_A_MINUTE).zip(SLUGS) {
            assert!(most <= limit, "{slug}: {most} readings in a minute");
        }
        let depleted = server.database.number("SELECT count(*) FROM provider_key WHERE status = 'DEPLETED'").await;
        assert_eq!(depleted, i64::try_from(count).ok(), "all are where they were");
        plan.did(count as u64);
        plan.note("readings", readings);
        plan.note("most readings in a minute at one provider", most.into_iter().max().unwrap_or(0).unsigned_abs());
        server.stop().await;
    }
}

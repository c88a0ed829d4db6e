//! Trouble at the provider: it delays, it is shown, and it is never the key's fault.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{lively, until, until_passing};
use crate::support::sandbox::{SLUGS, code};
use crate::support::{Caller, Server, eventually};

const STEP: Duration = Duration::from_secs(5);

/// Answers that say nothing about a key, and the problem that a key shows for them.
fn troubles() -> Vec<(&'static str, Value)> {
    let figure = |text: &str| ("BALANCE_UNREADABLE", json!({ "kind": "balance_text", "text": text }));
    let silence = |fault: Value| ("PROVIDER_UNAVAILABLE", fault);
    vec![
        silence(json!({ "kind": "hang", "ms": 1500 })),
        silence(json!({ "kind": "html", "status": 502 })),
        silence(json!({ "kind": "html" })),
        silence(json!({ "kind": "status", "status": 500 })),
        silence(json!({ "kind": "status", "status": 401 })),
        silence(json!({ "kind": "status", "status": 302, "headers": { "location": "http://127.0.0.1:1/" } })),
        silence(json!({ "kind": "redirect", "location": "http://127.0.0.1:1/" })),
        silence(json!({ "kind": "truncate" })),
        silence(json!({ "kind": "garbage" })),
        silence(json!({ "kind": "reset" })),
        silence(json!({ "kind": "reset_mid_body" })),
        silence(json!({ "kind": "huge_body", "bytes": 1_000_000 })),
        silence(json!({ "kind": "raw", "body": "[]" })),
        figure("1e308"),
        figure("1000001"),
        figure("\"a lot\""),
        figure("null"),
        figure("1234567890123456789012345678901234567890"),
    ]
}

/// The problem that a key of the provider shows: `null` has no place in the legacy dialect.
fn shown_at(slug: &str, problem: &'static str, fault: &Value) -> &'static str {
    if slug == "multibot" && fault["text"] == "null" { "PROVIDER_UNAVAILABLE" } else { problem }
}

/// Hands a key over while its provider is in trouble, and answers it: PENDING, with the problem.
async fn pending(server: &Server, owner: &Caller, slug: &str, problem: &str, fault: &Value) -> Value {
    let key = server.providers.key(slug, "1").await;
    server.providers.balance_fault(slug, &key, 1, fault.clone()).await;
    let submitted = owner.submit(&code(slug), &key).await;
    let what = format!("{slug}, {fault}");
    assert_eq!(submitted["userErrors"], json!([]), "{what}");
    assert_eq!(submitted["key"]["status"], "PENDING", "{what}: {submitted}");
    let id = submitted["key"]["id"].clone();
    let shown = until(owner, &id, "the problem is shown", |key| key["problem"].is_object()).await;
    assert_eq!((&shown["status"], &shown["problem"]["code"]), (&json!("PENDING"), &json!(problem)), "{what}");
    assert!(shown["problem"]["retryAt"].is_string() && shown["balance"].is_null(), "{what}: {shown}");
    id
}

on_both_databases! {
    async fn trouble_at_submission_leaves_a_key_pending_until_it_is_over(database) {
        let more = "[keys]\nvalidation_wait = \"1s\"\nsubmissions_per_hour = 1000\nper_account = 1000\n";
        let mut server = Server::start_with(database, more).await;
        let server_ref = &server;
        for (number, (problem, fault)) in (1..).zip(troubles()) {
            let owner = &server.owner(5_000_000_000 + number);
            let submit = |slug| pending(server_ref, owner, slug, shown_at(slug, problem, &fault), &fault);
            let ids = join_all(SLUGS.map(submit)).await;
            for id in &ids {
                let well = |key: &Value| key["status"] == "ACTIVE" && key["problem"].is_null();
                until_passing(&server, owner, id, STEP, &fault.to_string(), well).await;
            }
        }
        server.stop().await;
    }

    async fn a_balance_that_is_no_json_number_is_no_balance(database) {
        let mut server = Server::start_with(database, "[keys]\nsubmissions_per_hour = 1000\n").await;
        let owner = server.owner(5_000_000_001);
        for slug in SLUGS {
            for text in ["NaN", "Infinity", "--1", "0x10"] {
                let key = server.providers.key(slug, "1").await;
                let fault = json!({ "kind": "balance_text", "text": text });
                server.providers.balance_fault(slug, &key, 1, fault).await;
                let submitted = owner.submit(&code(slug), &key).await;
                assert_eq!(submitted["key"]["status"], "PENDING", "{slug}, {text}: {submitted}");
                assert!(submitted["key"]["problem"].is_object(), "{slug}, {text}");
            }
        }
        server.stop().await;
    }

    async fn a_negative_balance_is_none(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        for slug in SLUGS {
            let key = server.providers.key(slug, "1").await;
            server.providers.balance_fault(slug, &key, 1, json!({ "kind": "balance_text", "text": "-3.5" })).await;
            let submitted = owner.submit(&code(slug), &key).await;
            let found = (&submitted["key"]["status"], &submitted["key"]["balance"]);
            assert_eq!(found, (&json!("DEPLETED"), &json!("0")), "{slug}: {submitted}");
            until(&owner, &submitted["key"]["id"], "the key returns", |key| key["status"] == "ACTIVE").await;
        }
        server.stop().await;
    }

    async fn refusals_of_our_address_name_what_is_refused(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        for (slug, provider_code, problem) in [
            ("two_captcha", "ERROR_IP_NOT_ALLOWED", "ADDRESS_NOT_ALLOWED"),
            ("anti_captcha", "ERROR_IP_NOT_ALLOWED", "ADDRESS_NOT_ALLOWED"),
            ("capmonster_cloud", "ERROR_IP_NOT_ALLOWED", "ADDRESS_NOT_ALLOWED"),
            ("two_captcha", "ERROR_IP_BLOCKED", "PROVIDER_UNAVAILABLE"),
            ("capsolver", "ERROR_IP_BANNED", "PROVIDER_UNAVAILABLE"),
            ("capsolver", "ERROR_KEY_TEMP_BLOCKED", "TEMPORARILY_BLOCKED"),
        ] {
            let key = server.providers.key(slug, "1").await;
            let fault = json!({ "kind": "error", "code": provider_code });
            server.providers.balance_fault(slug, &key, 1, fault.clone()).await;
            let submitted = owner.submit(&code(slug), &key).await;
            let id = &submitted["key"]["id"];
            let expected = json!({ "code": problem, "providerCode": provider_code });
            assert_eq!((&submitted["key"]["status"], &submitted["key"]["problem"]), (&json!("PENDING"), &expected), "{slug}");
            let step = Duration::from_secs(60);
            until_passing(&server, &owner, id, step, provider_code, |key| key["status"] == "ACTIVE").await;
            server.providers.balance_fault(slug, &key, 1, fault).await;
            let ill = until(&owner, id, "the problem is shown", |key| key["problem"].is_object()).await;
            assert_eq!((&ill["status"], &ill["balance"]), (&json!("ACTIVE"), &json!("1")), "{slug}, {provider_code}");
            assert_eq!(ill["problem"]["code"], problem, "{slug}, {provider_code}");
            assert_eq!(ill["lendable"], problem == "PROVIDER_UNAVAILABLE", "{slug}, {provider_code}");
            let until = ill["problem"]["retryAt"].as_str().expect("it says until when").to_owned();
            assert!(until.as_str() > ill["problem"]["since"].as_str().expect("since when"), "{slug}: {ill}");
            until_passing(&server, &owner, id, step, provider_code, |key| key["problem"].is_null()).await;
        }
        server.stop().await;
    }

    async fn a_key_that_rests_for_a_charge_is_not_lent_for_a_reading(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        let rest = "UPDATE provider_key SET problem_code = 'CHECKING_CHARGE', problem_since = 1";
        server.database.execute(rest).await;
        let before = server.providers.readings("two_captcha", &key).await;
        server.providers.balance_fault("two_captcha", &key, 1, json!({ "kind": "garbage" })).await;
        eventually("a reading fails and two succeed", || async {
            (server.providers.readings("two_captcha", &key).await >= before + 2).then_some(())
        })
        .await;
        let resting = owner.key(&id).await;
        let found = (&resting["problem"]["code"], &resting["lendable"]);
        assert_eq!(found, (&json!("CHECKING_CHARGE"), &json!(false)), "{resting}");
        server.stop().await;
    }

    async fn trouble_with_an_active_key_changes_neither_status_nor_balance(database) {
        let mut server = Server::start(database).await;
        for (number, (slug, (problem, fault))) in (1..).zip(SLUGS.into_iter().cycle().zip(troubles())) {
            let owner = server.owner(5_000_000_000 + number);
            let (key, id) = lively(&server, &owner, slug, if slug == "multibot" { "1000" } else { "1" }).await;
            server.providers.balance_fault(slug, &key, 1_000, fault.clone()).await;
            let ill = until(&owner, &id, "the problem is shown", |key| key["problem"].is_object()).await;
            let problem = shown_at(slug, problem, &fault);
            let expected = (&json!("ACTIVE"), &json!("1"), &json!(problem), &json!(true));
            let found = (&ill["status"], &ill["balance"], &ill["problem"]["code"], &ill["lendable"]);
            assert_eq!(found, expected, "{slug}, {fault}: {ill}");
            server.pass_time(Duration::from_secs(3)).await;
            let checked = owner.check(&id).await;
            assert_eq!((&checked["key"]["status"], &checked["key"]["balance"]), (&json!("ACTIVE"), &json!("1")), "{fault}");
            let stale = until(&owner, &id, "the figure is called stale", |key| key["stale"] == true).await;
            assert_eq!((&stale["status"], &stale["balance"]), (&json!("ACTIVE"), &json!("1")), "{slug}, {fault}");
            server.providers.clear_faults(slug).await;
            let well = |key: &Value| key["problem"].is_null() && key["stale"] == false;
            until_passing(&server, &owner, &id, Duration::from_secs(1), "the key is well again", well).await;
            owner.remove(&id).await;
        }
        server.stop().await;
    }
}

//! Submission: formats, spellings, wrong keys, two hands on one key, and the limits.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{calm_server, lively, only_error, stop_timer, until};
use crate::support::keys::fresh_key;
use crate::support::sandbox::{SLUGS, code};
use crate::support::{Caller, Plan, Server};

const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 60);

/// Texts that cannot be a key of the provider.
fn malformed(slug: &str) -> Vec<String> {
    let hex = "0123456789abcdef".repeat(2);
    let mut texts =
        vec![String::new(), " \n ".to_owned(), "k".repeat(10_240), format!("lease_{}", "a2".repeat(38) + "a")];
    texts.extend(match slug {
        "two_captcha" | "anti_captcha" => vec![hex[1..].to_owned(), format!("{hex}0"), "g".repeat(32), "é".repeat(16)],
        "capsolver" => vec![hex.clone(), format!("cap-{hex}"), format!("CAP-{}", "!".repeat(32)), "CAP-".to_owned()],
        _ => vec!["fifteen-letters".to_owned(), "x".repeat(129), "with a space in between".to_owned(), "é".repeat(20)],
    });
    texts
}

on_both_databases! {
    async fn a_text_that_cannot_be_a_key_is_refused_without_a_call(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        for slug in SLUGS {
            for text in malformed(slug) {
                let refused = owner.submit(&code(slug), &text).await;
                assert_eq!(refused["key"], Value::Null, "{slug}");
                let error = only_error(&refused);
                assert_eq!((&error["code"], &error["field"]), (&json!("KEY_FORMAT"), &json!(["key"])), "{slug}: {text:.40}");
            }
            assert_eq!(server.providers.unknown_key_calls(slug).await, 0, "{slug} was asked");
        }
        server.stop().await;
    }

    async fn an_unknown_provider_is_a_fault_of_the_request(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let key = fresh_key("two_captcha");
        let document = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) { key { id } } }";
        let input = json!({ "input": { "provider": "THREE_CAPTCHA", "key": key } });
        let answer = owner.run(document, input).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{answer:?}");
        assert!(!answer.0.to_string().contains(&key), "the key comes back");
        server.stop().await;
    }

    async fn a_key_is_one_key_in_every_spelling(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        for slug in SLUGS {
            let (key, id) = lively(&server, &owner, slug, "1").await;
            stop_timer(&server).await;
            let mut spellings = vec![key.clone(), format!("  {key}\t\n")];
            match slug {
                "two_captcha" | "anti_captcha" => spellings.push(key.to_uppercase()),
                "capsolver" => spellings.push(format!("CAP-{}", key[4..].to_lowercase())),
                "capmonster_cloud" => spellings.push(format!("{key}__recognizingthreshold_70")),
                _ => {}
            }
            for spelling in spellings {
                let again = owner.submit(&code(slug), &spelling).await;
                assert_eq!(again["key"]["id"], id, "{slug}: {again}");
                assert_eq!(again["key"]["status"], "ACTIVE", "{slug}");
            }
            assert_eq!(server.providers.readings(slug, &key).await, 1, "{slug} was asked again");
        }
        server.stop().await;
    }

    async fn a_pasted_suffix_and_spaces_are_not_sent(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("capmonster_cloud", "1").await;
        let submitted = owner.submit("CAPMONSTER_CLOUD", &format!(" {key}__nocache \n")).await;
        assert_eq!(submitted["key"]["status"], "ACTIVE", "{submitted}");
        server.stop().await;
    }

    async fn a_wrong_key_is_invalid_and_then_known_to_be(database) {
        let mut server = calm_server(database).await;
        let (owner, other) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
        let live = server.providers.key("two_captcha", "1").await;
        owner.submit("TWO_CAPTCHA", &live).await;
        let live_elsewhere = other.submit("TWO_CAPTCHA", &live).await;
        assert_eq!(only_error(&live_elsewhere)["code"], "KEY_NOT_ACCEPTED");
        let mut wrong = Vec::new();
        for slug in SLUGS {
            let key = fresh_key(slug);
            let submitted = owner.submit(&code(slug), &key).await;
            assert_eq!(submitted["userErrors"], json!([]), "{slug}");
            assert_eq!(submitted["key"]["status"], "INVALID", "{slug}: {submitted}");
            assert_eq!(submitted["key"]["problem"]["code"], "REJECTED", "{slug}");
            let provider_code = submitted["key"]["problem"]["providerCode"].as_str();
            assert!(provider_code.is_some_and(|code| code.contains("KEY")), "{slug}: {provider_code:?}");
            assert_eq!(submitted["key"]["lendable"], false, "{slug}");
            let calls = server.providers.unknown_key_calls(slug).await;
            for caller in [&other, &owner] {
                let refused = caller.submit(&code(slug), &key).await;
                assert_eq!(refused, live_elsewhere, "{slug}: a known-bad key and another's live one look alike");
                assert!(!refused.to_string().contains(&key), "{slug}: the key comes back");
            }
            assert_eq!(server.providers.unknown_key_calls(slug).await, calls, "{slug} was asked");
            wrong.push((slug, key, submitted["key"]["id"].clone()));
        }
        server.pass_time(DAY).await;
        let owner = server.owner(5_000_000_001);
        for (slug, key, id) in wrong {
            server.providers.set_key(slug, &key, json!({ "balance": "1" })).await;
            let revived = owner.submit(&code(slug), &key).await;
            assert_eq!((&revived["key"]["id"], &revived["key"]["status"]), (&id, &json!("ACTIVE")), "{slug}: {revived}");
        }
        server.stop().await;
    }

    async fn of_fifty_owners_at_the_same_moment_one_gets_the_key(database) {
        let mut plan = Plan::begin("fifty owners", &database);
        let mut server = calm_server(database).await;
        let owners: Vec<Caller> = (1..=50).map(|number| server.owner(5_000_000_000 + number)).collect();
        for owner in &owners {
            owner.account().await;
        }
        let rounds = usize::try_from(plan.size).expect("a small number");
        let mut alike = None;
        for round in 0..rounds {
            let slug = SLUGS[round % SLUGS.len()];
            let key = server.providers.key(slug, "1").await;
            let provider = code(slug);
            let answers = join_all(owners.iter().map(|owner| owner.submit(&provider, &key))).await;
            let (taken, refused): (Vec<&Value>, Vec<&Value>) = answers.iter().partition(|answer| answer["key"].is_object());
            assert_eq!((taken.len(), refused.len()), (1, 49), "{slug}: {answers:?}");
            assert_eq!(taken[0]["key"]["status"], "ACTIVE", "{slug}: {}", taken[0]);
            let first = alike.get_or_insert_with(|| refused[0].clone());
            assert_eq!(only_error(first)["code"], "KEY_NOT_ACCEPTED", "{slug}");
            assert!(refused.iter().all(|answer| *answer == first), "{slug}: {refused:?}");
            assert_eq!(server.providers.readings(slug, &key).await, 1, "{slug} was asked by one of them");
        }
        plan.did(rounds as u64);
        server.stop().await;
    }

    async fn the_same_owner_many_times_at_once_has_one_key_and_one_validation(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("two_captcha", "1").await;
        let provider = code("two_captcha");
        let answers = join_all((0..8).map(|_| owner.submit(&provider, &key))).await;
        let id = &answers[0]["key"]["id"];
        assert!(id.is_string());
        for answer in &answers {
            assert_eq!((&answer["key"]["id"], &answer["userErrors"]), (id, &json!([])), "{answer}");
        }
        until(&owner, id, "the key is validated", |key| key["status"] == "ACTIVE").await;
        stop_timer(&server).await;
        assert_eq!(server.providers.readings("two_captcha", &key).await, 1);
        server.stop().await;
    }

    async fn a_label_is_trimmed_kept_and_bounded(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("two_captcha", "1").await;
        let (own, foreign) = (fresh_key("two_captcha"), fresh_key("capsolver"));
        for label in ["l".repeat(65), "two\nlines".to_owned(), "bell\u{7}".to_owned(), own, format!("was {foreign}")] {
            let refused = owner.submit_as("TWO_CAPTCHA", &key, Some(&label)).await;
            let error = only_error(&refused);
            assert_eq!((&error["code"], &error["field"]), (&json!("LABEL_FORMAT"), &json!(["label"])), "{label:?}");
        }
        let label = "ключ 🔑 ".repeat(9);
        let submitted = owner.submit_as("TWO_CAPTCHA", &key, Some(&format!("  {label}  "))).await;
        assert_eq!(submitted["key"]["label"], label.trim());
        let id = submitted["key"]["id"].clone();
        assert_eq!(owner.submit_as("TWO_CAPTCHA", &key, None).await["key"]["label"], label.trim());
        assert_eq!(owner.submit_as("TWO_CAPTCHA", &key, Some("other")).await["key"]["label"], "other");
        assert_eq!(owner.rename(&id, Some(" third ")).await["key"]["label"], "third");
        assert_eq!(only_error(&owner.rename(&id, Some(&"l".repeat(65))).await)["code"], "LABEL_FORMAT");
        assert_eq!(owner.rename(&id, None).await["key"]["label"], Value::Null);
        server.stop().await;
    }

    async fn an_account_has_so_many_keys_and_no_more(database) {
        let mut server = Server::start_with(database, "[keys]\nper_account = 2\n").await;
        let (owner, other) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
        let (_, first) = lively(&server, &owner, "two_captcha", "1").await;
        let (second, _) = lively(&server, &owner, "capsolver", "1").await;
        let third = server.providers.key("two_captcha", "1").await;
        let refused = owner.submit("TWO_CAPTCHA", &third).await;
        assert_eq!(only_error(&refused)["code"], "KEY_LIMIT");
        assert_eq!(server.providers.readings("two_captcha", &third).await, 0, "nobody was asked");
        assert_eq!(owner.submit("CAPSOLVER", &second).await["userErrors"], json!([]), "its own keys count once");
        lively(&server, &other, "two_captcha", "1").await;
        owner.remove(&first).await;
        assert_eq!(owner.submit("TWO_CAPTCHA", &third).await["key"]["status"], "ACTIVE");
        server.stop().await;
    }

    async fn submissions_are_limited_by_the_hour(database) {
        let mut server = Server::start_with(database, "[keys]\nsubmissions_per_hour = 2\n").await;
        let (owner, other) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
        for _ in 0..2 {
            lively(&server, &owner, "two_captcha", "1").await;
        }
        let key = server.providers.key("two_captcha", "1").await;
        assert_eq!(only_error(&owner.submit("TWO_CAPTCHA", "short").await)["code"], "KEY_FORMAT");
        let refused = owner.submit("TWO_CAPTCHA", &key).await;
        let error = only_error(&refused);
        assert_eq!(error["code"], "TOO_MANY_SUBMISSIONS");
        assert!(error["retryAt"].is_string(), "{error}");
        assert_eq!(server.providers.readings("two_captcha", &key).await, 0, "nobody was asked");
        lively(&server, &other, "two_captcha", "1").await;
        server.pass_time(Duration::from_secs(60 * 60)).await;
        assert_eq!(owner.submit("TWO_CAPTCHA", &key).await["key"]["status"], "ACTIVE");
        server.stop().await;
    }

    async fn a_closed_provider_and_a_frozen_account_take_no_keys(database) {
        let close = |text: String| text.replace("[providers.capsolver]\n", "[providers.capsolver]\nenabled = false\n");
        let mut server = Server::start_edited(database, close).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("capsolver", "1").await;
        let refused = owner.submit("CAPSOLVER", &key).await;
        let error = only_error(&refused);
        assert_eq!((&error["code"], &error["field"]), (&json!("PROVIDER_CLOSED"), &json!(["provider"])));
        assert_eq!(server.providers.readings("capsolver", &key).await, 0, "nobody was asked");
        owner.account().await;
        server.database.execute("UPDATE account SET frozen_at = 1 WHERE telegram_user_id = 5000000001").await;
        let key = server.providers.key("two_captcha", "1").await;
        assert_eq!(only_error(&owner.submit("TWO_CAPTCHA", &key).await)["code"], "ACCOUNT_FROZEN");
        assert_eq!(server.providers.readings("two_captcha", &key).await, 0, "nobody was asked");
        server.stop().await;
    }
}

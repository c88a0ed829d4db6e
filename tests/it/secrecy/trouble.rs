//! What ill providers do with keys: they name them in answers of every form, redirect with them, hang up, and
//! are silent for longer than anybody waits.
//!
//! Each fault is ordered for one key, of an owner of its own, and it has to happen: at the end none is left waiting.

use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use super::scenario::{Callers, Planted, attempt, hand_over_good, owner, remove, submit};
use super::witness::Witness;
use crate::support::eventually;
use crate::support::keys::fresh_key;
use crate::support::sandbox::{SLUGS, TOO_LONG_MS};
use crate::support::wait::eventually_within;

/// Telegram's ids of the owners: so many for each provider, from here.
const OWNERS_FROM: i64 = 6_000_000_000;
const OWNERS_OF_A_PROVIDER: i64 = 1_000;

/// What has to be seen of a call that nobody answers: longer than it is waited for.
const SILENCE: Duration = Duration::from_secs(90);

/// Calls that nobody answers in time, at all providers.
pub(super) const SILENCES: usize = 2 * SLUGS.len();

/// A provider with those who suffer from it.
struct Ward<'a> {
    witness: &'a Witness,
    planted: &'a Planted,
    callers: &'a Callers,
    slug: &'a str,
}

/// Has all providers be ill at once.
pub(super) async fn suffer(witness: &Witness, planted: &Planted, callers: &Callers) {
    let wards = (0..).zip(SLUGS).map(async |(number, slug)| {
        let ward = Ward { witness, planted, callers, slug };
        ward.suffer(OWNERS_FROM + number * OWNERS_OF_A_PROVIDER).await;
        if witness.looks_often {
            witness.look_at_database(slug).await;
        }
    });
    join_all(wards).await;
}

impl Ward<'_> {
    async fn suffer(&self, owners_from: i64) {
        let mut owners = owners_from..;
        let mut next = || owners.next().expect("an owner");
        let (reader, creator) = (next(), next());
        let hang = || json!({ "kind": "hang", "ms": TOO_LONG_MS });
        let silence = join(self.reading(reader, |_| hang(), SILENCE), self.task(creator, "createTask", |_| hang()));
        let rest = async {
            for number in 0..ill_readings("").len() {
                self.reading(next(), |key| ill_readings(key).swap_remove(number), Duration::from_secs(30)).await;
            }
            for (method, answers) in [("getTaskResult", ill_results as Answers), ("createTask", ill_creations)] {
                for number in 0..answers("", self.slug).len() {
                    let fault = |key: &str| answers(key, self.slug).swap_remove(number);
                    self.task(next(), method, fault).await;
                }
            }
        };
        join(silence, rest).await;
        assert_eq!(self.waiting().await, 0, "{}: a fault has not happened", self.slug);
    }

    /// A key's first reading meets the fault.
    async fn reading(&self, user: i64, fault: impl FnOnce(&str) -> Value, patience: Duration) {
        let Self { witness, planted, slug, .. } = self;
        let owner = owner(planted, user);
        let key = planted.key(&fresh_key(slug));
        witness.providers.set_key(slug, &key, json!({ "balance": "1000" })).await;
        witness.providers.balance_fault(slug, &key, 1, fault(&key)).await;
        let id = submit(witness, &owner, slug, &key).await;
        let shown = "query($id: ID!) { node(id: $id) {
            ... on RecycledKey { status balanceCheckedAt problem { code message providerCode } } } }";
        // By then the next reading may have come, which is well.
        eventually_within(patience, &format!("{slug}: an ill reading has ended"), || async {
            let key = witness.ask("an ailing key", &owner, shown, json!({ "id": id })).await["data"]["node"].take();
            (!key["problem"].is_null() || !key["balanceCheckedAt"].is_null()).then_some(())
        })
        .await;
        remove(witness, &owner, &id).await;
    }

    /// A task meets the fault.
    async fn task(&self, user: i64, method: &str, fault: impl FnOnce(&str) -> Value) {
        let Self { witness, planted, callers, slug } = self;
        let owner = owner(planted, user);
        let (key, id) = hand_over_good(witness, planted, &owner, slug).await;
        witness.providers.key_fault(slug, &key, method, 1, fault(&key)).await;
        let attempt = attempt(witness, planted, callers, slug, Some(user), 10).await;
        assert_eq!(attempt["keyId"], id, "{slug}: {attempt}");
        eventually("the fault has happened", || async { (self.waiting().await == 0).then_some(()) }).await;
        remove(witness, &owner, &id).await;
    }

    /// Faults that were ordered and have not happened yet.
    async fn waiting(&self) -> u64 {
        let faults = self.witness.providers.call(Method::GET, &format!("{}/faults", self.slug), None).await;
        faults["waiting"].as_u64().expect("a number")
    }
}

/// Faults that name a key, for a provider.
type Answers = fn(&str, &str) -> Vec<Value>;

/// Answers that name the key, in every form in which one could come.
fn echoes(key: &str) -> Vec<Value> {
    let error = json!({ "errorId": 1, "errorCode": format!("ERROR_{key}"), "errorDescription": format!("bad key {key}"),
        "solution": { "token": key }, "status": "ready", "balance": key, "cost": key });
    vec![
        json!({ "kind": "raw", "body": error.to_string() }),
        json!({ "kind": "raw", "body": format!("ERROR_WRONG_USER_KEY {key}"), "status": 403, "content_type": "text/plain" }),
        json!({ "kind": "raw", "body": format!("{{\"errorId\":0,\"{key}\":{{\"{key}\":[\"{key}\"]}}") }),
        json!({ "kind": "status", "status": 500, "body": key, "headers": { "x-key": key, "set-cookie": format!("k={key}") } }),
        json!({ "kind": "redirect", "location": format!("http://127.0.0.1:9/?key={key}") }),
    ]
}

fn ill_readings(key: &str) -> Vec<Value> {
    let mut faults = echoes(key);
    faults.extend([json!({ "kind": "reset" }), json!({ "kind": "balance_text", "text": format!("\"{key}\"") })]);
    faults
}

fn ill_creations(key: &str, _slug: &str) -> Vec<Value> {
    let mut faults = echoes(key);
    faults.extend([json!({ "kind": "reset" }), json!({ "kind": "task_id_text", "text": format!("\"{key}\"") })]);
    faults
}

fn ill_results(key: &str, slug: &str) -> Vec<Value> {
    let solution = json!({ "token": format!("t-{key}"), key: { "deep": [key.to_uppercase()] } });
    let solved = json!({ "errorId": 0, "status": "ready", "cost": "0.001", "solution": solution });
    let mut faults = echoes(key);
    faults.push(json!({ "kind": "raw", "body": solved.to_string() }));
    // The others' answers have no cost that could be another.
    if ["two_captcha", "anti_captcha", "ucaptcha_native"].contains(&slug) {
        faults.push(json!({ "kind": "cost_text", "text": format!("\"{key}\"") }));
    }
    faults
}

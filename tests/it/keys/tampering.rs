//! Rows that somebody changed behind the server's back: such a key is sent nowhere, ever.

use entity::provider_key;
use key_recycling::domain::{AccountId, AccountRef};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

use crate::support::scene::{Handed, leased};
use crate::support::{Scene, eventually};

const LABELS: [&str; 8] = ["swapped", "with", "owner", "provider", "named", "flipped", "header", "cut"];

/// Changes each row as its label says.
async fn tamper(scene: &Scene, stranger: AccountId) {
    let rows = scene.server.database.connect().await;
    let find = async |label: &str| {
        let query = provider_key::Entity::find().filter(provider_key::Column::Label.eq(label));
        query.one(&rows).await.expect("the database answers").expect("the row")
    };
    let envelope = |row: &provider_key::Model| row.envelope.clone().expect("a sealed form");
    let (swapped, with) = (find("swapped").await, find("with").await);
    for label in LABELS {
        let row = find(label).await;
        let mut sealed = envelope(&row);
        let mut changed = row.into_active_model();
        match label {
            "swapped" => sealed = envelope(&with),
            "with" => sealed = envelope(&swapped),
            "owner" => changed.owner_id = Set(stranger.0),
            "provider" => changed.provider = Set("MULTIBOT".to_owned()),
            "named" => changed.ring_key_id = Set(None),
            "flipped" => sealed[60] ^= 1,
            "header" => sealed[5] ^= 1,
            _ => sealed.truncate(60),
        }
        changed.envelope = Set(Some(sealed));
        changed.update(&rows).await.expect("the row is changed");
    }
}

async fn hand_over(scene: &Scene, label: &str) -> Handed {
    let secret = scene.server.providers.key("two_captcha", "1").await;
    let submitted = scene.owner.submit_as("TWO_CAPTCHA", &secret, Some(label)).await;
    assert_eq!(submitted["key"]["status"], "ACTIVE", "{submitted}");
    Handed { slug: "two_captcha", secret, id: submitted["key"]["id"].clone() }
}

/// Everything that the provider's books have of a key.
async fn calls(scene: &Scene, key: &Handed) -> Value {
    scene.server.providers.books(key.slug, &key.secret).await["calls"].clone()
}

on_both_databases! {
    async fn a_tampered_row_is_set_aside_and_sent_nowhere(database) {
        let mut scene = Scene::start(database).await;
        let mut keys = Vec::new();
        for label in LABELS {
            keys.push(hand_over(&scene, label).await);
        }
        let good = hand_over(&scene, "good").await;
        scene.server.owner(5_000_000_002).account().await;
        let stranger = scene.server.app().store.account_by_ref(AccountRef::Telegram(5_000_000_002)).await;
        let stranger = stranger.expect("the database works").expect("the account").id;
        scene.server.stop().await;
        let mut known = Vec::new();
        for key in &keys {
            known.push(calls(&scene, key).await);
        }
        let before = calls(&scene, &good).await;

        tamper(&scene, stranger).await;
        scene.restart().await;
        let marks = "SELECT count(*) FROM provider_key WHERE integrity_failed_at IS NOT NULL";
        let all = i64::try_from(LABELS.len()).expect("a few");
        eventually("all are set aside", || async {
            (scene.server.database.number(marks).await == Some(all)).then_some(())
        })
        .await;
        let entries = "SELECT count(DISTINCT target_id) FROM audit_log WHERE action = 'key.integrity_failed'";
        assert_eq!(scene.server.database.number(entries).await, Some(all));
        for key in &keys {
            scene.owner.check(&key.id).await;
        }
        for number in 0..3 {
            let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["TWO_CAPTCHA"] });
            let opened = scene.dispatcher.open_lease(&format!("task-{number}"), 1, route).await;
            assert_eq!(opened["decision"]["choice"]["keyId"].is_null(), opened["lease"].is_null(), "{opened}");
            scene.create(&leased("two_captcha", &opened)).await;
        }
        eventually("the good key is read on", || async {
            (calls(&scene, &good).await != before).then_some(())
        })
        .await;
        for ((key, label), known) in keys.iter().zip(LABELS).zip(known) {
            assert_eq!(calls(&scene, key).await, known, "{label}: the provider was called");
        }
        assert_eq!(scene.server.providers.unknown_key_calls("multibot").await, 0);
        assert_eq!(scene.server.database.number(marks).await, Some(all));
        // Its owner still has what was stored, and hands it over again.
        let place = LABELS.iter().position(|label| *label == "flipped").expect("a label");
        let again = scene.owner.submit("TWO_CAPTCHA", &keys[place].secret).await;
        assert_eq!((&again["key"]["id"], &again["key"]["status"]), (&keys[place].id, &json!("ACTIVE")), "{again}");
        let healed = scene.owner.key(&keys[place].id).await;
        assert_eq!((&healed["problem"], &healed["lendable"]), (&Value::Null, &json!(true)), "{healed}");
        assert_eq!(scene.server.database.number(marks).await, Some(all - 1));
    }
}

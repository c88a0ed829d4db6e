//! A server as a process, and the commands that work beside it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Serving, admin, ready_to_serve};
use crate::support::{Caller, Database, eventually};

/// What a dispatcher is told about a Turnstile key.
pub(super) async fn choice(dispatcher: &Caller) -> Value {
    let document = "{ bestKey(route: { taskType: TURNSTILE }) { choice { keyClass provider { code } } } }";
    dispatcher.run(document, Value::Null).await.data()["bestKey"]["choice"].clone()
}

/// Waits for what has to happen within a second or so.
pub(super) async fn soon<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    let start = std::time::Instant::now();
    let found = eventually(what, look).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{what} took {:?}", start.elapsed());
    found
}

async fn in_both_databases_commands_work_beside(database: Database) {
    let (program, providers) = ready_to_serve(&database).await;
    program.run(&["migrate"]).await.done();
    let serving = Serving::start(&program).await;

    let create = ["token", "create", "dispatcher", "--scope", "dispatch", "--json"];
    let made = program.run(&create).await.json();
    let (token, id) = (made["token"].as_str().expect("a token"), made["id"].as_str().expect("an id"));
    let dispatcher = serving.caller(&format!("Bearer {token}"));
    assert_eq!(choice(&dispatcher).await, Value::Null, "a new token is good at once");
    let listed = program.run(&["token", "list", "--json"]).await.done();
    assert!(listed.contains(id) && listed.contains("good") && !listed.contains(token), "{listed}");
    program.run(&create).await.done();
    assert!(program.run(&create).await.err.contains("two good tokens"), "two at a time");
    for name in ["operator", "System"] {
        let refused = program.run(&["token", "create", name, "--scope", "operate"]).await;
        assert!(refused.refusal(2).contains("Choose another name"), "{name}: {}", refused.err);
    }

    let key = providers.key("two_captcha", "1").await;
    let added = program.run_with(&["platform-key", "add", "two_captcha", "--label", "ours", "--json"], &key).await;
    assert!(!added.out.contains(&key) && !added.err.contains(&key), "the key is shown");
    let key_id = added.json()[0]["id"].as_str().expect("an id").to_owned();
    let chosen = soon("the server lends the platform's key", || async {
        Some(choice(&dispatcher).await).filter(Value::is_object)
    })
    .await;
    assert_eq!(chosen, json!({ "keyClass": "PLATFORM", "provider": { "code": "TWO_CAPTCHA" } }));
    let listed = program.run(&["platform-key", "list", "--json"]).await.json();
    assert_eq!((&listed[0]["id"], &listed[0]["label"]), (&json!(key_id), &json!("ours")), "{listed}");
    let refused = program.run(&["platform-key", "remove", &key_id]).await;
    assert!(refused.refusal(2).contains("--yes"), "{}", refused.err);
    program.run(&["platform-key", "remove", &key_id, "--yes"]).await.done();
    soon("the server lends it no more", || async { choice(&dispatcher).await.is_null().then_some(()) }).await;

    let logged = async |action: &str| {
        let entries = program.run(&["log", "--action", action, "--json"]).await.json();
        assert_eq!(entries.as_array().map(Vec::len), Some(1), "{action}: {entries}");
        assert_eq!((&entries[0]["who"], &entries[0]["target"]), (&json!("operator"), &json!(format!("KEY {key_id}"))));
        entries[0]["request"].as_str().expect("each command is a request").to_owned()
    };
    assert_ne!(logged("platform_key.added").await, logged("platform_key.removed").await);

    let wrong = crate::support::keys::fresh_key("two_captcha");
    let refused = program.run_with(&["platform-key", "add", "two_captcha"], &wrong).await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.out.contains("INVALID") && !refused.out.contains(&wrong), "{}", refused.out);
    let refused = program.run_with(&["platform-key", "add", "two_captcha"], "not a key").await;
    assert!(refused.refusal(2).contains("cannot be a key"), "{}", refused.err);

    program.run(&["token", "revoke", id]).await.done();
    soon("the token is good for nothing", || async {
        let answer = dispatcher.run("{ __typename }", Value::Null).await;
        (answer.code() == "UNAUTHENTICATED").then_some(())
    })
    .await;

    let link = program.run(&["login-link", "--telegram-user", "5000000001", "--json"]).await.json();
    let owner = serving.caller(link["authorization"].as_str().expect("a login"));
    assert_eq!(owner.account().await["balance"], "0");
    program.run(&["audit"]).await.done();
    assert_eq!(serving.end_by("TERM").await, Some(0));
}

#[tokio::test]
async fn commands_work_beside_a_server_on_sqlite() {
    in_both_databases_commands_work_beside(Database::sqlite()).await;
}

#[tokio::test]
async fn commands_work_beside_a_server_on_postgres() {
    in_both_databases_commands_work_beside(Database::postgres().await).await;
}

#[tokio::test]
async fn an_operator_sees_that_the_server_is_well() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let serving = Serving::start(&program).await;
    assert_eq!(admin(&serving, "/healthz").await.0, 200);
    assert_eq!(admin(&serving, "/readyz").await.0, 200);
    let (status, metrics) = admin(&serving, "/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("# TYPE") && metrics.trim_end().ends_with("# EOF"), "{metrics}");
    assert_eq!(admin(&serving, "/graphql").await.0, 404);
    let client = crate::support::caller::http_client();
    let public = client.get(format!("{}/metrics", serving.public)).send().await.expect("an answer");
    assert_ne!(public.status().as_u16(), 200, "metrics are not for the public");
    assert_eq!(serving.end_by("INT").await, Some(0));
}

#[tokio::test]
async fn a_server_told_to_end_finishes_what_is_under_way() {
    let database = Database::sqlite();
    let (program, providers) = ready_to_serve(&database).await;
    let serving = Serving::start(&program).await;
    let link = program.run(&["login-link", "--telegram-user", "5000000001", "--json"]).await.json();
    let owner = serving.caller(link["authorization"].as_str().expect("a login"));
    let key = providers.key("two_captcha", "1").await;
    providers.balance_fault("two_captcha", &key, 1, json!({ "kind": "delay", "ms": 1500 })).await;
    let submission = tokio::spawn(async move { owner.submit("TWO_CAPTCHA", &key).await });
    eventually("the key is being validated", || async {
        (database.number("SELECT count(*) FROM provider_key").await? == 1).then_some(())
    })
    .await;
    let ended = serving.end_by("TERM").await;
    let submitted = submission.await.expect("an answer");
    assert_eq!((ended, &submitted["key"]["status"]), (Some(0), &json!("ACTIVE")), "{submitted}");
}

//! Ring keys that a server does not have: not yet, or not any more.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::ring::expect_nothing_set_aside;
use super::{Program, Serving, dispatcher, owner, ready_to_serve};
use crate::support::gateway::Gateway;
use crate::support::scene::turnstile;
use crate::support::{Database, eventually};

const USER: &str = "5000000001";

/// The ring without the first of its keys, and without the last.
fn without(ring: &str) -> (String, String) {
    let parts: Vec<&str> = ring.split("\n[[key]]").collect();
    let [head, first, .., last] = &parts[..] else { panic!("the ring has {} keys", parts.len() - 1) };
    (format!("{head}\n[[key]]{last}"), format!("{head}\n[[key]]{first}"))
}

/// The configuration without a file for the ring.
fn forget_ring_file(folder: &Path) {
    let file = folder.join("key-recycling.toml");
    let text = fs::read_to_string(&file).expect("the configuration is read");
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("ring_file")).collect();
    fs::write(&file, kept.join("\n") + "\n").expect("the configuration is written");
}

on_both_databases! {
    async fn a_ring_key_that_is_still_needed_cannot_be_taken_out(database) {
        let (program, providers) = ready_to_serve(&database).await;
        program.run(&["migrate"]).await.done();
        let serving = Serving::start(&program).await;
        let owner = owner(&program, &serving, USER).await;
        for _ in 0..3 {
            owner.submit("CAPSOLVER", &providers.key("capsolver", "1").await).await;
        }
        let ring = database.folder().join("ring.toml");
        let rotated = program.run(&["vault", "rotate", "--json"]).await.json();
        let newest = rotated["ring_key"].as_str().expect("an id").to_owned();
        assert_eq!(serving.end_by("TERM").await, Some(0));

        let whole = fs::read_to_string(&ring).expect("the ring is read");
        let (without_oldest, without_newest) = without(&whole);
        fs::write(&ring, without_newest).expect("the ring is written");
        let refused = program.run(&["serve"]).await;
        let line = refused.refusal(2);
        for word in [newest.as_str(), "3 stored keys", "0 leases", "key-recycling vault rotate"] {
            assert!(line.contains(word), "{word}: {line}");
        }
        assert!(!program.run(&["vault", "status"]).await.refusal(2).is_empty());

        fs::write(&ring, without_oldest).expect("the ring is written");
        let serving = Serving::start(&program).await;
        let log = serving.log().await;
        assert!(!log.contains("ERROR"), "{log}");
        expect_nothing_set_aside(&database).await;
    }

    async fn a_server_with_a_ring_of_its_own_waits_for_the_ring_key(database) {
        let (program, providers) = ready_to_serve(&database).await;
        program.run(&["migrate"]).await.done();
        // The operator's ring is another file than the server's.
        let theirs = database.folder().join("ring.toml");
        let ours = database.folder().join("operators-ring.toml");
        fs::copy(&theirs, &ours).expect("the ring is copied");
        let operator = Program::new(database.folder())
            .with("KEY_RECYCLING_VAULT_RING_FILE", ours.to_str().expect("a path of text"));
        let serving = Serving::start(&program).await;
        let owner = owner(&program, &serving, USER).await;
        let dispatcher = dispatcher(&program, &serving).await;
        let gateway = Gateway::at(serving.gateway.clone());
        let secret = providers.key("capsolver", "1").await;
        owner.submit("CAPSOLVER", &secret).await;
        // One that is read by the timer whatever becomes of the lease.
        let read = providers.key("two_captcha", "1").await;
        let key = owner.submit("TWO_CAPTCHA", &read).await["key"]["id"].clone();
        let opened = dispatcher
            .open_lease("task-1", 1, json!({ "taskType": "TURNSTILE", "onlyProviders": ["CAPSOLVER"] }))
            .await;
        let token = &opened["lease"]["token"];
        assert!(token.is_string(), "{opened}");

        // Against the advice: rotated before the server was given the ring.
        operator.run(&["vault", "rotate"]).await.done();
        let refused = gateway.create(token, &turnstile("capsolver")).await;
        assert_ne!(refused["errorId"], 0, "{refused}");
        let known = providers.readings("two_captcha", &read).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(providers.readings("two_captcha", &read).await, known, "a key that can't be opened is not read");
        assert_eq!(owner.key(&key).await["status"], "ACTIVE");
        let late = providers.key("capmonster_cloud", "1").await;
        let submit = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) { key { id } } }";
        let input = json!({ "input": { "provider": "CAPMONSTER_CLOUD", "key": late } });
        assert_eq!(owner.run(submit, input).await.code(), "INTERNAL", "nothing is sealed under the old ring key");
        assert_eq!(database.number("SELECT count(*) FROM provider_key").await, Some(2));
        expect_nothing_set_aside(&database).await;

        fs::copy(&ours, &theirs).expect("the ring is copied");
        assert_eq!(owner.submit("CAPMONSTER_CLOUD", &late).await["key"]["status"], "ACTIVE");
        let created = gateway.create(token, &turnstile("capsolver")).await;
        assert_eq!(created["errorId"], 0, "the lease is as good as before: {created}");
        eventually("a solution", || async {
            (gateway.result(token, &created["taskId"]).await["status"] == "ready").then_some(())
        })
        .await;
        let log = serving.log().await;
        let told = "put it back into";
        assert!(log.contains(told) && log.contains("which is read again at once"), "{log}");
        expect_nothing_set_aside(&database).await;
        program.run(&["audit"]).await.done();
    }
}

#[tokio::test]
async fn a_ring_from_the_environment_is_rotated_in_two_steps() {
    let database = Database::sqlite();
    let (program, providers) = ready_to_serve(&database).await;
    let ring = database.folder().join("ring.toml");
    let old = fs::read_to_string(&ring).expect("the ring is read");
    program.run(&["migrate"]).await.done();
    forget_ring_file(database.folder());
    let in_environment = |text: &str| Program::new(database.folder()).with("KEY_RECYCLING_VAULT_RING", text);
    let serving = Serving::start(&in_environment(&old)).await;
    let owner = owner(&in_environment(&old), &serving, USER).await;
    owner.submit("CAPSOLVER", &providers.key("capsolver", "1").await).await;
    assert_eq!(serving.end_by("TERM").await, Some(0));

    let refused = in_environment(&old).run(&["vault", "rotate"]).await;
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("warning") && refused.err.contains("vault rotate --resume"), "{}", refused.err);
    let by_file =
        Program::new(database.folder()).with("KEY_RECYCLING_VAULT_RING_FILE", ring.to_str().expect("a path of text"));
    by_file.run(&["vault", "rotate", "--add-only"]).await.done();
    let new = fs::read_to_string(&ring).expect("the ring is read");
    // A server that is started with the new ring goes on under the old ring key until the rotation.
    let serving = Serving::start(&in_environment(&new)).await;
    let status = in_environment(&new).run(&["vault", "status", "--json"]).await.json();
    assert_eq!((&status[0]["use"], &status[1]["use"]), (&json!("seals and opens"), &json!("prepared")), "{status}");
    let done = in_environment(&new).run(&["vault", "rotate", "--resume", "--json"]).await.json();
    assert_eq!(done["sealed_anew"], "1", "{done}");
    let log = serving.log().await;
    assert!(!log.contains("ERROR"), "{log}");
    let refused = in_environment(&old).run(&["serve"]).await;
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("1 stored keys"), "{}", refused.err);
}

//! Commands that set a server up.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{Program, Serving, ready_to_serve};
use crate::support::Database;

#[tokio::test]
async fn a_ring_is_made_once_for_its_owner_alone() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let program = Program::new(folder.path());
    let said = program.run(&["vault", "init", "data/ring.toml"]).await.done();
    let ring = folder.path().join("data/ring.toml");
    let mode = fs::metadata(&ring).expect("the ring").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let text = fs::read_to_string(&ring).expect("the ring is read");
    let is_secret = |line: &&str| line.starts_with("key = ") || line.starts_with("index_key = ");
    let secrets: Vec<&str> = text.lines().filter(is_secret).filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(secrets.len(), 2, "a ring key and the index key");
    assert!(secrets.iter().all(|secret| !said.contains(secret)), "the ring is shown");
    let again = program.run(&["vault", "init", "data/ring.toml"]).await;
    assert!(again.refusal(2).contains("not overwritten"), "{}", again.err);
    assert_eq!(fs::read_to_string(&ring).expect("the ring is read"), text);
}

#[tokio::test]
async fn the_configuration_is_checked_and_shown_without_its_secrets() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    program.run(&["config", "check"]).await.done();
    let url = "postgres://somebody:made-up-password@127.0.0.1:1/name";
    let shown = program.with("KEY_RECYCLING_DATABASE_URL", url).run(&["config", "show", "--json"]).await.json();
    let row = |name: &str| {
        let rows = shown.as_array().expect("rows");
        rows.iter().find(|row| row["setting"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    assert_eq!(row("database.url")["origin"], "KEY_RECYCLING_DATABASE_URL");
    assert_eq!((&row("sync.interval")["value"], &row("keys.per_account")["origin"]), (&"1s".into(), &"default".into()));
    assert!(row("sync.interval")["origin"].as_str().is_some_and(|origin| origin.ends_with("key-recycling.toml")));
    let text = shown.to_string();
    assert!(!text.contains("made-up-password") && !text.contains(crate::support::server::BOT_TOKEN), "{text}");
}

#[tokio::test]
async fn the_example_is_a_configuration() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let example = program.run(&["config", "example"]).await.done();
    fs::write(database.folder().join("example.toml"), &example).expect("the example is written");
    let shown = program.run(&["-c", "example.toml", "config", "show", "--json"]).await.json();
    assert!(shown.as_array().is_some_and(|rows| rows.len() > 50), "{shown}");
    for name in ["[server]", "[providers.two_captcha]", "validation_wait", "nano_usd_per_token"] {
        assert!(example.contains(name), "{name}");
    }
}

/// As systemd hands secrets to a unit: by a folder that only the unit can read.
#[tokio::test]
async fn a_ring_comes_from_a_systemd_credential() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    program.run(&["migrate"]).await.done();
    let serving = Serving::start(&program).await;
    assert_eq!(serving.end_by("TERM").await, Some(0), "the ring has its canary");
    let (credentials, ring) = (database.folder().join("credentials"), database.folder().join("ring.toml"));
    fs::create_dir(&credentials).expect("a folder");
    fs::rename(&ring, credentials.join("ring")).expect("the ring is moved");
    let configuration = database.folder().join("key-recycling.toml");
    let text = fs::read_to_string(&configuration).expect("the configuration");
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("ring_file")).collect();
    assert_ne!(without.len(), text.lines().count(), "it named the file");
    fs::write(&configuration, without.join("\n")).expect("written");
    assert!(!program.run(&["vault", "status"]).await.refusal(2).is_empty());
    let program = program.with("CREDENTIALS_DIRECTORY", credentials.to_str().expect("a path of text"));
    let status = program.run(&["vault", "status", "--json"]).await.json();
    assert_eq!(status[0]["use"], "seals and opens", "{status}");
    let refused = program.run(&["vault", "rotate", "--add-only"]).await;
    assert!(refused.refusal(2).contains("credential"), "its owner adds keys to it: {}", refused.err);
    assert_eq!(Serving::start(&program).await.end_by("TERM").await, Some(0));
}

#[tokio::test]
async fn the_schema_is_printed_and_compared() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let program = Program::new(folder.path());
    let schema = program.run(&["schema"]).await.done();
    fs::write(folder.path().join("good.graphql"), &schema).expect("written");
    fs::write(folder.path().join("bad.graphql"), schema.replacen("Usd", "Eur", 1)).expect("written");
    program.run(&["schema", "--check", "good.graphql"]).await.done();
    let refused = program.run(&["schema", "--check", "bad.graphql"]).await;
    assert!(refused.refusal(1).contains("bad.graphql differs"), "{}", refused.err);
    assert!(program.run(&["schema", "--check", "no.graphql"]).await.refusal(2).contains("no.graphql"));
}

#[tokio::test]
async fn a_login_link_is_made_on_loopback_only() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let link = program.run(&["login-link", "--telegram-user", "5000000001", "--json"]).await.json();
    let text = link["link"].as_str().expect("a link");
    assert!(text.starts_with("http://127.0.0.1:8080/#tgWebAppData="), "{text}");
    let program = program.with("KEY_RECYCLING_SERVER_PUBLIC_URL", "https://recycling.example");
    let refused = program.run(&["login-link", "--telegram-user", "5000000001"]).await;
    assert!(refused.refusal(2).contains("server.public_url"), "{}", refused.err);
    let program = Program::new(database.folder());
    assert_eq!(program.run(&["login-link", "--telegram-user", "0"]).await.code, 2);
}

#[tokio::test]
async fn looking_at_a_database_that_is_not_there_is_no_crash() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let status = program.run(&["migrate", "--status", "--json"]).await;
    assert_eq!(status.code, 1, "{}", status.err);
    let listed: Value = serde_json::from_str(&status.out).expect("JSON");
    assert_eq!(listed[0]["state"], "pending", "{listed}");
    let refused = program.run(&["token", "create", "dispatcher", "--scope", "dispatch"]).await;
    assert!(refused.refusal(2).contains("key-recycling migrate"), "{}", refused.err);
}

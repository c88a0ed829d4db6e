//! What is refused at the start: one line, what to do, and the exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Program, Serving, ready_to_serve};
use crate::support::Database;

fn replace(folder: &Path, from: &str, to: &str) {
    let file = folder.join("key-recycling.toml");
    let text = fs::read_to_string(&file).expect("the configuration is read");
    assert!(text.contains(from), "{from}");
    fs::write(&file, text.replace(from, to)).expect("the configuration is written");
}

#[tokio::test]
async fn a_bare_serve_lists_all_that_is_missing() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let ended = Program::new(folder.path()).run(&["serve"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{}", ended.err);
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(
        lines,
        [
            "vault.ring_file is not set (KEY_RECYCLING_VAULT_RING_FILE). Make one: key-recycling vault init data/ring.toml",
            "telegram.bot_token_file is not set (KEY_RECYCLING_TELEGRAM_BOT_TOKEN_FILE). Put the token from @BotFather into a file only you can read.",
        ]
    );
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn a_misspelt_setting_is_refused_with_the_nearest_name() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let refused = program.with("KEY_RECYCLING_SERVER_LISTNE", "127.0.0.1:1").run(&["config", "check"]).await;
    let line = refused.refusal(2);
    assert!(line.contains("KEY_RECYCLING_SERVER_LISTNE") && line.contains("KEY_RECYCLING_SERVER_LISTEN"), "{line}");
    replace(database.folder(), "shutdown_grace", "shutdown_grase");
    let refused = Program::new(database.folder()).run(&["serve"]).await;
    let line = refused.refusal(2);
    assert!(line.contains("server.shutdown_grase") && line.contains("server.shutdown_grace"), "{line}");
}

#[tokio::test]
async fn a_bad_value_is_refused_without_being_quoted() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let refused = program.with("KEY_RECYCLING_SYNC_INTERVAL", "soonish").run(&["config", "check"]).await;
    let line = refused.refusal(2);
    assert!(line.contains("sync.interval") && !line.contains("soonish"), "{line}");
    replace(database.folder(), "[server]", "[server");
    let refused = Program::new(database.folder()).run(&["config", "check"]).await;
    assert!(refused.refusal(2).contains("key-recycling.toml"), "{}", refused.err);
}

#[tokio::test]
async fn a_ring_that_cannot_be_trusted_is_refused() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let ring = database.folder().join("ring.toml");
    let whole = fs::read_to_string(&ring).expect("the ring is read");
    let serving = Serving::start(&program).await;
    assert_eq!(serving.end_by("TERM").await, Some(0));

    fs::set_permissions(&ring, fs::Permissions::from_mode(0o640)).expect("the mode is set");
    let line = program.run(&["serve"]).await;
    assert!(line.refusal(2).contains("chmod 600"), "{}", line.err);
    fs::set_permissions(&ring, fs::Permissions::from_mode(0o600)).expect("the mode is set");

    for (name, text) in
        [("broken", whole.replace("key", "kye")), ("empty", String::new()), ("cut", whole[..60].to_owned())]
    {
        fs::write(&ring, text).expect("the ring is written");
        let refused = program.run(&["serve"]).await;
        let line = refused.refusal(2);
        assert!(line.contains("ring.toml"), "{name}: {line}");
    }

    fs::remove_file(&ring).expect("the ring is removed");
    let refused = program.run(&["serve"]).await;
    assert!(refused.refusal(2).contains("vault init"), "{}", refused.err);

    program.run(&["vault", "init", "ring.toml"]).await.done();
    let refused = program.run(&["serve"]).await;
    assert!(
        refused.refusal(2).contains("put that ring back") || refused.err.contains("put the ring back"),
        "{}",
        refused.err
    );
    let secrets: Vec<&str> = whole.split('"').filter(|word| word.len() == 44 && !word.contains(' ')).collect();
    assert!(!secrets.is_empty() && secrets.iter().all(|secret| !refused.err.contains(secret)));

    fs::write(&ring, whole).expect("the ring is written");
    let serving = Serving::start(&program).await;
    assert_eq!(serving.end_by("TERM").await, Some(0), "the old ring serves as before");
}

#[tokio::test]
async fn a_second_server_on_one_sqlite_file_is_refused() {
    let database = Database::sqlite();
    let (program, _providers) = ready_to_serve(&database).await;
    let serving = Serving::start(&program).await;
    let refused = program.run(&["serve"]).await;
    assert!(refused.code == 2 || refused.code == 3, "{}", refused.code);
    let line = refused.refusal(refused.code);
    assert!(line.contains("database.url") && line.contains("another server"), "{line}");
    assert_eq!(serving.end_by("TERM").await, Some(0));
    let serving = Serving::start(&program).await;
    assert_eq!(serving.end_by("INT").await, Some(0), "the file is free again");
}

#[tokio::test]
async fn an_address_in_use_and_a_database_out_of_reach_are_named() {
    let database = Database::sqlite();
    let (_, _providers) = ready_to_serve(&database).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let program = Program::new(database.folder()).with("KEY_RECYCLING_GATEWAY_LISTEN", &address);
    let refused = program.run(&["serve"]).await;
    assert!(refused.refusal(3).contains("gateway.listen"), "{}", refused.err);
    drop(taken);
    let url = format!("postgres://somebody:made-up-password@{address}/nowhere");
    let program = Program::new(database.folder()).with("KEY_RECYCLING_DATABASE_URL", &url);
    let commands: [&[&str]; 3] = [&["serve"], &["migrate", "--status"], &["token", "list"]];
    for refused in futures_util::future::join_all(commands.map(|command| program.run(command))).await {
        assert!(refused.refusal(3).contains("database.url"), "{}", refused.err);
        assert!(!refused.err.contains("made-up-password"), "{}", refused.err);
    }
}

#[tokio::test]
async fn a_provider_that_is_this_deployment_itself_is_refused() {
    let database = Database::sqlite();
    let (_, _providers) = ready_to_serve(&database).await;
    let gateway = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let setting = "KEY_RECYCLING_PROVIDERS_UCAPTCHA_NATIVE_BASE_URL";
    for (url, reason) in [
        (format!("http://localhost:{}", gateway.port()), "the one of gateway.listen"),
        (format!("http://[::1]:{}/", gateway.port()), "the one of gateway.listen"),
        ("http://169.254.169.254".to_owned(), "where no provider is"),
    ] {
        let program = Program::new(database.folder());
        let program = program.with("KEY_RECYCLING_GATEWAY_LISTEN", &gateway.to_string()).with(setting, &url);
        for command in [&["serve"][..], &["config", "check"]] {
            let refused = program.run(command).await;
            let line = refused.refusal(2);
            assert!(line.contains("providers.ucaptcha_native.base_url") && line.contains(reason), "{line}");
            assert!(line.contains(setting) && line.contains("key-recycling config check"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_postgres_that_is_behind_is_refused_until_migrated() {
    let database = Database::postgres().await;
    let (program, _providers) = ready_to_serve(&database).await;
    let refused = program.run(&["serve"]).await;
    assert!(refused.refusal(2).contains("key-recycling migrate"), "{}", refused.err);
    let status = program.run(&["migrate", "--status"]).await;
    assert_eq!(status.code, 1, "{}", status.err);
    assert!(status.out.contains("pending"), "{}", status.out);
    program.run(&["migrate"]).await.done();
    assert!(!program.run(&["migrate", "--status"]).await.done().contains("pending"));
    let serving = Serving::start(&program).await;
    assert_eq!(serving.end_by("TERM").await, Some(0));
}

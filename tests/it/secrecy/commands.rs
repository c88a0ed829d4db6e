//! Every command beside the running server, with secrets where they belong, where they do not, and in broken files.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::scenario::{OWNER, Planted};
use super::witness::{Ran, Witness};
use crate::support::database::rand_u64;
use crate::support::keys::fresh_key;
use crate::support::server::BOT_TOKEN;

/// Runs all of them. That none is missing is found at the end.
pub(super) async fn command(witness: &Witness, planted: &Planted) {
    look(witness).await;
    act_on_keys(witness, planted).await;
    make_tokens(witness, planted).await;
    rotate(witness, planted).await;
    misuse(witness, planted).await;
}

/// Runs a command that has to do what it says, and writes down what it prints.
async fn run(witness: &Witness, words: &[&str], input: &str) -> Value {
    let ran = witness.command(words, input).await;
    assert!(ran.is_done, "{words:?}: {}", ran.out);
    // Not everything answers in JSON: a schema does not.
    let printed = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    write_down(witness, words, ran);
    printed
}

fn write_down(witness: &Witness, words: &[&str], ran: Ran) {
    witness.saw(&words.join(" "), ran.out);
}

fn id(printed: &Value) -> &str {
    printed["id"].as_str().expect("an id")
}

async fn look(witness: &Witness) {
    for words in
        ["config check", "config show", "config example", "migrate --status", "schema", "log", "audit", "token list"]
    {
        let words: Vec<&str> = words.split(' ').collect();
        run(witness, &words, "").await;
    }
    for noun in ["key", "attempt"] {
        let listed = run(witness, &[noun, "list"], "").await;
        run(witness, &[noun, "show", id(&listed[0])], "").await;
    }
    let owner = format!("telegram:{OWNER}");
    for verb in ["show", "freeze", "unfreeze"] {
        run(witness, &["account", verb, &owner], "").await;
    }
}

async fn act_on_keys(witness: &Witness, planted: &Planted) {
    let owned = planted.first_key();
    for words in
        [&["key", "block", "two_captcha", "--reverse-credits", "--yes"][..], &["key", "unblock", "two_captcha"]]
    {
        run(witness, words, &owned).await;
    }
    let key = planted.key(&witness.providers.key("multibot", "1000").await);
    let added = run(witness, &["platform-key", "add", "multibot", "--label", "spare"], &key).await;
    run(witness, &["platform-key", "list"], "").await;
    run(witness, &["platform-key", "remove", id(&added[0]), "--yes"], "").await;
}

/// Secrets that are printed by those commands whose business it is; nothing else of them is left.
async fn make_tokens(witness: &Witness, planted: &Planted) {
    let (token, id) = witness.service_token("another-service", "operate").await;
    planted.secret("token of another-service", &token);
    run(witness, &["token", "revoke", &id], "").await;
    let words = ["login-link", "--telegram-user", &OWNER.to_string()];
    let link: Value = serde_json::from_str(&witness.command(&words, "").await.out).expect("JSON");
    let login = link["authorization"].as_str().and_then(|text| text.split("hash=").nth(1)).expect("a login");
    planted.secret("login by link", login);
}

async fn rotate(witness: &Witness, planted: &Planted) {
    let another = witness.folder().join("another-ring.toml");
    run(witness, &["vault", "init", &another.display().to_string()], "").await;
    planted.ring(&another);
    run(witness, &["vault", "rotate"], "").await;
    planted.ring(&witness.folder().join("ring.toml"));
    run(witness, &["vault", "status"], "").await;
}

/// What cannot be done, with secrets at hand. An argument is no place for one: whoever types it sees it.
async fn misuse(witness: &Witness, planted: &Planted) {
    let key = planted.key(&fresh_key("multibot"));
    let bent = format!("{key} {:016x}", rand_u64());
    for (words, input) in [
        (&["key", "block", "multibot"][..], bent.as_str()),
        (&["key", "unblock", "multibot"], &bent),
        (&["key", "block", "multibot", "--reverse-credits"], &key),
        (&["platform-key", "add", "multibot"], &bent),
        (&["platform-key", "add", "multibot"], &key),
        (&["platform-key", "add", "multibot", "--label", &key], &key),
        (&["token", "create", &format!("{key}/"), "--scope", "operate"], ""),
        (&["log", "--action", &key], ""),
    ] {
        let ran = witness.command(words, input).await;
        write_down(witness, &["misuse of", words[0]], ran);
    }
    misread(witness, &key).await;
}

/// Configurations and rings that cannot be read, with secrets in them.
async fn misread(witness: &Witness, key: &str) {
    let read = |name: &str| std::fs::read_to_string(witness.folder().join(name)).expect("a file of the server's");
    let (ring, text) = (read("ring.toml"), read("key-recycling.toml"));
    // Not in the server's folder, which is searched.
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("key-recycling.toml");
    for broken in [
        format!("{text}\n[telegram2]\nbot_token = \"{BOT_TOKEN}\"\n"),
        format!("{text}\nbot_token = \"{key}\n"),
        text.replace("[telegram]", &format!("[telegram]\nbot_token = \"{BOT_TOKEN}\"")),
    ] {
        std::fs::write(&configuration, broken).expect("a file");
        let ran = witness.command_by(&configuration, &["config", "check"], "").await;
        assert!(!ran.is_done, "a broken configuration is taken");
        write_down(witness, &["a broken configuration"], ran);
    }
    let bent = folder.path().join("bent-ring.toml");
    let server = witness.folder().join("ring.toml").display().to_string();
    std::fs::write(&configuration, text.replace(&server, &bent.display().to_string())).expect("a file");
    for broken in [ring.replace("= \"", "= \"!"), ring.replace('"', ""), ring.replace("index_key", "index_kee")] {
        std::fs::write(&bent, broken).expect("a file");
        std::fs::set_permissions(&bent, Permissions::from_mode(0o600)).expect("a file of one's own");
        let ran = witness.command_by(&configuration, &["vault", "status"], "").await;
        assert!(!ran.is_done, "a broken ring is taken");
        write_down(witness, &["a broken ring"], ran);
    }
}

//! The one rule above all: a provider key enters once and never comes out. Nor do lease tokens,
//! but in the answer that hands them out, nor service tokens, nor logins.
//!
//! A whole scenario runs with planted secrets against the real binary, its log asked to be at the finest
//! level for every library. Every operation of the schema and every command is driven, as it is meant and not.
//! Whatever comes out is searched: answers, messages, log, metrics, files and rows.

mod commands;
mod coverage;
mod memory;
mod misuse;
mod operations;
mod panics;
mod scenario;
mod search;
mod trouble;
mod witness;

use crate::support::plan::Plan;
use crate::support::sql;
use scenario::Planted;
use witness::Witness;

/// Everything found in what was seen.
fn leaks(planted: &Planted, seen: &witness::Seen) -> Vec<String> {
    let secrets = planted.secrets.borrow();
    seen.iter().flat_map(|(place, text)| secrets.find(place, text)).collect()
}

on_both_databases! {
    async fn no_secret_comes_out(database) {
        let mut plan = Plan::begin("leaks", &database);
        let (mut bytes, mut secrets, mut scenarios) = (0, 0, 0);
        while bytes < plan.size * 1_000_000 {
            let database = database.another().await;
            let mut witness = Witness::start(database).await;
            witness.looks_often = plan.is_long;
            let planted = Planted::default();
            bytes += nothing_leaks(&mut witness, &planted).await;
            secrets += planted.secrets.borrow().count();
            scenarios += 1;
        }
        plan.note("scenarios", scenarios);
        plan.note("secrets", secrets);
        plan.did(bytes / 1_000_000);
    }
}

/// Plays the scenario, and answers how many bytes were looked through.
async fn nothing_leaks(witness: &mut Witness, planted: &Planted) -> u64 {
    scenario::play(witness, planted).await;
    witness.coverage.expect_whole(witness).await;
    witness.look_at_admin().await;
    witness.look_at_database("under way").await;
    let log = witness.stop().await;
    witness.look_at_database("at the end").await;
    witness.look_at_files().await;
    expect_everything_logged(&log);
    witness.saw("log", log.clone());
    assert_eq!(leaks(planted, &witness.seen()), Vec::<String>::new());
    assert!(witness.seen().len() > 600, "everything was written down: {}", witness.seen().len());
    a_planted_leak_is_found_at_each_place(witness, planted, &log).await;
    witness.seen().iter().map(|(_, text)| text.len() as u64).sum()
}

/// The log is as fine as can be, and has each call that nobody answered in time.
fn expect_everything_logged(log: &[u8]) {
    let text = String::from_utf8_lossy(log);
    let lines = |parts: &[&str]| text.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count();
    assert!(lines(&["\"level\":\"TRACE\"", "\"target\":\"key_recycling::"]) > 100, "the log is not at its finest");
    let silences = lines(&["a provider call brought no reply", "\"timeout\":true"]);
    assert!(silences >= trouble::SILENCES, "calls were waited for until the end: {silences}");
}

/// The same search over the same places finds a secret that is put there on purpose.
async fn a_planted_leak_is_found_at_each_place(witness: &Witness, planted: &Planted, log: &[u8]) {
    let key = planted.first_key();
    let rows = witness.database.connect().await;
    let part = &key[key.len() - 20..];
    assert!(sql::run(&rows, &format!("UPDATE provider_key SET label = 'mine: {part}'")).await >= 1);
    let found = leaks(planted, &witness.database_text().await);
    assert!(found.iter().any(|leak| leak.starts_with("table provider_key")), "database: {found:?}");
    let mut lines = log.to_vec();
    lines.extend_from_slice(format!("{{\"level\":\"TRACE\",\"url\":\"/in.php?key={part}\"}}\n").as_bytes());
    assert_eq!(leaks(planted, &vec![("log".to_owned(), lines)]).len(), 1, "log");
    for kind in ["answer to", "message of a socket", "complaints of", "key list", "file "] {
        let seen = witness.seen();
        let (place, text) = seen.iter().find(|(place, _)| place.starts_with(kind)).expect("something of each kind");
        let text = [text.as_slice(), planted.first_lease_token().to_uppercase().as_bytes()].concat();
        assert!(!leaks(planted, &vec![(place.clone(), text)]).is_empty(), "{place}");
    }
}

//! The one rule above all: a provider key enters once and never comes out. Nor do lease tokens,
//! but in the answer that hands them out, nor service tokens, nor logins.
//!
//! A whole scenario runs with planted secrets against the real binary, its log at the finest level
//! for every library. Whatever comes out of it is searched: answers, messages, log, metrics, files
//! and rows.

mod memory;
mod misuse;
mod panics;
mod scenario;
mod search;
mod witness;

use crate::support::plan::Plan;
use crate::support::sql;
use scenario::Planted;
use witness::Witness;

/// Everything found in what was seen.
fn leaks(planted: &Planted, seen: &witness::Seen) -> Vec<String> {
    seen.iter().flat_map(|(place, text)| planted.secrets.find(place, text)).collect()
}

on_both_databases! {
    async fn no_secret_comes_out(database) {
        let mut plan = Plan::begin("leaks", &database);
        let (mut bytes, mut secrets, mut scenarios) = (0, 0, 0);
        while bytes < plan.size * 1_000_000 {
            let database = database.another().await;
            let mut witness = Witness::start(database).await;
            witness.looks_often = plan.is_long;
            let mut planted = Planted::default();
            bytes += nothing_leaks(&mut witness, &mut planted).await;
            secrets += planted.secrets.count();
            scenarios += 1;
        }
        plan.note("scenarios", scenarios);
        plan.note("secrets", secrets);
        plan.did(bytes / 1_000_000);
    }
}

/// Plays the scenario, and answers how many bytes were looked through.
async fn nothing_leaks(witness: &mut Witness, planted: &mut Planted) -> u64 {
    scenario::play(witness, planted).await;
    witness.look_at_admin().await;
    witness.look_at_database("under way").await;
    let log = witness.stop().await;
    witness.look_at_database("at the end").await;
    witness.look_at_files().await;
    let text = String::from_utf8_lossy(&log);
    assert!(text.contains("\"level\":\"DEBUG\""), "the log is at its finest: {text}");
    witness.seen.push(("log".to_owned(), log.clone()));
    assert_eq!(leaks(planted, &witness.seen), Vec::<String>::new());
    assert!(witness.seen.len() > 150, "everything was written down: {}", witness.seen.len());
    a_planted_leak_is_found_at_each_place(witness, planted, &log).await;
    witness.seen.iter().map(|(_, text)| text.len() as u64).sum()
}

/// The same search over the same places finds a secret that is put there on purpose.
async fn a_planted_leak_is_found_at_each_place(witness: &Witness, planted: &Planted, log: &[u8]) {
    let key = &planted.keys[0];
    let rows = witness.database.connect().await;
    let part = &key[key.len() - 20..];
    assert!(sql::run(&rows, &format!("UPDATE provider_key SET label = 'mine: {part}'")).await >= 1);
    let found = leaks(planted, &witness.database_text().await);
    assert!(found.iter().any(|leak| leak.starts_with("table provider_key")), "database: {found:?}");
    let mut lines = log.to_vec();
    lines.extend_from_slice(format!("{{\"level\":\"TRACE\",\"url\":\"/in.php?key={part}\"}}\n").as_bytes());
    assert_eq!(leaks(planted, &vec![("log".to_owned(), lines)]).len(), 1, "log");
    let (place, answer) = witness.seen.iter().find(|(place, _)| place.starts_with("answer to")).expect("an answer");
    let mut answer = answer.clone();
    answer.extend_from_slice(planted.lease_tokens[0].to_uppercase().as_bytes());
    assert!(!leaks(planted, &vec![(place.clone(), answer)]).is_empty(), "answer");
}

//! The audit recomputes everything, and names the row of each lie.

use sea_orm::DatabaseConnection;

use super::{ADA, deposit, spend, telegram};
use crate::support::solving::solve;
use crate::support::{Server, sql};
use key_recycling::domain::Scope;

/// A server with some history, and a connection to its rows.
async fn with_history(database: crate::support::Database) -> (Server, DatabaseConnection) {
    let server = Server::start(database).await;
    let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
    let billing = server.service("billing", &[Scope::Billing]).await;
    let owner = server.owner(ADA);
    let key = server.providers.key("two_captcha", "1").await;
    assert_eq!(owner.submit("TWO_CAPTCHA", &key).await["key"]["status"], "ACTIVE");
    deposit(&billing, telegram(ADA), "5", "d").await;
    spend(&billing, telegram(ADA), "1", "s").await;
    solve(&server, &dispatcher, "two_captcha", "a task").await;
    let rows = server.database.connect().await;
    (server, rows)
}

async fn lies(server: &Server) -> Vec<String> {
    server.app().ledger.audit(None).await.expect("the audit runs").lies
}

/// Plants a lie, sees it named with its row, and takes it away again.
async fn planted(server: &Server, rows: &DatabaseConnection, lie: &str, truth: &str, names: &[String]) {
    assert_eq!(lies(server).await, Vec::<String>::new(), "before: {lie}");
    assert!(sql::run(rows, lie).await >= 1, "{lie}");
    let found = lies(server).await;
    for name in names {
        assert!(found.iter().any(|lie| lie.contains(name)), "{lie}: {name} is not in {found:?}");
    }
    sql::run(rows, truth).await;
}

on_both_databases! {
    /// Each figure that somebody could bend.
    async fn each_planted_lie_is_found(database) {
        let (mut server, rows) = with_history(database).await;
        sql::drop_ledger_triggers(&rows).await;
        let account = sql::id(&rows, "SELECT id FROM account WHERE kind = 'OWNER'").await;
        let key = sql::id(&rows, "SELECT id FROM provider_key").await;
        let attempt = sql::id(&rows, "SELECT id FROM attempt").await;
        let spent = sql::id(&rows, "SELECT id FROM transfer WHERE kind = 'SPEND'").await;
        let owners = "WHERE kind = 'OWNER'";
        let both = |column: &str, table: &str, which: &str| {
            let by = |sign: &str| format!("UPDATE {table} SET {column} = {column} {sign} 1 {which}");
            (by("+"), by("-"))
        };
        for (column, table, which, names) in [
            ("balance_nano", "account", owners, vec![format!("account {account}: balance")]),
            ("credited_nano", "account", owners, vec![format!("account {account}: balance")]),
            ("ledger_seq", "account", owners, vec![format!("account {account}: 1 transfers are gone")]),
            ("amount_nano", "transfer", "WHERE kind = 'SPEND'", vec![
                format!("transfer {spent} says balance"),
                format!("transfer {spent} breaks the chain"),
            ]),
            ("balance_after_nano", "transfer", "WHERE kind = 'SPEND'", vec![format!("transfer {spent} says balance")]),
            ("posted_at", "transfer", "WHERE kind = 'SPEND'", vec![format!("transfer {spent} breaks the chain")]),
            ("held_nano", "provider_key", "", vec![format!("key {key}: holds")]),
            ("in_flight", "provider_key", "", vec![format!("key {key}: holds")]),
            ("under_review_nano", "provider_key", "", vec![format!("key {key}:")]),
            ("credited_nano", "provider_key", "", vec![format!("key {key}: credited")]),
            ("cost_nano", "attempt", "", vec![format!("attempt {attempt} was charged")]),
        ] {
            let (lie, truth) = both(column, table, which);
            planted(&server, &rows, &lie, &truth, &names).await;
        }
        let word = "UPDATE transfer SET note = 'a gift' WHERE kind = 'SPEND'";
        let none = "UPDATE transfer SET note = NULL WHERE kind = 'SPEND'";
        planted(&server, &rows, word, none, &[format!("transfer {spent} breaks the chain")]).await;
        assert_eq!(lies(&server).await, Vec::<String>::new());
        server.stop().await;
    }

    /// A chain is broken by another hash, wherever it stands.
    async fn a_bent_hash_is_found(database) {
        let (mut server, rows) = with_history(database).await;
        sql::drop_ledger_triggers(&rows).await;
        let account = sql::id(&rows, "SELECT id FROM account WHERE kind = 'OWNER'").await;
        let first = sql::id(&rows, "SELECT id FROM transfer WHERE seq = 1").await;
        let hash = if server.database.is_sqlite() { "x'00ff'" } else { "'\\x00ff'" };
        sql::run(&rows, &format!("UPDATE account SET ledger_hash = {hash} WHERE kind = 'OWNER'")).await;
        let found = lies(&server).await;
        assert!(found.iter().any(|lie| lie.starts_with(&format!("account {account}: the chain"))), "{found:?}");
        sql::run(&rows, &format!("UPDATE transfer SET hash = {hash} WHERE seq = 1")).await;
        let found = lies(&server).await;
        assert!(found.iter().any(|lie| lie.contains(&format!("transfer {first} breaks the chain"))), "{found:?}");
        server.stop().await;
    }

    /// A credit that is gone is missed by its account, its key and its attempt.
    async fn a_missing_credit_is_found(database) {
        let (mut server, rows) = with_history(database).await;
        sql::drop_ledger_triggers(&rows).await;
        let account = sql::id(&rows, "SELECT id FROM account WHERE kind = 'OWNER'").await;
        let key = sql::id(&rows, "SELECT id FROM provider_key").await;
        let attempt = sql::id(&rows, "SELECT id FROM attempt").await;
        assert_eq!(sql::run(&rows, "DELETE FROM transfer WHERE kind = 'RECYCLE_CREDIT'").await, 1);
        let found = lies(&server).await;
        for name in [
            format!("account {account}: 1 transfers are gone"),
            format!("key {key}: credited"),
            format!("attempt {attempt} was charged"),
        ] {
            assert!(found.iter().any(|lie| lie.contains(&name)), "{name} is not in {found:?}");
        }
        server.stop().await;
    }

    /// Keys are looked at many at a time, and what one has too much of is named to a bound; the bound is each
    /// key's own.
    async fn the_lies_of_one_key_hide_no_others(database) {
        let (mut server, rows) = with_history(database).await;
        let second = server.providers.key("capsolver", "1").await;
        assert_eq!(server.owner(ADA).submit("CAPSOLVER", &second).await["key"]["status"], "ACTIVE");
        let key = |provider: &str| format!("SELECT id FROM provider_key WHERE provider = '{provider}'");
        let (first, second) = (key("TWO_CAPTCHA"), key("CAPSOLVER"));
        let (new_id, hash) = match server.database.is_sqlite() {
            true => ("randomblob(16)", "x'00'"),
            false => ("gen_random_uuid()", "'\\x00'::bytea"),
        };
        // The many come first in the ledger.
        for (key, from, to) in [(&first, 1_001, 1_150), (&second, 2_001, 2_001)] {
            let strays = format!(
                "INSERT INTO transfer (id, account_id, counter_account_id, amount_nano, kind, key_id, seq, \
                 balance_after_nano, hash, posted_at) \
                 WITH RECURSIVE number(it) AS (SELECT {from} UNION ALL SELECT it + 1 FROM number WHERE it < {to}) \
                 SELECT {new_id}, owner.id, other.id, 1, 'RECYCLE_CREDIT', ({key}), it, 0, {hash}, 1 \
                 FROM number, account owner, account other WHERE owner.kind = 'OWNER' AND other.kind = 'FUNDING'"
            );
            assert_eq!(sql::run(&rows, &strays).await, to - from + 1);
        }
        let found = lies(&server).await;
        for (key, named) in [(first, 100), (second, 1)] {
            let begins = format!("key {}: a credit of", sql::id(&rows, &key).await);
            assert_eq!(found.iter().filter(|lie| lie.starts_with(&begins)).count(), named, "{found:?}");
        }
        server.stop().await;
    }
}

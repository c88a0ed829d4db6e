//! What the database itself refuses, and what its columns are made of.

use super::{ADA, deposit, telegram};
use crate::support::{Server, sql};
use key_recycling::domain::Scope;

on_both_databases! {
    /// Not even whoever holds the database changes a transfer or an audit entry in passing.
    async fn transfers_and_audit_entries_are_append_only(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        deposit(&billing, telegram(ADA), "5", "d").await;
        let rows = server.database.connect().await;
        let id = if server.database.is_sqlite() { "randomblob(16)" } else { "gen_random_uuid()" };
        let entry = format!("INSERT INTO audit_log (id, occurred_at, actor, action) VALUES ({id}, 1, 'a', 'b')");
        assert_eq!(sql::run(&rows, &entry).await, 1);
        for statement in [
            "UPDATE transfer SET amount_nano = amount_nano + 1",
            "UPDATE transfer SET note = 'another'",
            "DELETE FROM transfer",
            "UPDATE audit_log SET note = 'another'",
            "DELETE FROM audit_log",
        ] {
            let refused = sql::try_run(&rows, statement).await.expect_err(statement);
            assert!(refused.contains("append-only"), "{statement}: {refused}");
        }
        for statement in [
            "UPDATE account SET balance_nano = -1 WHERE kind = 'OWNER'",
            "INSERT INTO event SELECT account_id, seq, kind, payload, occurred_at FROM event",
        ] {
            assert!(sql::try_run(&rows, statement).await.is_err(), "{statement}");
        }
        server.stop().await;
    }

    /// Money is a whole number of nano-dollars in every column that holds some.
    async fn money_is_a_whole_number(database) {
        let mut server = Server::start(database).await;
        let rows = server.database.connect().await;
        let catalogue = if server.database.is_sqlite() {
            "SELECT t.name || '.' || c.name || ' ' || lower(c.type) FROM sqlite_master t
             JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"
        } else {
            "SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
             WHERE table_schema = 'public'"
        };
        let columns = sql::texts(&rows, catalogue).await;
        let money: Vec<&String> = columns.iter().filter(|column| column.contains("_nano ")).collect();
        assert!(money.len() >= 15, "{columns:?}");
        for column in &columns {
            let (name, kind) = column.split_once(' ').expect("a name and a type");
            let is_inexact = ["real", "float", "double", "decimal", "numeric", "money"];
            assert!(!is_inexact.iter().any(|word| kind.contains(word)), "{column}");
            let sounds_like_money = ["amount", "balance", "cost", "price", "held", "credit", "spent"];
            let is_text = kind == "text" || kind.contains("char");
            if sounds_like_money.iter().any(|word| name.rsplit('.').next().is_some_and(|name| name.contains(word))) {
                assert!(kind == "bigint" || is_text, "{column}");
            }
        }
        assert!(money.iter().all(|column| column.ends_with(" bigint")), "{money:?}");
        if server.database.is_sqlite() {
            // SQLite stores what it is given: a column's type is a wish.
            let stored = "SELECT count(*) FROM account WHERE typeof(balance_nano) <> 'integer'";
            assert_eq!(sql::number(&rows, stored).await, 0);
        }
        server.stop().await;
    }

    /// What must exist once exists once, even if every line of code above the tables were wrong.
    async fn the_database_holds_what_is_unique(database) {
        let mut server = Server::start(database).await;
        let rows = server.database.connect().await;
        let catalogue = if server.database.is_sqlite() {
            "SELECT t.name || '(' || (SELECT group_concat(c.name, ',') FROM pragma_index_info(i.name) c) || ')'
             FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.\"unique\" = 1"
        } else {
            "SELECT t.relname::text || '(' || (
               SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k(number, place)
               JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) || ')'
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
             WHERE i.indisunique AND n.nspname = 'public'"
        };
        let unique = sql::texts(&rows, catalogue).await;
        for expected in [
            "account(telegram_user_id)",
            "provider_key(provider,fingerprint)",
            "provider_key(owner_id,provider,fingerprint)",
            "attempt(principal,task_id,number)",
            "attempt(key_id,provider_task_id)",
            "transfer(attempt_id)",
            "transfer(principal,idempotency_key)",
            "transfer(account_id,seq)",
            "transfer(corrects_transfer_id,correction_reason)",
            "event(account_id,seq)",
        ] {
            assert!(unique.iter().any(|found| found == expected), "{expected} is not unique: {unique:?}");
        }
        server.stop().await;
    }
}

//! Credits come in by deposits and go out by payments, each once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{ADA, deposit, move_credits, refusal, spend, telegram};
use crate::support::{Server, sql};
use key_recycling::domain::Scope;

on_both_databases! {
    /// The first deposit makes the account, and its owner finds it at the first login.
    async fn a_deposit_makes_the_account(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let posted = deposit(&billing, telegram(ADA), "1.50", "first").await;
        assert_eq!(posted["userErrors"], json!([]));
        assert_eq!(posted["transaction"]["kind"], "DEPOSIT");
        assert_eq!(posted["transaction"]["amount"], "1.5");
        assert_eq!(posted["transaction"]["balanceAfter"], "1.5");
        let owner = server.owner(ADA);
        let account = owner.account().await;
        assert_eq!(account["balance"], "1.5");
        assert_eq!(account["credited"], "0");
        // A payment is no reason to make an account, and an account that is known by id is the same.
        let paid = spend(&billing, telegram(ADA + 1), "1", "nobody").await;
        assert_eq!(refusal(&paid), ("ACCOUNT_NOT_FOUND", &json!(["account"])));
        let paid = spend(&billing, json!({ "id": account["id"] }), "0.25", "by id").await;
        assert_eq!(paid["transaction"]["amount"], "-0.25");
        assert_eq!(paid["transaction"]["balanceAfter"], "1.25");
        server.stop().await;
    }

    /// A repeat answers the first transaction; another content names the field that differs.
    async fn a_movement_happens_once(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let note = json!("for two");
        let first = move_credits(&billing, "deposit", telegram(ADA), "2", "k", note.clone()).await;
        let again = move_credits(&billing, "deposit", telegram(ADA), "2.000", "k", note.clone()).await;
        assert_eq!(first["userErrors"], json!([]));
        assert_eq!(first, again, "the same content is the same transaction");
        for (account, amount, note, field) in [
            (telegram(ADA), "3", note.clone(), "amount"),
            (telegram(ADA + 1), "2", note.clone(), "account"),
            (telegram(ADA), "2", json!("for three"), "note"),
            (telegram(ADA), "2", Value::Null, "note"),
        ] {
            let other = move_credits(&billing, "deposit", account, amount, "k", note).await;
            assert_eq!(refusal(&other), ("IDEMPOTENCY_MISMATCH", &json!([field])));
        }
        let other = move_credits(&billing, "spend", telegram(ADA), "2", "k", note.clone()).await;
        assert_eq!(refusal(&other), ("IDEMPOTENCY_MISMATCH", &json!(["idempotencyKey"])));
        // Names are the service's own: another service's are its own too.
        let another = server.service("another-billing", &[Scope::Billing]).await;
        let theirs = move_credits(&another, "deposit", telegram(ADA), "2", "k", note).await;
        assert_ne!(theirs["transaction"]["id"], first["transaction"]["id"]);
        let paid = spend(&billing, telegram(ADA), "1", "p").await;
        assert_eq!(paid, spend(&billing, telegram(ADA), "1", "p").await);
        assert_eq!(server.owner(ADA).account().await["balance"], "3");
        server.stop().await;
    }

    /// Twenty requests under one name at one moment post one transaction.
    async fn a_name_used_at_once_posts_once(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let all = join_all((0..20).map(|_| deposit(&billing, telegram(ADA), "5", "the one"))).await;
        for answer in &all {
            assert_eq!(answer["userErrors"], json!([]));
            assert_eq!(answer["transaction"]["id"], all[0]["transaction"]["id"]);
        }
        let spent = join_all((0..20).map(|_| spend(&billing, telegram(ADA), "1", "the other"))).await;
        assert!(spent.iter().all(|answer| answer == &spent[0] && answer["userErrors"] == json!([])));
        let account = server.owner(ADA).account().await;
        assert_eq!(account["balance"], "4");
        assert_eq!(account["transactions"]["nodes"].as_array().map(Vec::len), Some(2));
        server.stop().await;
    }

    /// Of many payments at one moment as many succeed as there are credits for.
    async fn a_balance_never_falls_below_zero(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        deposit(&billing, telegram(ADA), "10", "start").await;
        let names: Vec<String> = (0..25).map(|number| format!("payment {number}")).collect();
        let answers = join_all(names.iter().map(|name| spend(&billing, telegram(ADA), "0.999999999", name))).await;
        let (paid, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer["userErrors"] == json!([]));
        assert_eq!((paid.len(), refused.len()), (10, 15));
        for answer in refused {
            assert_eq!(refusal(answer), ("INSUFFICIENT_CREDITS", &json!(["amount"])));
        }
        assert_eq!(server.owner(ADA).account().await["balance"], "0.00000001");
        let rows = server.database.connect().await;
        assert_eq!(sql::number(&rows, "SELECT min(balance_after_nano) FROM transfer").await, 10);
        let report = server.app().ledger.audit(None).await.expect("the audit runs");
        assert_eq!(report.lies, Vec::<String>::new());
        server.stop().await;
    }

    /// Amounts are above zero and within the limit; what is no amount never arrives.
    async fn amounts_have_bounds(database) {
        let mut server = Server::start_with(database, "[ledger]\namount_max = \"100\"\n").await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        for amount in ["0", "-1", "-0.000000001", "100.000000001", "9223372036.854775807"] {
            let posted = deposit(&billing, telegram(ADA), amount, amount).await;
            assert_eq!(refusal(&posted), ("AMOUNT_INVALID", &json!(["amount"])), "{amount}");
            let paid = spend(&billing, telegram(ADA), amount, amount).await;
            assert_eq!(refusal(&paid), ("AMOUNT_INVALID", &json!(["amount"])), "{amount}");
        }
        assert_eq!(deposit(&billing, telegram(ADA), "100", "most").await["userErrors"], json!([]));
        assert_eq!(deposit(&billing, telegram(ADA), "0.000000001", "least").await["userErrors"], json!([]));
        assert_eq!(server.owner(ADA).account().await["balance"], "100.000000001");
        server.stop().await;
    }

    /// Names and notes have lengths; what is out of range is no matter of the ledger.
    async fn names_and_notes_have_lengths(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let post = async |key: String, note: String| {
            let document = "mutation($input: DepositCreditsInput!) {
                depositCredits(input: $input) { transaction { id } userErrors { code } } }";
            let input = json!({ "account": telegram(ADA), "amount": "1", "idempotencyKey": key, "note": note });
            billing.run(document, json!({ "input": input })).await
        };
        for (key, note) in [
            (String::new(), String::new()),
            ("k".repeat(65), String::new()),
            ("a\nb".to_owned(), String::new()),
            ("k".to_owned(), "n".repeat(201)),
        ] {
            let answer = post(key, note).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT");
            assert_eq!(answer.0["data"], json!({ "depositCredits": null }));
        }
        let answer = post("я".repeat(64), "я".repeat(200)).await.data();
        assert_eq!(answer["depositCredits"]["userErrors"], json!([]));
        server.stop().await;
    }

    /// A frozen account takes deposits and makes no payments.
    async fn a_frozen_account_spends_nothing(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        deposit(&billing, telegram(ADA), "10", "start").await;
        let paid_before = spend(&billing, telegram(ADA), "1", "before").await;
        let rows = server.database.connect().await;
        assert_eq!(sql::run(&rows, "UPDATE account SET frozen_at = 1 WHERE kind = 'OWNER'").await, 1);
        let paid = spend(&billing, telegram(ADA), "1", "after").await;
        assert_eq!(refusal(&paid), ("ACCOUNT_FROZEN", &json!(["account"])));
        assert_eq!(spend(&billing, telegram(ADA), "1", "before").await, paid_before, "a repeat is no payment");
        assert_eq!(deposit(&billing, telegram(ADA), "1", "more").await["userErrors"], json!([]));
        assert_eq!(server.owner(ADA).account().await["balance"], "10");
        server.stop().await;
    }

    /// The platform's own accounts are nobody's to deposit to or to spend from.
    async fn system_accounts_are_not_found(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let operator = server.service("operations", &[Scope::Operate]).await;
        let key = "mutation { openLease(input: { taskId: \"x\", route: { taskType: TURNSTILE } }) { lease { token } } }";
        assert_eq!(operator.run(key, Value::Null).await.code(), "FORBIDDEN");
        for user in ["0", "-1", "ada", " 5000000001"] {
            let posted = deposit(&billing, json!({ "telegramUserId": user }), "1", "k").await;
            assert_eq!(refusal(&posted), ("ACCOUNT_NOT_FOUND", &json!(["account"])), "{user}");
        }
        let rows = server.database.connect().await;
        assert_eq!(sql::number(&rows, "SELECT count(*) FROM transfer").await, 0);
        assert_eq!(sql::number(&rows, "SELECT count(*) FROM account WHERE kind = 'OWNER'").await, 0);
        server.stop().await;
    }
}

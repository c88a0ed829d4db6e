//! An account is frozen at the terminal, beside a server that goes on.

use std::time::Duration;

use serde_json::{Value, json};

use super::Program;
use crate::ledger::{move_credits, telegram};
use crate::support::keys::fresh_key;
use crate::support::{Caller, Server};
use key_recycling::domain::Scope;

const ADA: i64 = 5_000_000_001;

async fn frozen(owner: &Caller) -> Value {
    owner.run("{ viewer { frozen } }", Value::Null).await.data()["viewer"]["frozen"].clone()
}

on_both_databases! {
    async fn a_frozen_account_neither_submits_nor_spends(database) {
        let mut server = Server::start(database).await;
        let program = Program::new(server.database.folder());
        let (ada, bo) = (server.owner(ADA), server.owner(ADA + 1));
        let billing = server.service("billing", &[Scope::Billing]).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let spend = async |user: i64, key: &str| {
            let spent = move_credits(&billing, "spend", telegram(user), "0.5", key, Value::Null).await;
            spent["userErrors"].clone()
        };
        for user in [ADA, ADA + 1] {
            move_credits(&billing, "deposit", telegram(user), "5", &user.to_string(), Value::Null).await;
        }
        let lent = server.providers.key("two_captcha", "1").await;
        ada.submit("TWO_CAPTCHA", &lent).await;
        assert_eq!((spend(ADA, "before").await, frozen(&ada).await), (json!([]), json!(false)));

        // Once it is frozen nobody asks the provider about it again.
        let junk = fresh_key("capsolver");
        let rejected = ada.submit("CAPSOLVER", &junk).await["key"]["id"].clone();
        let reference = format!("telegram:{ADA}");
        let said = program.run(&["account", "freeze", &reference]).await.done();
        assert!(said.contains("is frozen"), "{said}");
        assert_eq!(frozen(&ada).await, true);
        let key = server.providers.key("two_captcha", "1").await;
        for text in [&key, &lent] {
            let refused = ada.submit("TWO_CAPTCHA", text).await;
            assert_eq!(refused["userErrors"][0]["code"], "ACCOUNT_FROZEN", "{refused}");
        }
        assert_eq!(server.providers.readings("two_captcha", &key).await, 0, "nobody was asked");
        assert_eq!(spend(ADA, "frozen").await[0]["code"], "ACCOUNT_FROZEN");
        assert_eq!(spend(ADA, "before").await, json!([]), "a repeat answers what was done before");
        assert_eq!(spend(ADA + 1, "another").await, json!([]), "others go on");
        let deposit = move_credits(&billing, "deposit", telegram(ADA), "1", "more", Value::Null).await;
        assert_eq!(deposit["userErrors"], json!([]), "credits still come in");
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        assert_eq!(opened["userErrors"], json!([]), "its keys earn on: {opened}");
        assert_eq!((frozen(&bo).await, bo.submit("TWO_CAPTCHA", &key).await["userErrors"].clone()), (json!(false), json!([])));

        let again = program.run(&["account", "freeze", &reference]).await.done();
        assert!(again.contains("nothing changed"), "{again}");
        let log = program.run(&["log", "--action", "account.frozen", "--json"]).await.json();
        assert_eq!((log.as_array().map(Vec::len), &log[0]["who"]), (Some(1), &json!("operator")), "{log}");
        server.clock.advance(Duration::from_secs(2 * 60 * 60));
        let check = "mutation($id: ID!) { checkKeyBalance(input: { keyId: $id }) { key { status checkableAt } } }";
        let checked = async || ada.run(check, json!({ "id": rejected })).await.data()["checkKeyBalance"]["key"].clone();
        let first = checked().await;
        server.clock.advance(Duration::from_secs(2 * 60 * 60));
        // A check that begins moves the time of the next.
        assert_eq!((&first["status"], checked().await), (&json!("INVALID"), first.clone()), "nobody asks about it");
        program.run(&["account", "unfreeze", &reference]).await.done();
        let again = program.run(&["account", "unfreeze", &reference]).await.done();
        assert!(again.contains("nothing changed"), "{again}");
        assert_eq!((frozen(&ada).await, spend(ADA, "after").await), (json!(false), json!([])));
        assert_ne!(checked().await["checkableAt"], first["checkableAt"], "and then it is asked about again");
        for stranger in ["telegram:5000000999", "00000000-0000-0000-0000-000000000001"] {
            let refused = program.run(&["account", "freeze", stranger]).await;
            assert!(refused.refusal(1).contains("no such"), "{}", refused.err);
        }
        server.stop().await;
    }
}

//! A credit is taken back as far as its owner still has it.

use serde_json::{Value, json};

use super::{ADA, deposit, refusal, reverse, spend, telegram};
use crate::support::caller::http_client;
use crate::support::sandbox::usd;
use crate::support::socket::Socket;
use crate::support::solving::solve;
use crate::support::{Caller, Server, sql};
use key_recycling::domain::{Scope, Usd};

/// A server on which Ada has earned one credit, the callers, and the credit.
struct Earned {
    server: Server,
    billing: Caller,
    owner: Caller,
    credit: Value,
}

impl Earned {
    async fn start(database: crate::support::Database) -> Self {
        let server = Server::start(database).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let owner = server.owner(ADA);
        let key = server.providers.key("two_captcha", "1").await;
        assert_eq!(owner.submit("TWO_CAPTCHA", &key).await["key"]["status"], "ACTIVE");
        solve(&server, &dispatcher, "two_captcha", "a task").await;
        let credit = owner.account().await["transactions"]["nodes"][0].clone();
        assert_eq!(credit["kind"], "RECYCLE_CREDIT");
        Self { server, billing, owner, credit }
    }

    fn amount(&self) -> Usd {
        usd(&self.credit["amount"])
    }

    async fn shortfalls(&self) -> Vec<Value> {
        let document = "{ auditLog(actions: [\"credit.shortfall\"]) { nodes { actor targetId note } } }";
        let entries = self.billing.run(document, Value::Null).await.data();
        entries["auditLog"]["nodes"].as_array().expect("entries").clone()
    }

    async fn finish(mut self) {
        let report = self.server.app().ledger.audit(None).await.expect("the audit runs");
        assert_eq!(report.lies, Vec::<String>::new());
        self.server.stop().await;
    }
}

on_both_databases! {
    /// Taken back whole, linked both ways, once.
    async fn a_credit_is_taken_back(database) {
        let earned = Earned::start(database).await;
        let reversed = reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await;
        assert_eq!(reversed["userErrors"], json!([]));
        assert_eq!(reversed["shortfall"], "0");
        assert_eq!(reversed["transaction"]["kind"], "RECYCLE_REVERSAL");
        assert_eq!(usd(&reversed["transaction"]["amount"]), -earned.amount());
        assert_eq!(reversed["transaction"]["balanceAfter"], "0");
        assert_eq!(reversed["transaction"]["corrects"]["id"], earned.credit["id"]);
        let document = "query($id: ID!) { node(id: $id) { ... on Transaction { amount corrections { id kind } } } }";
        let original = earned.owner.run(document, json!({ "id": earned.credit["id"] })).await.data();
        assert_eq!(original["node"]["amount"], earned.credit["amount"], "the original stays as it is");
        let correction = json!([{ "id": reversed["transaction"]["id"], "kind": "RECYCLE_REVERSAL" }]);
        assert_eq!(original["node"]["corrections"], correction);
        let account = earned.owner.account().await;
        assert_eq!((&account["balance"], &account["credited"]), (&json!("0"), &json!("0")));
        assert_eq!(reversed, reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await, "a repeat");
        let twice = reverse(&earned.billing, &earned.credit["id"], Value::Null, "again").await;
        assert_eq!(refusal(&twice), ("NOT_REVERSIBLE", &json!(["transactionId"])));
        assert_eq!(twice["shortfall"], Value::Null);
        assert_eq!(earned.shortfalls().await, Vec::<Value>::new());
        earned.finish().await;
    }

    /// What the owner has spent is the platform's loss, and the audit log names it.
    async fn what_is_gone_is_a_shortfall(database) {
        let earned = Earned::start(database).await;
        let gone = Usd::from_nanos(earned.amount().nanos() / 3);
        spend(&earned.billing, telegram(ADA), &gone.to_string(), "a task").await;
        let reversed = reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await;
        assert_eq!(usd(&reversed["shortfall"]), gone);
        assert_eq!(usd(&reversed["transaction"]["amount"]), gone - earned.amount());
        assert_eq!(reversed["transaction"]["balanceAfter"], "0");
        let again = reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await;
        assert_eq!(reversed, again, "a repeat names the same shortfall");
        let shortfalls = earned.shortfalls().await;
        assert_eq!(shortfalls.len(), 1);
        assert_eq!(shortfalls[0]["actor"], "billing");
        assert_eq!(shortfalls[0]["targetId"], earned.credit["id"]);
        assert!(shortfalls[0]["note"].as_str().expect("a note").contains(&gone.to_string()));
        earned.finish().await;
    }

    /// Whether it came alone or over a socket.
    async fn the_audit_log_names_the_request(database) {
        let earned = Earned::start(database).await;
        let server = &earned.server;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        solve(server, &dispatcher, "two_captcha", "another task").await;
        let earned_in_all = earned.owner.account().await;
        spend(&earned.billing, telegram(ADA), &usd(&earned_in_all["balance"]).to_string(), "all of it").await;
        let credit = |place: usize| earned_in_all["transactions"]["nodes"][place]["id"].clone();
        let document = "mutation($input: ReverseCreditInput!) { reverseCredit(input: $input) { shortfall } }";
        let input = |place: usize| {
            json!({ "input": { "transactionId": credit(place), "idempotencyKey": format!("r{place}"), "note": "a test" } })
        };
        let sent = http_client()
            .post(format!("{}/graphql", server.public()))
            .header("authorization", &earned.billing.authorization)
            .header("content-type", "application/json")
            .header("x-request-id", "run-17")
            .body(json!({ "query": document, "variables": input(0) }).to_string());
        assert!(sent.send().await.expect("an answer").text().await.expect("a text").contains("shortfall"));
        let named = [("sec-websocket-protocol", "graphql-transport-ws"), ("x-request-id", "socket-18")];
        let mut socket = Socket::connect(&server.public(), &named).await.expect("a socket");
        socket.sign_in(&earned.billing.authorization).await;
        assert_eq!(socket.next().await.message()["type"], "connection_ack");
        socket.subscribe("1", document, input(1)).await;
        assert!(!socket.data("reverseCredit").await["shortfall"].is_null());
        let operator = server.service("operations", &[Scope::Operate]).await;
        let document = "{ auditLog(actions: [\"credit.shortfall\"]) { nodes { actor targetId requestId } } }";
        let log = operator.run(document, Value::Null).await.data();
        let expected = json!([
            { "actor": "billing", "targetId": credit(1), "requestId": "socket-18" },
            { "actor": "billing", "targetId": credit(0), "requestId": "run-17" },
        ]);
        assert_eq!(log["auditLog"]["nodes"], expected);
        earned.finish().await;
    }

    /// From an owner who has nothing left nothing is taken, now or when the request comes again.
    async fn nothing_is_taken_from_nothing(database) {
        let earned = Earned::start(database).await;
        spend(&earned.billing, telegram(ADA), &earned.amount().to_string(), "all of it").await;
        let reversed = reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await;
        assert_eq!(reversed["userErrors"], json!([]));
        assert_eq!(reversed["transaction"], Value::Null);
        assert_eq!(usd(&reversed["shortfall"]), earned.amount());
        deposit(&earned.billing, telegram(ADA), "5", "bought later").await;
        assert_eq!(reversed, reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await, "a repeat");
        assert_eq!(earned.owner.account().await["balance"], "5");
        assert_eq!(earned.shortfalls().await.len(), 1);
        // An entry of before had the name of the request where the request's id is now.
        let rows = earned.server.database.connect().await;
        sql::let_audit_entries_change(&rows).await;
        let of_before = "UPDATE audit_log SET request_id = idempotency_key, idempotency_key = NULL
            WHERE action = 'credit.shortfall'";
        assert_eq!(sql::run(&rows, of_before).await, 1);
        assert_eq!(reversed, reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await, "a late repeat");
        assert_eq!(earned.shortfalls().await.len(), 1);
        earned.finish().await;
    }

    /// A part can be taken; more than was credited, or nothing, can't.
    async fn a_part_has_bounds(database) {
        let earned = Earned::start(database).await;
        let more = (earned.amount() + Usd::from_nanos(1)).to_string();
        for amount in ["0", "-1", more.as_str()] {
            let refused = reverse(&earned.billing, &earned.credit["id"], json!(amount), "r").await;
            assert_eq!(refusal(&refused), ("AMOUNT_INVALID", &json!(["amount"])), "{amount}");
        }
        let part = Usd::from_nanos(earned.amount().nanos() / 2);
        let reversed = reverse(&earned.billing, &earned.credit["id"], json!(part.to_string()), "r").await;
        assert_eq!(usd(&reversed["transaction"]["amount"]), -part);
        assert_eq!(usd(&earned.owner.account().await["credited"]), earned.amount() - part);
        let other = reverse(&earned.billing, &earned.credit["id"], Value::Null, "r").await;
        assert_eq!(refusal(&other), ("IDEMPOTENCY_MISMATCH", &json!(["amount"])));
        earned.finish().await;
    }

    /// Only a recycling credit can be taken back, and only one that there is.
    async fn other_movements_stay(database) {
        let earned = Earned::start(database).await;
        let bought = deposit(&earned.billing, telegram(ADA), "5", "d").await["transaction"]["id"].clone();
        let refused = reverse(&earned.billing, &bought, Value::Null, "r").await;
        assert_eq!(refusal(&refused), ("NOT_REVERSIBLE", &json!(["transactionId"])));
        let named = reverse(&earned.billing, &earned.credit["id"], Value::Null, "d").await;
        assert_eq!(refusal(&named), ("IDEMPOTENCY_MISMATCH", &json!(["idempotencyKey"])));
        let account = earned.owner.account().await;
        for id in [json!("nonsense"), json!(""), account["id"].clone()] {
            let refused = reverse(&earned.billing, &id, Value::Null, "r").await;
            assert_eq!(refusal(&refused), ("TRANSACTION_NOT_FOUND", &json!(["transactionId"])));
        }
        earned.finish().await;
    }
}

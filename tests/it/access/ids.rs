//! A malformed, a foreign and a missing id get the same answer, byte for byte but the request's id.

use std::collections::HashMap;

use async_graphql::parser::types::{InputValueDefinition, TypeKind};
use serde_json::{Value, json};

use super::{ADA, BO, Raw, ask};
use crate::support::{Caller, Server, schema, sql};
use key_recycling::domain::Scope;

/// Objects of Bo's that nobody else may see, and some that are gone.
struct World {
    server: Server,
    ada: Caller,
    dispatcher: Caller,
    billing: Caller,
    operator: Caller,
    bos_key: String,
    gone_key: String,
    others_attempt: String,
    gone_attempt: String,
    bos_account: String,
    gone_account: String,
    bos_transaction: String,
    gone_transaction: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

async fn world(database: crate::support::Database) -> World {
    let server = Server::start(database).await;
    let (ada, bo, cy) = (server.owner(ADA), server.owner(BO), server.owner(BO + 1));
    let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
    let other = server.service("other-dispatcher", &[Scope::Dispatch]).await;
    let billing = server.service("billing", &[Scope::Billing]).await;
    let operator = server.service("operations", &[Scope::Operate]).await;
    ada.account().await;
    let mut keys = Vec::new();
    for slug in ["capsolver", "two_captcha"] {
        let key = server.providers.key(slug, "1").await;
        keys.push(text(&bo.submit(&slug.to_uppercase(), &key).await["key"]["id"]));
    }
    let mut attempts = Vec::new();
    for task in ["kept", "gone"] {
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["CAPSOLVER", "TWO_CAPTCHA"] });
        let opened = other.open_lease(task, 1, route).await;
        attempts.push((text(&opened["lease"]["attempt"]["id"]), text(&opened["lease"]["attempt"]["keyId"])));
    }
    let mut transactions = Vec::new();
    for key in ["kept", "gone"] {
        let document =
            "mutation($input: DepositCreditsInput!) { depositCredits(input: $input) { transaction { id } } }";
        let input = json!({ "account": { "telegramUserId": BO.to_string() }, "amount": "1", "idempotencyKey": key });
        let posted = billing.run(document, json!({ "input": input })).await.data();
        transactions.push(text(&posted["depositCredits"]["transaction"]["id"]));
    }
    let gone_account = text(&cy.account().await["id"]);
    // A third key that nothing refers to, so that it can go.
    let key = server.providers.key("anti_captcha", "1").await;
    let gone_key = text(&bo.submit("ANTI_CAPTCHA", &key).await["key"]["id"]);
    let bos_account = text(&bo.account().await["id"]);
    let rows = server.database.connect().await;
    sql::drop_ledger_triggers(&rows).await;
    for statement in [
        "DELETE FROM transfer WHERE idempotency_key = 'gone'",
        "DELETE FROM attempt WHERE task_id = 'gone'",
        "DELETE FROM balance_sample",
        "DELETE FROM provider_key WHERE provider = 'ANTI_CAPTCHA'",
        "DELETE FROM account WHERE telegram_user_id = 5000000003",
    ] {
        assert!(sql::run(&rows, statement).await >= 1, "{statement}");
    }
    let [(others_attempt, _), (gone_attempt, _)] = <[_; 2]>::try_from(attempts).expect("two");
    let [bos_transaction, gone_transaction] = <[_; 2]>::try_from(transactions).expect("two");
    let bos_key = keys.remove(0);
    World {
        server,
        ada,
        dispatcher,
        billing,
        operator,
        bos_key,
        gone_key,
        others_attempt,
        gone_attempt,
        bos_account,
        gone_account,
        bos_transaction,
        gone_transaction,
    }
}

impl World {
    /// Asks the same about each id, and answers the one answer that all have to get.
    async fn same(&self, caller: &Caller, document: &str, ids: &[&str]) -> Raw {
        let ask_about =
            async |id: &str| ask(&caller.endpoint, &caller.authorization, document, json!({ "id": id })).await;
        let first = ask_about(ids[0]).await;
        assert_eq!(first.status, 200, "{document}");
        for id in &ids[1..] {
            assert_eq!(ask_about(id).await, first, "{document}: {id}");
        }
        first
    }

    /// Texts that are no id at all, some of them nearly one.
    fn malformed(&self) -> Vec<String> {
        let mut bent = self.bos_key.clone().into_bytes();
        let last = bent.last_mut().expect("bytes");
        *last = if *last == b'A' { b'B' } else { b'A' };
        vec![
            String::new(),
            "x".to_owned(),
            "5000000001".to_owned(),
            "00000000-0000-0000-0000-000000000001".to_owned(),
            "\0".to_owned(),
            "🦀".to_owned(),
            String::from_utf8(bent).expect("text"),
            format!("{}=", self.bos_key),
            "A".repeat(5_000),
        ]
    }
}

on_both_databases! {
    async fn no_id_tells_whether_it_exists(database) {
        let mut world = world(database).await;
        let malformed = world.malformed();
        let with = |more: &[&String]| -> Vec<String> {
            malformed.iter().chain(more.iter().copied()).cloned().collect()
        };
        let key_ids = with(&[&world.bos_key, &world.gone_key, &world.bos_account, &world.others_attempt]);
        let attempt_ids = with(&[&world.others_attempt, &world.gone_attempt, &world.bos_key]);
        let account_ids = with(&[&world.gone_account, &world.bos_key]);
        let transaction_ids = with(&[&world.gone_transaction, &world.bos_account]);
        let gone_attempts = with(&[&world.gone_attempt, &world.bos_transaction]);
        let all = with(&[
            &world.bos_key, &world.gone_key, &world.others_attempt, &world.gone_attempt,
            &world.bos_account, &world.gone_account, &world.bos_transaction, &world.gone_transaction,
        ]);
        let node = "query($id: ID!) { node(id: $id) { id __typename } nodes(ids: [$id]) { id } }";
        let ids: Vec<&str> = all.iter().map(String::as_str).collect();
        for caller in [&world.ada, &world.dispatcher] {
            let answer = world.same(caller, node, &ids).await;
            assert_eq!(answer.json(), json!({ "data": { "node": null, "nodes": [null] } }));
        }
        let mutation = |name: &str, input: &str| {
            format!("mutation($id: ID!) {{ {name}(input: {{ {input} }}) {{ userErrors {{ code message field retryAt }} }} }}")
        };
        let cases = [
            (&world.ada, "checkKeyBalance", "keyId: $id", &key_ids, "KEY_NOT_FOUND"),
            (&world.ada, "renameKey", "keyId: $id, label: \"new\"", &key_ids, "KEY_NOT_FOUND"),
            (&world.ada, "removeKey", "keyId: $id", &key_ids, "KEY_NOT_FOUND"),
            (&world.dispatcher, "releaseLease", "attemptId: $id", &attempt_ids, "ATTEMPT_NOT_FOUND"),
            (&world.dispatcher, "reportSolution", "attemptId: $id, verdict: REJECTED", &attempt_ids, "ATTEMPT_NOT_FOUND"),
            (
                &world.billing, "depositCredits",
                "account: { id: $id }, amount: \"1\", idempotencyKey: \"k\"", &account_ids, "ACCOUNT_NOT_FOUND",
            ),
            (
                &world.billing, "spendCredits",
                "account: { id: $id }, amount: \"1\", idempotencyKey: \"k\"", &account_ids, "ACCOUNT_NOT_FOUND",
            ),
            (
                &world.billing, "reverseCredit",
                "transactionId: $id, idempotencyKey: \"k\", note: \"n\"", &transaction_ids, "TRANSACTION_NOT_FOUND",
            ),
            (
                &world.operator, "resolveAttempt",
                "attemptId: $id, cost: \"0\", note: \"n\"", &gone_attempts, "ATTEMPT_NOT_FOUND",
            ),
        ];
        for (caller, name, input, ids, code) in cases {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let answer = world.same(caller, &mutation(name, input), &ids).await;
            assert_eq!(answer.json()["data"][name]["userErrors"][0]["code"], code, "{name}");
        }
        let account = "query($id: ID!) { account(ref: { id: $id }) { id } }";
        let ids: Vec<&str> = account_ids.iter().map(String::as_str).collect();
        let answer = world.same(&world.billing, account, &ids).await;
        assert_eq!(answer.json(), json!({ "data": { "account": null } }));
        let best = "query($id: ID!) { bestKey(route: { taskType: TURNSTILE, account: { id: $id } }) { summary } }";
        world.same(&world.dispatcher, best, &ids).await;
        let log = "query($id: ID!) { auditLog(targetId: $id) { totalCount nodes { id } } }";
        let answer = world.same(&world.operator, log, &ids).await;
        assert_eq!(answer.json()["data"]["auditLog"]["totalCount"], 0);
        // The objects themselves are there, for those who may see them.
        for id in [&world.bos_key, &world.bos_account, &world.bos_transaction, &world.others_attempt] {
            let found = world.operator.run(node, json!({ "id": id })).await.data();
            assert_eq!(found["node"]["id"], **id);
        }
        world.server.stop().await;
    }
}

/// Where operations take an id of an object; `openLease` takes its route as `bestKey` does. Below them
/// those that take a name of the caller's own.
const OF_OBJECTS: [&str; 15] = [
    "account(ref.id)",
    "auditLog(targetId)",
    "bestKey(route.account.id)",
    "checkKeyBalance(input.keyId)",
    "depositCredits(input.account.id)",
    "node(id)",
    "nodes(ids)",
    "releaseLease(input.attemptId)",
    "removeKey(input.keyId)",
    "renameKey(input.keyId)",
    "reportSolution(input.attemptId)",
    "resolveAttempt(input.attemptId)",
    "reverseCredit(input.transactionId)",
    "spendCredits(input.account.id)",
    "openLease(input.route.account.id)",
];
const OF_THE_CALLER: [&str; 3] = ["attempts(taskId)", "bestKey(taskId)", "openLease(input.taskId)"];

/// Fails when an operation takes an id that no test above asks about.
#[test]
fn every_operation_that_takes_an_id_is_covered() {
    let types = schema::types();
    let types: HashMap<&str, &TypeKind> = types.iter().map(|ty| (ty.name.node.as_str(), &ty.kind)).collect();
    let mut found = Vec::new();
    for field in schema::ROOTS.iter().flat_map(|root| schema::fields(root)) {
        for argument in &field.arguments {
            collect_ids(&types, &argument.node, &argument.node.name.node, &mut found);
            let name = &field.name.node;
            for place in found.iter_mut().filter(|place| !place.contains('(')) {
                *place = format!("{name}({place})");
            }
        }
    }
    found.sort();
    let mut expected: Vec<&str> = OF_OBJECTS.iter().chain(&OF_THE_CALLER).copied().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

fn collect_ids(types: &HashMap<&str, &TypeKind>, value: &InputValueDefinition, path: &str, found: &mut Vec<String>) {
    let ty = value.ty.node.to_string();
    let ty = ty.trim_matches(['[', ']', '!']);
    match types.get(ty) {
        Some(TypeKind::InputObject(input)) => {
            for field in &input.fields {
                let path = format!("{path}.{}", field.node.name.node);
                collect_ids(types, &field.node, &path, found);
            }
        }
        // A Telegram user has an id of Telegram's: whoever may name one may know it.
        None if ty == "ID" && !path.ends_with("telegramUserId") => found.push(path.to_owned()),
        _ => {}
    }
}

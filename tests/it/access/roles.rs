//! Every role against every root field. The fields come from the committed schema, so that a new
//! one without a row in the table fails here.

use std::collections::BTreeSet;

use async_graphql::parser::types::TypeKind;
use serde_json::{Value, json};

use super::{ADA, ask, post};
use crate::support::schema;
use crate::support::socket::{Heard, Socket};
use crate::support::{Caller, Server};
use key_recycling::domain::Scope;

const OWNER: &str = "owner";
const DISPATCH: &str = "dispatch";
const BILLING: &str = "billing";
const OPERATE: &str = "operate";

/// Whoever may be signed in.
const ROLES: [&str; 4] = [OWNER, DISPATCH, BILLING, OPERATE];

/// A root field, how it is asked for, and whom it admits.
type Row = (&'static str, &'static str, &'static [&'static str]);

const QUERIES: [Row; 11] = [
    ("viewer", "viewer { id }", &ROLES),
    ("node", "node(id: \"x\") { id }", &ROLES),
    ("nodes", "nodes(ids: [\"x\"]) { id }", &ROLES),
    ("providers", "providers { code }", &ROLES),
    ("rateLimit", "rateLimit { cost }", &ROLES),
    ("bestKey", "bestKey(route: { taskType: TURNSTILE }) { summary }", &[DISPATCH]),
    ("pool", "pool { eligibleKeys }", &[DISPATCH, OPERATE]),
    ("attempts", "attempts { totalCount }", &[DISPATCH, OPERATE]),
    ("account", "account(ref: { telegramUserId: \"1\" }) { id }", &[BILLING, OPERATE]),
    ("keys", "keys { totalCount }", &[OPERATE]),
    ("auditLog", "auditLog { totalCount }", &[BILLING, OPERATE]),
];

const MUTATIONS: [Row; 11] = [
    ("submitKey", "submitKey(input: { provider: MULTIBOT, key: \"x\" }) { userErrors { code } }", &[OWNER]),
    ("checkKeyBalance", "checkKeyBalance(input: { keyId: \"x\" }) { userErrors { code } }", &[OWNER]),
    ("renameKey", "renameKey(input: { keyId: \"x\" }) { userErrors { code } }", &[OWNER]),
    ("removeKey", "removeKey(input: { keyId: \"x\" }) { userErrors { code } }", &[OWNER]),
    (
        "openLease",
        "openLease(input: { taskId: \"t\", route: { taskType: TURNSTILE } }) { userErrors { code } }",
        &[DISPATCH],
    ),
    ("releaseLease", "releaseLease(input: { attemptId: \"x\" }) { userErrors { code } }", &[DISPATCH]),
    (
        "reportSolution",
        "reportSolution(input: { attemptId: \"x\", verdict: ACCEPTED }) { userErrors { code } }",
        &[DISPATCH],
    ),
    (
        "depositCredits",
        "depositCredits(input: { account: { id: \"x\" }, amount: \"1\", idempotencyKey: \"k\" }) { userErrors { code } }",
        &[BILLING],
    ),
    (
        "spendCredits",
        "spendCredits(input: { account: { id: \"x\" }, amount: \"1\", idempotencyKey: \"k\" }) { userErrors { code } }",
        &[BILLING],
    ),
    (
        "reverseCredit",
        "reverseCredit(input: { transactionId: \"x\", idempotencyKey: \"k\", note: \"n\" }) { userErrors { code } }",
        &[BILLING],
    ),
    (
        "resolveAttempt",
        "resolveAttempt(input: { attemptId: \"x\", cost: \"0\", note: \"n\" }) { userErrors { code } }",
        &[OPERATE],
    ),
];

const SUBSCRIPTIONS: [Row; 2] = [
    ("accountEvents", "accountEvents { cursor }", &[OWNER]),
    ("poolUpdates", "poolUpdates { held }", &[DISPATCH, OPERATE]),
];

fn fields_of(name: &str) -> BTreeSet<String> {
    schema::fields(name).iter().map(|field| field.name.node.to_string()).collect()
}

fn names(rows: &[Row]) -> BTreeSet<String> {
    rows.iter().map(|(name, ..)| (*name).to_owned()).collect()
}

#[test]
fn every_root_field_has_its_row() {
    assert_eq!(fields_of("Query"), names(&QUERIES));
    assert_eq!(fields_of("Mutation"), names(&MUTATIONS));
    assert_eq!(fields_of("Subscription"), names(&SUBSCRIPTIONS));
}

/// Keys go in and never come out; the one token comes out at one place and never goes in.
#[test]
fn secrets_have_their_one_place_in_the_schema() {
    let base = |ty: &async_graphql::parser::types::Type| ty.to_string().replace(['[', ']', '!'], "");
    let (mut keys_in, mut tokens_out) = (Vec::new(), Vec::new());
    for definition in schema::types() {
        let name = definition.name.node.to_string();
        match definition.kind {
            TypeKind::Object(async_graphql::parser::types::ObjectType { fields, .. })
            | TypeKind::Interface(async_graphql::parser::types::InterfaceType { fields, .. }) => {
                for field in fields {
                    let place = format!("{name}.{}", field.node.name.node);
                    assert_ne!(base(&field.node.ty.node), "ProviderKey", "{place}");
                    if base(&field.node.ty.node) == "LeaseToken" {
                        tokens_out.push(place.clone());
                    }
                    for argument in field.node.arguments {
                        let is_secret = ["ProviderKey", "LeaseToken"].contains(&base(&argument.node.ty.node).as_str());
                        assert!(!is_secret, "{place}({})", argument.node.name.node);
                    }
                }
            }
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    let place = format!("{name}.{}", field.node.name.node);
                    assert_ne!(base(&field.node.ty.node), "LeaseToken", "{place}");
                    if base(&field.node.ty.node) == "ProviderKey" {
                        keys_in.push(place);
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(keys_in, ["SubmitKeyInput.key"]);
    assert_eq!(tokens_out, ["Lease.token"]);
}

/// A caller of each role.
async fn callers(server: &Server) -> Vec<(&'static str, Caller)> {
    vec![
        (OWNER, server.owner(ADA)),
        (DISPATCH, server.service("a-dispatcher", &[Scope::Dispatch]).await),
        (BILLING, server.service("a-billing", &[Scope::Billing]).await),
        (OPERATE, server.service("an-operator", &[Scope::Operate]).await),
    ]
}

on_both_databases! {
    async fn each_role_is_admitted_to_its_fields_and_no_others(database) {
        let mut server = Server::start(database).await;
        let endpoint = format!("{}/graphql", server.public());
        let callers = callers(&server).await;
        for (operation, rows) in [("query", &QUERIES), ("mutation", &MUTATIONS)] {
            for (name, call, admitted) in rows {
                let document = format!("{operation} {{ {call} }}");
                for (role, caller) in &callers {
                    let answer = ask(&endpoint, &caller.authorization, &document, Value::Null).await;
                    assert_eq!(answer.status, 200, "{role} {name}");
                    if admitted.contains(role) {
                        assert_eq!(answer.code(), Value::Null, "{role} {name}: {}", answer.body);
                    } else {
                        assert_eq!(answer.code(), "FORBIDDEN", "{role} {name}");
                        assert_eq!(answer.json()["data"][name], Value::Null, "{role} {name}");
                    }
                }
                let body = json!({ "query": document }).to_string();
                let answer = post(&endpoint, &[("content-type", "application/json")], body).await;
                assert_eq!(answer.code(), "UNAUTHENTICATED", "nobody {name}");
                assert_eq!(answer.json()["data"], json!({ *name: null }), "nobody {name}");
            }
        }
        server.stop().await;
    }

    async fn each_role_is_admitted_to_its_streams_and_no_others(database) {
        let mut server = Server::start(database).await;
        for (role, caller) in callers(&server).await {
            for (name, call, admitted) in SUBSCRIPTIONS {
                let mut socket = Socket::signed_in(&server.public(), &caller.authorization).await;
                socket.subscribe("1", &format!("subscription {{ {call} }}"), Value::Null).await;
                let message = socket.next().await.message();
                let code = &message["payload"]["errors"][0]["extensions"]["code"];
                let expected = if admitted.contains(&role) { Value::Null } else { json!("FORBIDDEN") };
                assert_eq!(*code, expected, "{role} {name}: {message}");
            }
        }
        let mut socket = Socket::open(&server.public()).await;
        socket.sign_in("").await;
        assert_eq!(socket.next().await, Heard::Closed(4403, "UNAUTHENTICATED".to_owned()));
        server.stop().await;
    }

    async fn introspection_shows_each_role_its_part(database) {
        let mut server = Server::start(database).await;
        let document = "{ __schema { queryType { fields { name } } mutationType { fields { name } }
            subscriptionType { fields { name } } } }";
        for (role, caller) in callers(&server).await {
            let schema = caller.run(document, Value::Null).await.data()["__schema"].clone();
            let roots =
                [("queryType", &QUERIES[..]), ("mutationType", &MUTATIONS[..]), ("subscriptionType", &SUBSCRIPTIONS[..])];
            for (root, rows) in roots {
                let shown: BTreeSet<String> = schema[root]["fields"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|field| field["name"].as_str().expect("a name").to_owned())
                    .collect();
                let seen = rows.iter().filter(|(_, _, admitted)| role == OPERATE || admitted.contains(&role));
                assert_eq!(shown, seen.map(|(name, ..)| (*name).to_owned()).collect(), "{role} {root}");
            }
        }
        server.stop().await;
    }
}

//! Every operation of the API: done as it is meant, and with a key in each place that takes a value.

use std::collections::HashMap;

use async_graphql::parser::types::{BaseType, FieldDefinition, InputObjectType, Type, TypeKind};
use serde_json::{Map, Value, json};

use super::scenario::{Callers, OWNER, Planted, attempt, attempt_of, solve, turnstile_at};
use super::witness::Witness;
use crate::support::database::rand_u64;
use crate::support::socket::Socket;
use crate::support::{eventually, schema};

const SLUG: &str = "two_captcha";

/// Does, as they are meant, the operations that the rest of the scenario has no use for. That none is missing
/// is found at the end.
pub(super) async fn operate(witness: &Witness, planted: &Planted, callers: &Callers) {
    let ids = ids(witness, planted, callers).await;
    let reading = "query($key: ID!) { viewer { id } node(id: $key) { id } nodes(ids: [$key]) { id }
        providers { code health } rateLimit { limit remaining cost } }";
    witness.ask("readings", &callers.owner, reading, json!({ "key": ids["keyId"] })).await;
    let check = "mutation($key: ID!) { checkKeyBalance(input: { keyId: $key }) {
        checked key { status problem { code message providerCode } } userErrors { code } } }";
    witness.ask("checkKeyBalance", &callers.owner, check, json!({ "key": ids["keyId"] })).await;

    let choice = "query($route: RouteInput!) { bestKey(route: $route) { summary choice { keyId } }
        pool { provider { code } eligibleKeys } attempts(first: 5) { nodes { id taskId } } }";
    let route = turnstile_at(SLUG, Some(OWNER));
    witness.ask("a choice", &callers.dispatcher, choice, json!({ "route": route })).await;
    let (token, opened) = witness.open_lease(&callers.dispatcher, "a task that is given up", &route).await;
    planted.lease_token(&token);
    let release = "mutation($attempt: ID!) { releaseLease(input: { attemptId: $attempt }) {
        attempt { state } userErrors { code } } }";
    let attempt_id = &opened["lease"]["attempt"]["id"];
    witness.ask("releaseLease", &callers.dispatcher, release, json!({ "attempt": attempt_id })).await;
    let report = "mutation($attempt: ID!) { reportSolution(input: { attemptId: $attempt, verdict: REJECTED }) {
        attempt { verdict } userErrors { code } } }";
    witness.ask("reportSolution", &callers.dispatcher, report, json!({ "attempt": ids["attemptId"] })).await;

    for (verb, type_name) in [("deposit", "DepositCreditsInput"), ("spend", "SpendCreditsInput")] {
        let document = format!(
            "mutation($input: {type_name}!) {{ {verb}Credits(input: $input) {{
                transaction {{ id amount balanceAfter note }} userErrors {{ code }} }} }}"
        );
        let input = json!({ "account": { "telegramUserId": OWNER.to_string() }, "amount": "0.0001",
            "idempotencyKey": verb, "note": "for a test" });
        witness.ask(verb, &callers.billing, &document, json!({ "input": input })).await;
    }
    let reverse = "mutation($credit: ID!) { reverseCredit(input: { transactionId: $credit, amount: \"0.0001\",
        idempotencyKey: \"reverse\", note: \"for a test\" }) { transaction { id } shortfall userErrors { code } } }";
    witness.ask("reverseCredit", &callers.billing, reverse, json!({ "credit": ids["transactionId"] })).await;

    let look = "query($user: ID!) { account(ref: { telegramUserId: $user }) { id balance credited frozen }
        keys(first: 5) { nodes { id label } } auditLog(first: 5) { nodes { actor action note } } }";
    witness.ask("a look", &callers.operator, look, json!({ "user": OWNER.to_string() })).await;
    let reviewed = under_review(witness, planted, callers).await;
    let resolve = "mutation($attempt: ID!) { resolveAttempt(input: { attemptId: $attempt, cost: \"0.00145\",
        note: \"seen in the provider's history\" }) { attempt { state cost } userErrors { code message } } }";
    witness.ask("resolveAttempt", &callers.operator, resolve, json!({ "attempt": reviewed })).await;

    let updates = "subscription { poolUpdates { provider { code } eligibleKeys available held } }";
    let mut socket = Socket::signed_in(&witness.public, &callers.dispatcher).await;
    socket.subscribe("1", updates, Value::Null).await;
    let pool = socket.next().await.message();
    witness.coverage.answered(updates, &pool["payload"]["data"]);
    witness.heard(&socket);
}

/// Objects that there are, by the names of the fields that take their ids.
async fn ids(witness: &Witness, planted: &Planted, callers: &Callers) -> HashMap<&'static str, Value> {
    let attempt = solve(witness, planted, callers, SLUG).await;
    let document = "{ viewer { keys(first: 1) { nodes { id } } transactions(kinds: [RECYCLE_CREDIT], first: 1) { nodes { id } } } }";
    let answer = witness.ask("an account", &callers.owner, document, Value::Null).await;
    let first = |list: &str| answer["data"]["viewer"][list]["nodes"][0]["id"].clone();
    HashMap::from([
        ("attemptId", attempt),
        ("keyId", first("keys")),
        ("transactionId", first("transactions")),
        ("telegramUserId", json!(OWNER.to_string())),
    ])
}

/// An attempt whose cost nobody could read.
async fn under_review(witness: &Witness, planted: &Planted, callers: &Callers) -> Value {
    let unreadable = json!({ "kind": "cost_text", "text": "\"NaN\"" });
    witness.providers.fault(SLUG, "getTaskResult", 1, unreadable).await;
    let id = attempt(witness, planted, callers, SLUG, None, 100).await["id"].take();
    eventually("the attempt is under review", || async {
        (attempt_of(witness, callers, &id).await["state"] == "UNDER_REVIEW").then_some(())
    })
    .await;
    id
}

/// Asks for every operation with a text that is none, made of a key, in each place that takes a value, one after
/// the other; as everybody, for who may not is refused at another place.
pub(super) async fn spoil(witness: &Witness, planted: &Planted, callers: &Callers) {
    let key = planted.key(&format!("W{:016x}{:015x}", rand_u64(), rand_u64() >> 4));
    let types = schema::types().into_iter().map(|ty| (ty.name.node.to_string(), ty.kind)).collect();
    let schema = Schema { types, ids: ids(witness, planted, callers).await, key: &key };
    let everybody = [&callers.owner, &callers.dispatcher, &callers.billing, &callers.operator];
    let mut places = 0;
    for (root, operation) in schema::ROOTS.into_iter().zip(["query", "mutation", "subscription"]) {
        for field in schema::fields(root) {
            for place in schema.places(&field) {
                let (document, variables) = schema.spoilt(operation, &field, &place);
                for caller in everybody {
                    if operation == "subscription" {
                        let mut socket = Socket::signed_in(&witness.public, caller).await;
                        socket.subscribe("1", &document, variables.clone()).await;
                        socket.next().await;
                        witness.heard(&socket);
                        continue;
                    }
                    let answer = witness.ask(&place, caller, &document, variables.clone()).await;
                    assert_ne!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{place} was not reached");
                }
                places += 1;
            }
        }
    }
    assert!(places > 60, "the schema was walked: {places}");
}

/// The schema, with what its fields can be asked with.
struct Schema<'a> {
    types: HashMap<String, TypeKind>,
    ids: HashMap<&'static str, Value>,
    key: &'a str,
}

impl Schema<'_> {
    /// Where a field takes a value.
    fn places(&self, field: &FieldDefinition) -> Vec<String> {
        let mut places = Vec::new();
        for argument in &field.arguments {
            self.collect(&argument.node.ty.node, argument.node.name.node.as_str(), &mut places);
        }
        places
    }

    fn collect(&self, ty: &Type, path: &str, places: &mut Vec<String>) {
        match self.kind(ty) {
            Some(TypeKind::InputObject(input)) => {
                for field in &input.fields {
                    self.collect(&field.node.ty.node, &format!("{path}.{}", field.node.name.node), places);
                }
            }
            _ => places.push(path.to_owned()),
        }
    }

    /// A document that asks for the field with what is wrong in one place and nothing that it can do without.
    fn spoilt(&self, operation: &str, field: &FieldDefinition, place: &str) -> (String, Value) {
        let (mut declared, mut given, mut variables) = (String::new(), String::new(), Map::new());
        for argument in &field.arguments {
            let (name, ty) = (argument.node.name.node.as_str(), &argument.node.ty.node);
            let is_optional = ty.nullable || argument.node.default_value.is_some();
            if is_optional && !is_on_the_way(name, place) {
                continue;
            }
            declared += &format!("${name}: {ty} ");
            given += &format!("{name}: ${name} ");
            variables.insert(name.to_owned(), self.value(ty, name, place));
        }
        let name = &field.name.node;
        let answer = match self.kind(&field.ty.node) {
            Some(TypeKind::Object(object)) if object.fields.iter().any(|it| it.node.name.node == "userErrors") => {
                "userErrors { code message field retryAt }"
            }
            _ => "__typename",
        };
        (format!("{operation}({declared}) {{ {name}({given}) {{ {answer} }} }}"), Value::Object(variables))
    }

    fn value(&self, ty: &Type, path: &str, place: &str) -> Value {
        match self.kind(ty) {
            // Too long for every text, and of characters that no text has.
            _ if path == place => json!(format!("{}\u{1}", self.key).repeat(8)),
            Some(TypeKind::InputObject(input)) => self.object(input, path, place),
            Some(TypeKind::Enum(choices)) => json!(choices.values[0].node.value.node),
            _ => self.plausible(ty, path),
        }
    }

    fn object(&self, input: &InputObjectType, path: &str, place: &str) -> Value {
        let mut members = Map::new();
        for field in &input.fields {
            let (name, ty) = (field.node.name.node.as_str(), &field.node.ty.node);
            let path = format!("{path}.{name}");
            let is_optional = ty.nullable || field.node.default_value.is_some();
            if !is_optional || is_on_the_way(&path, place) {
                members.insert(name.to_owned(), self.value(ty, &path, place));
            }
        }
        // Of some, one member has to be there.
        if members.is_empty() {
            members.insert("telegramUserId".to_owned(), self.ids["telegramUserId"].clone());
        }
        Value::Object(members)
    }

    fn plausible(&self, ty: &Type, path: &str) -> Value {
        let name = path.rsplit('.').next().unwrap_or(path);
        match ty.base.to_string().as_str() {
            "Usd" => json!("0.0001"),
            "Boolean" => json!(false),
            "Int" => json!(1),
            _ => self.ids.get(name).cloned().unwrap_or_else(|| json!("a text")),
        }
    }

    /// What a type, or what a list holds, is; `None` for a scalar of GraphQL's own.
    fn kind(&self, ty: &Type) -> Option<&TypeKind> {
        let mut base = &ty.base;
        while let BaseType::List(inner) = base {
            base = &inner.base;
        }
        self.types.get(&base.to_string())
    }
}

/// Whether a place is here or below.
fn is_on_the_way(path: &str, place: &str) -> bool {
    place.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

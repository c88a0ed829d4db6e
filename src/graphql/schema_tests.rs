//! The schema as a whole: who is admitted where, what each role is shown, where secrets may occur.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, TypeDefinition, TypeKind, TypeSystemDefinition};
use async_graphql::{Request, Response, Variables};
use futures_util::StreamExt as _;
use uuid::Uuid;

use super::*;
use crate::domain::{AccountId, Actor, Scope, Scopes, ServiceIdentity, ServiceTokenId, SystemClock};

const ROLES: [&str; 5] = ["nobody", "owner", "dispatch", "billing", "operate"];

/// Root fields with valid arguments, and the roles that they admit.
const FIELDS: [(&str, &[&str]); 25] = [
    ("{ viewer { balance } }", &["owner", "dispatch", "billing", "operate"]),
    (r#"{ node(id: "x") { id } }"#, &["owner", "dispatch", "billing", "operate"]),
    (r#"{ nodes(ids: ["x"]) { id } }"#, &["owner", "dispatch", "billing", "operate"]),
    ("{ providers { code } }", &["owner", "dispatch", "billing", "operate"]),
    ("{ rateLimit { cost } }", &["owner", "dispatch", "billing", "operate"]),
    ("{ bestKey(route: {taskType: TURNSTILE}) { summary } }", &["dispatch"]),
    ("{ pool { held } }", &["dispatch", "operate"]),
    ("{ attempts { totalCount } }", &["dispatch", "operate"]),
    (r#"{ account(ref: {id: "x"}) { balance } }"#, &["billing", "operate"]),
    ("{ keys { totalCount } }", &["operate"]),
    ("{ auditLog { totalCount } }", &["billing", "operate"]),
    (r#"mutation { submitKey(input: {provider: MULTIBOT, key: "x"}) { key { id } } }"#, &["owner"]),
    (r#"mutation { checkKeyBalance(input: {keyId: "x"}) { checked } }"#, &["owner"]),
    (r#"mutation { renameKey(input: {keyId: "x"}) { key { id } } }"#, &["owner"]),
    (r#"mutation { removeKey(input: {keyId: "x"}) { key { id } } }"#, &["owner"]),
    (
        r#"mutation { openLease(input: {taskId: "x", route: {taskType: TURNSTILE}}) { lease { endpoint } } }"#,
        &["dispatch"],
    ),
    (r#"mutation { releaseLease(input: {attemptId: "x"}) { attempt { id } } }"#, &["dispatch"]),
    (r#"mutation { reportSolution(input: {attemptId: "x", verdict: ACCEPTED}) { attempt { id } } }"#, &["dispatch"]),
    (
        r#"mutation { depositCredits(input: {account: {id: "x"}, amount: "1", idempotencyKey: "x"}) { transaction { id } } }"#,
        &["billing"],
    ),
    (
        r#"mutation { spendCredits(input: {account: {id: "x"}, amount: "1", idempotencyKey: "x"}) { transaction { id } } }"#,
        &["billing"],
    ),
    (
        r#"mutation { reverseCredit(input: {transactionId: "x", idempotencyKey: "x", note: "x"}) { shortfall } }"#,
        &["billing"],
    ),
    (r#"mutation { resolveAttempt(input: {attemptId: "x", cost: "0", note: "x"}) { attempt { id } } }"#, &["operate"]),
    ("subscription { accountEvents { cursor } }", &["owner"]),
    ("subscription { poolUpdates { held } }", &["dispatch", "operate"]),
    ("{ __typename }", &ROLES),
];

fn actor_of(role: &str) -> Option<Actor> {
    if role == "owner" {
        return Some(Actor::Owner(AccountId(Uuid::from_u128(1))));
    }
    let scope = Scope::from_code(role)?;
    let token = ServiceTokenId(Uuid::from_u128(2));
    Some(Actor::Service(ServiceIdentity { name: "tests".to_owned(), token, scopes: Scopes::of(&[scope]) }))
}

/// The schema without anything to answer from: whatever passes a guard ends as INTERNAL.
fn hollow_engine(settings: &Settings) -> Arc<ApiEngine> {
    let budget = Budget::new(Arc::new(SystemClock), settings);
    Arc::new(Engine::new(registered, |schema| schema, settings, budget))
}

async fn ask(query: &str, role: &str) -> Response {
    let mut request = Request::new(query);
    if let Some(actor) = actor_of(role) {
        request = request.data(Caller { actor });
    }
    let mut answers = hollow_engine(&Settings { introspection: Introspection::Everybody, ..Settings::default() })
        .stream(request, Arc::default());
    answers.next().await.expect("every request is answered")
}

#[tokio::test]
async fn a_field_answers_the_roles_it_admits_and_no_other() {
    for (query, admitted) in FIELDS {
        for role in ROLES {
            let shown = serde_json::to_string(&ask(query, role).await.errors).expect("errors are JSON");
            let refused = shown.contains("FORBIDDEN") || shown.contains("UNAUTHENTICATED");
            assert_eq!(refused, !admitted.contains(&role), "{role} at {query}: {shown}");
            assert!(!shown.contains("VALIDATION") && !shown.contains("BAD_USER_INPUT"), "{query}: {shown}");
            assert_eq!(shown.contains("UNAUTHENTICATED"), role == "nobody" && query != "{ __typename }", "{shown}");
        }
    }
}

#[tokio::test]
async fn introspection_shows_each_role_its_part_and_operators_everything() {
    let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } \
                 subscriptionType { fields { name } } } }";
    for role in ROLES {
        let shown = serde_json::to_string(&ask(query, role).await.data).expect("data is JSON");
        for (field, admitted) in FIELDS.iter().filter(|(_, admitted)| admitted.len() < 4) {
            let name = field
                .split(['{', '(', ' '])
                .filter(|word| !word.is_empty())
                .find(|word| !matches!(*word, "mutation" | "subscription"));
            let name = name.expect("each query names its field");
            let is_shown = shown.contains(&format!(r#""name":"{name}""#));
            assert_eq!(is_shown, role == "operate" || admitted.contains(&role), "{name} to {role}");
        }
    }
}

/// The types of the schema, as its SDL has them.
fn types() -> Vec<TypeDefinition> {
    let document = parse_schema(sdl()).expect("the SDL parses");
    let definitions = document.definitions.into_iter();
    let types = definitions.filter_map(|definition| match definition {
        TypeSystemDefinition::Type(ty) => Some(ty.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    types.collect()
}

fn output_fields(ty: &TypeDefinition) -> Vec<&FieldDefinition> {
    match &ty.kind {
        TypeKind::Object(object) => object.fields.iter().map(|field| &field.node).collect(),
        TypeKind::Interface(interface) => interface.fields.iter().map(|field| &field.node).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn secrets_have_one_way_each() {
    for ty in types() {
        let owner = ty.name.node.as_str();
        for field in output_fields(&ty) {
            let (name, shown) = (field.name.node.as_str(), field.ty.node.to_string());
            assert!(!shown.contains("ProviderKey"), "{owner}.{name} shows a key");
            assert_eq!(shown.contains("LeaseToken"), (owner, name) == ("Lease", "token"), "{owner}.{name}");
            for argument in &field.arguments {
                assert!(!argument.node.ty.node.to_string().contains("LeaseToken"), "{owner}.{name} takes a token");
            }
        }
        if let TypeKind::InputObject(input) = &ty.kind {
            for field in &input.fields {
                let taken = field.node.ty.node.to_string();
                let place = (owner, field.node.name.node.as_str());
                assert!(!taken.contains("LeaseToken"), "{place:?} takes a token");
                assert_eq!(taken.contains("ProviderKey"), place == ("SubmitKeyInput", "key"), "{place:?}");
            }
        }
    }
}

#[test]
fn root_fields_and_payloads_are_nullable() {
    for ty in types() {
        let name = ty.name.node.as_str();
        for field in output_fields(&ty) {
            let nullable = field.ty.node.nullable;
            if matches!(name, "Query" | "Mutation") {
                assert!(nullable, "{name}.{} is not nullable", field.name.node);
            }
        }
    }
}

#[test]
fn everything_is_described() {
    for ty in types() {
        let name = ty.name.node.as_str();
        assert!(ty.description.is_some(), "{name}");
        for field in output_fields(&ty) {
            assert!(field.description.is_some(), "{name}.{}", field.name.node);
            for argument in &field.arguments {
                assert!(argument.node.description.is_some(), "{name}.{}({})", field.name.node, argument.node.name.node);
            }
        }
        match &ty.kind {
            TypeKind::InputObject(input) => {
                assert!(input.fields.iter().all(|field| field.node.description.is_some()), "{name}");
            }
            TypeKind::Enum(values) => {
                assert!(values.values.iter().all(|value| value.node.description.is_some()), "{name}");
            }
            _ => {}
        }
    }
}

#[test]
fn the_text_is_the_same_every_time() {
    assert_eq!(sdl(), sdl());
}

/// A document that fits gets as far as the guards; with variables of the wrong type or none it is
/// the values that are at fault, which are looked at after the document.
#[tokio::test]
async fn every_trusted_document_fits_the_schema() {
    let engine = hollow_engine(&Settings::default());
    for text in trusted::all() {
        let request = Request::new(text).variables(Variables::from_json(serde_json::json!({ "first": 5 })));
        let answer = engine.clone().stream(request, Arc::default()).next().await.expect("every request is answered");
        let shown = serde_json::to_string(&answer.errors).expect("errors are JSON");
        assert!(shown.contains("UNAUTHENTICATED") || shown.contains("BAD_USER_INPUT"), "{text}: {shown}");
    }
}

#[tokio::test]
async fn owners_run_trusted_documents_only_where_that_is_set() {
    let settings = Settings { owners_run_trusted_only: true, ..Settings::default() };
    let engine = hollow_engine(&settings);
    let providers = trusted::all().find(|text| text.contains("query Providers")).expect("there is one");
    for (text, role, is_refused) in [
        (providers, "owner", false),
        ("{ providers { code } }", "owner", true),
        ("{ providers { code } }", "dispatch", false),
    ] {
        let actor = actor_of(role).expect("somebody");
        let answer = engine.execute(Request::new(text).data(Caller { actor })).await;
        let shown = serde_json::to_string(&answer.errors).expect("errors are JSON");
        assert_eq!(shown.contains("FORBIDDEN"), is_refused, "{role}: {text}: {shown}");
    }
}

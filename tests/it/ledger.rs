//! Credits: movements, reversals, what the database itself refuses, and the audit that finds lies.

mod audit;
mod guards;
mod movements;
mod reversal;

use serde_json::{Value, json};

use crate::support::Caller;

/// The owner of most of these tests.
const ADA: i64 = 5_000_000_001;

/// How billing names an owner.
pub(crate) fn telegram(user: i64) -> Value {
    json!({ "telegramUserId": user.to_string() })
}

/// What every movement answers.
const ANSWER: &str = "transaction { id kind amount balanceAfter note corrects { id } corrections { id kind amount } }
    userErrors { code field }";

/// Deposits, or refuses to, and answers the payload.
async fn deposit(billing: &Caller, account: Value, amount: &str, key: &str) -> Value {
    move_credits(billing, "deposit", account, amount, key, Value::Null).await
}

/// Spends, or refuses to, and answers the payload.
async fn spend(billing: &Caller, account: Value, amount: &str, key: &str) -> Value {
    move_credits(billing, "spend", account, amount, key, Value::Null).await
}

pub(crate) async fn move_credits(
    billing: &Caller,
    verb: &str,
    account: Value,
    amount: &str,
    key: &str,
    note: Value,
) -> Value {
    let type_name = if verb == "deposit" { "DepositCreditsInput" } else { "SpendCreditsInput" };
    let document = format!("mutation($input: {type_name}!) {{ {verb}Credits(input: $input) {{ {ANSWER} }} }}");
    let input = json!({ "account": account, "amount": amount, "idempotencyKey": key, "note": note });
    billing.run(&document, json!({ "input": input })).await.data()[format!("{verb}Credits")].clone()
}

/// Takes a credit back, or refuses to, and answers the payload.
pub(crate) async fn reverse(billing: &Caller, transaction: &Value, amount: Value, key: &str) -> Value {
    let document =
        format!("mutation($input: ReverseCreditInput!) {{ reverseCredit(input: $input) {{ shortfall {ANSWER} }} }}");
    let input = json!({ "transactionId": transaction, "amount": amount, "idempotencyKey": key, "note": "a test" });
    billing.run(&document, json!({ "input": input })).await.data()["reverseCredit"].clone()
}

/// The one user error of a payload: its code and field.
fn refusal(payload: &Value) -> (&str, &Value) {
    let errors = payload["userErrors"].as_array().expect("user errors");
    assert_eq!(errors.len(), 1, "{payload}");
    assert_eq!(payload["transaction"], Value::Null, "{payload}");
    (errors[0]["code"].as_str().expect("a code"), &errors[0]["field"])
}

//! Keys and settings: made, changed, spent from, topped up.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::account::Account;
use crate::amount::Amount;
use crate::desk::Desk;
use crate::http::Shared;
use crate::provider::Provider;
use crate::settings::{Settings, SettingsPatch};

use super::Refused;
use super::books::{KeyBooks, key_books};

/// What a key holds, as far as an order changes it.
#[derive(Default, Deserialize)]
struct Holdings {
    balance: Option<Amount>,
    package_calls: Option<u64>,
    captcha_credits: Option<u64>,
    suspended: Option<bool>,
}

/// A sum of money.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    amount: Amount,
}

type KeyPath = Path<(Provider, String)>;

/// Makes a key or changes what is named; every other field is a setting of this key alone.
pub(super) async fn put(
    State(shared): State<Shared>,
    Path((provider, key)): KeyPath,
    Json(mut fields): Json<Map<String, Value>>,
) -> Result<Json<KeyBooks>, Refused> {
    let mut own = Map::new();
    for name in ["balance", "package_calls", "captcha_credits", "suspended"] {
        own.extend(fields.remove(name).map(|value| (name.to_owned(), value)));
    }
    let holdings: Holdings = serde_json::from_value(Value::Object(own)).map_err(Refused::bad)?;
    let overrides = match fields.is_empty() {
        true => None,
        false => Some(read_patch(fields)?),
    };
    if overrides.as_ref().is_some_and(SettingsPatch::touches_bans) {
        return Err(Refused::bad("bans are a setting of the provider"));
    }
    let name = provider.account_name(&key);
    let mut desk = shared.desk(provider);
    if let Some(overrides) = overrides {
        desk.patch_key_settings(name, overrides);
    }
    let account = desk.open_account(name);
    if let Some(balance) = holdings.balance {
        account.deposit(balance - account.balance);
    }
    account.package_calls = holdings.package_calls.unwrap_or(account.package_calls);
    account.captcha_credits = holdings.captcha_credits.unwrap_or(account.captcha_credits);
    account.suspended = holdings.suspended.unwrap_or(account.suspended);
    Ok(Json(key_books(account)))
}

pub(super) async fn get(
    State(shared): State<Shared>,
    Path((provider, key)): KeyPath,
) -> Result<Json<KeyBooks>, Refused> {
    let mut desk = shared.desk(provider);
    find(&mut desk, provider, &key).map(|account| Json(key_books(account)))
}

/// Spending from outside the platform.
pub(super) async fn spend(
    State(shared): State<Shared>,
    Path((provider, key)): KeyPath,
    Json(Sum { amount }): Json<Sum>,
) -> Result<Json<KeyBooks>, Refused> {
    let now = shared.clock.now();
    let mut desk = shared.desk(provider);
    let account = find(&mut desk, provider, &key)?;
    account.spend_outside(amount, now);
    Ok(Json(key_books(account)))
}

/// Money paid in by the key's owner.
pub(super) async fn top_up(
    State(shared): State<Shared>,
    Path((provider, key)): KeyPath,
    Json(Sum { amount }): Json<Sum>,
) -> Result<Json<KeyBooks>, Refused> {
    let mut desk = shared.desk(provider);
    let account = find(&mut desk, provider, &key)?;
    account.deposit(amount);
    Ok(Json(key_books(account)))
}

pub(super) async fn settings(State(shared): State<Shared>, Path(provider): Path<Provider>) -> Json<Settings> {
    Json(shared.desk(provider).settings().clone())
}

pub(super) async fn patch_settings(
    State(shared): State<Shared>,
    Path(provider): Path<Provider>,
    Json(fields): Json<Map<String, Value>>,
) -> Result<Json<Settings>, Refused> {
    let patch = read_patch(fields)?;
    let mut desk = shared.desk(provider);
    desk.patch_settings(&patch);
    Ok(Json(desk.settings().clone()))
}

fn read_patch(fields: Map<String, Value>) -> Result<SettingsPatch, Refused> {
    let patch: SettingsPatch = serde_json::from_value(Value::Object(fields)).map_err(Refused::bad)?;
    match patch.problem() {
        Some(problem) => Err(Refused::bad(problem)),
        None => Ok(patch),
    }
}

fn find<'a>(desk: &'a mut Desk, provider: Provider, key: &str) -> Result<&'a mut Account, Refused> {
    desk.account_mut(provider.account_name(key)).ok_or_else(Refused::no_such_key)
}

//! The books as tests read them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use crate::account::{Account, Charge, Method, Totals};
use crate::amount::Amount;
use crate::desk::Desk;
use crate::http::Shared;
use crate::provider::Provider;

/// One provider's sums.
#[derive(Serialize)]
pub(super) struct ProviderBooks {
    #[serde(flatten)]
    totals: Totals,
    balance: Amount,
    unknown_key_calls: u64,
}

/// One provider's sums and those of its keys.
#[derive(Serialize)]
pub(super) struct DetailedBooks {
    #[serde(flatten)]
    provider: ProviderBooks,
    keys: BTreeMap<String, KeySums>,
}

#[derive(Serialize)]
struct KeySums {
    #[serde(flatten)]
    totals: Totals,
    balance: Amount,
    calls: BTreeMap<Method, u64>,
}

/// Everything about one key.
#[derive(Serialize)]
pub(super) struct KeyBooks {
    balance: Amount,
    package_calls: u64,
    captcha_credits: u64,
    suspended: bool,
    deposited: Amount,
    charged: Amount,
    charged_outside: Amount,
    refunded: Amount,
    charges: Vec<Charge>,
    charges_dropped: u64,
    calls: BTreeMap<Method, u64>,
    suspended_calls: u64,
    tasks: TaskCounts,
}

#[derive(Serialize)]
struct TaskCounts {
    created: u64,
    solved: u64,
    failed: u64,
}

pub(super) async fn all(State(shared): State<Shared>) -> Json<BTreeMap<&'static str, ProviderBooks>> {
    let books =
        Provider::ALL.into_iter().map(|provider| (provider.slug(), provider_books(&shared.desk(provider)))).collect();
    Json(books)
}

pub(super) async fn one(State(shared): State<Shared>, Path(provider): Path<Provider>) -> Json<DetailedBooks> {
    let desk = shared.desk(provider);
    let sums =
        |account: &Account| KeySums { totals: account.totals, balance: account.balance, calls: account.calls.clone() };
    Json(DetailedBooks {
        provider: provider_books(&desk),
        keys: desk.accounts().map(|(name, account)| (name.clone(), sums(account))).collect(),
    })
}

fn provider_books(desk: &Desk) -> ProviderBooks {
    ProviderBooks { totals: desk.totals(), balance: desk.held(), unknown_key_calls: desk.unknown_key_calls() }
}

pub(super) fn key_books(account: &Account) -> KeyBooks {
    let Totals { deposited, charged, charged_outside, refunded, .. } = account.totals;
    KeyBooks {
        balance: account.balance,
        package_calls: account.package_calls,
        captcha_credits: account.captcha_credits,
        suspended: account.suspended,
        deposited,
        charged,
        charged_outside,
        refunded,
        charges: account.charges().iter().cloned().collect(),
        charges_dropped: account.charges_dropped(),
        calls: account.calls.clone(),
        suspended_calls: account.suspended_calls,
        tasks: TaskCounts {
            created: account.totals.tasks_created,
            solved: account.totals.tasks_solved,
            failed: account.totals.tasks_failed,
        },
    }
}

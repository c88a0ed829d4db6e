//! Values of arguments, and what is said about those that are none.

use std::time::Duration;

use uuid::Uuid;

use crate::config::parse_span;
use crate::domain::{AccountId, AccountRef, ProviderCode, Scope};

pub(super) fn span(text: &str) -> Result<Duration, String> {
    parse_span(text).ok_or_else(|| "a duration has a unit: 30s, 5m, 90d".to_owned())
}

pub(super) fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_code(text).ok_or_else(|| "a scope is dispatch, billing or operate".to_owned())
}

/// A provider by its name in the configuration or in the API.
pub(super) fn provider(text: &str) -> Result<ProviderCode, String> {
    let found = ProviderCode::ALL.iter().find(|code| code.slug() == text || code.as_str() == text);
    let slugs = || ProviderCode::ALL.iter().map(|code| code.slug()).collect::<Vec<_>>().join(", ");
    found.copied().ok_or_else(|| format!("a provider is one of {}", slugs()))
}

pub(super) fn account(text: &str) -> Result<AccountRef, String> {
    let reference = match text.strip_prefix("telegram:") {
        Some(id) => id.parse().ok().filter(|id| *id > 0).map(AccountRef::Telegram),
        None => text.parse::<Uuid>().ok().map(|id| AccountRef::Id(AccountId(id))),
    };
    reference.ok_or_else(|| "an account is its id or telegram:5000000001".to_owned())
}

//! Rows of the database as domain values and back.

mod account;
mod attempt;
mod audit;
mod event;
mod key;
mod token;
mod transfer;

pub(super) use account::account;
pub(super) use attempt::{attempt, attempt_provider, attempt_row};
pub(super) use audit::{audit_entry, audit_row};
pub(super) use event::{event, event_row};
pub(super) use key::{key, key_row};
pub(super) use token::service_token;
pub(super) use transfer::{transfer, transfer_row};

use super::StoreError;
use crate::domain::Timestamp;

/// The value of a constant text, or the complaint that names its place.
fn known<T>(
    text: &str,
    from_code: fn(&str) -> Option<T>,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    from_code(text).ok_or(StoreError::Inconsistent { table, column })
}

/// The same for a nullable column.
fn known_or_null<T>(
    text: Option<&str>,
    from_code: fn(&str) -> Option<T>,
    table: &'static str,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    text.map(|text| known(text, from_code, table, column)).transpose()
}

fn time(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

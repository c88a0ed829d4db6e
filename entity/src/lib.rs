//! Rows as sea-orm sees them: one file a table, primitive columns, no logic.
//!
//! Money is nano-dollars and time is microseconds since 1970, both as 64-bit integers, the same in
//! SQLite and PostgreSQL.

pub mod account;
pub mod attempt;
pub mod audit_log;
pub mod balance_sample;
pub mod blocked_key;
pub mod event;
pub mod known_bad_key;
pub mod provider_key;
pub mod provisional_credit;
pub mod route_stat;
pub mod service_token;
pub mod transfer;
pub mod vault_canary;

//! Key Recycling: turns leftover prepaid balance on CAPTCHA-provider API keys into platform credits.
//!
//! `docs/ARCHITECTURE.md` has the map. Imports go down only; `tests/it/architecture.rs` holds it.

pub mod app;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
mod demo;
pub mod domain;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
pub mod graphql;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod ledger;
pub mod live;
pub mod moves;
pub mod pool;
pub mod providers;
pub mod routing;
pub mod store;
pub mod telemetry;
pub mod vault;

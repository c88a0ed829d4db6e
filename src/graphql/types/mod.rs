//! Output and input types: domain values, shown field by field. Nothing becomes public because the
//! domain gained a field.

pub(crate) mod account;
pub(crate) mod attempt;
pub(crate) mod audit;
pub(crate) mod codes;
pub(crate) mod event;
pub(crate) mod key;
pub(crate) mod node;
pub(crate) mod pool;
pub(crate) mod provider;
pub(crate) mod route;
pub(crate) mod transaction;

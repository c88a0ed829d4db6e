//! The providers' protocols: building requests, reading replies, and speaking to dispatchers.
//!
//! Everything here is pure. What the gateway needs is public: it reads calls with [`JsonCall`] and
//! [`LegacyCall`], tells kinds of task by [`task_type`], and answers with what [`answer`] renders.
//! The rest serves the calls that the parent module makes.

pub mod answer;
pub(crate) mod json;
pub(crate) mod legacy;
mod object;
pub(crate) mod reading;
pub mod report;
mod request;
pub(crate) mod scrub;
pub(crate) mod stored;
mod task_type;
pub(crate) mod translate;

pub(crate) use object::Object;
pub use request::{JsonCall, LegacyCall, TaskRequest};
pub use task_type::task_type;

/// Stands for an error whose code is missing or no code at all.
pub(crate) const UNKNOWN_ERROR: &str = "ERROR_UNKNOWN";

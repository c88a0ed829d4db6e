//! Leases: who gets which key, what is held for it, and how it ends.

mod choosing;
mod holding;
mod opening;
mod reporting;

//! HTTP: connections, the providers' addresses, and the faults that happen on the wire.
//!
//! Routers are built here; what a call means is decided elsewhere. A provider answers at the root
//! of its own port and below `/{slug}` on the base port, in the same way.

mod breakage;
mod door;
mod gzip;
mod line;
mod parameters;
mod service;
mod shared;

pub(crate) use door::Door;
pub(crate) use line::Peer;
pub(crate) use service::{by_path, provider_router};
pub(crate) use shared::Shared;

//! The sandbox over real HTTP: dialects, books, faults, TLS.

mod books;
mod faults;
mod json;
mod legacy;
mod support;
mod tls;
mod wire_faults;

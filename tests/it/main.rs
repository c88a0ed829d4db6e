//! End to end: the real server over real HTTP, on SQLite and PostgreSQL, against the sandbox.

#[macro_use]
mod support;

mod access;
mod architecture;
mod docs;
mod faults;
mod gateway;
mod keys;
mod leases;
mod ledger;
mod live;
mod money;
mod moves;
mod one_dollar;
mod process;
mod schema;
mod secrecy;
mod sync;
mod unit_of_work;
mod wire;

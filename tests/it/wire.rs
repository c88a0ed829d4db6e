//! The wire: GraphQL over HTTP and over WebSocket as their specifications have it.

mod bombs;
mod http;
mod pages;
mod patience;
mod socket;

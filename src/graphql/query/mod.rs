//! The query root, put together from one file a group of fields.

mod account;
mod audit;
mod budget;
mod common;
mod keys;
mod routing;

use async_graphql::MergedObject;

/// Queries: everything that can be read without changing anything.
#[derive(Default, MergedObject)]
pub struct Query(
    common::CommonQueries,
    budget::BudgetQueries,
    routing::RoutingQueries,
    account::AccountQueries,
    keys::KeyQueries,
    audit::AuditQueries,
);

//! Migrations of the database, for SQLite and PostgreSQL alike.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

mod audit_requests;
mod blocked_keys;
mod due_by_provider;
mod initial;
mod rejections;

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(initial::Initial),
            Box::new(rejections::Rejections),
            Box::new(blocked_keys::BlockedKeys),
            Box::new(due_by_provider::DueByProvider),
            Box::new(audit_requests::AuditRequests),
        ]
    }
}

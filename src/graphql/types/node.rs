//! Whatever has an opaque id.

use async_graphql::{ID, Interface};

use super::account::Account;
use super::attempt::Attempt;
use super::audit::AuditEntry;
use super::key::RecycledKey;
use super::transaction::Transaction;
use crate::domain::{AccountId, AccountRef, Actor, AttemptId, AuditId, KeyId, TransferId};
use crate::graphql::Services;
use crate::graphql::error::Result;
use crate::graphql::ids::IdKind;

/// An object with an opaque id that node can find again.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque, stable and unique over all types."))]
pub(crate) enum Node {
    Account(Account),
    RecycledKey(RecycledKey),
    Transaction(Transaction),
    Attempt(Attempt),
    AuditEntry(AuditEntry),
}

impl Node {
    /// Finds what the id names; `None` alike when it is malformed, missing, or not the actor's to see.
    pub(crate) async fn find(services: &Services, actor: &Actor, id: &ID) -> Result<Option<Self>> {
        let Some((kind, uuid)) = services.ids.open_any(id) else { return Ok(None) };
        let store = &services.store;
        Ok(match kind {
            IdKind::Account => {
                store.account(actor, AccountRef::Id(AccountId(uuid))).await?.map(|it| Self::Account(Account(it)))
            }
            IdKind::Key => store.key(actor, KeyId(uuid)).await?.map(|it| Self::RecycledKey(RecycledKey(it))),
            IdKind::Attempt => store.attempt(actor, AttemptId(uuid)).await?.map(|it| Self::Attempt(Attempt(it))),
            IdKind::Transfer => {
                store.transfer(actor, TransferId(uuid)).await?.map(|it| Self::Transaction(Transaction(it)))
            }
            IdKind::Audit => store.audit_entry(actor, AuditId(uuid)).await?.map(|it| Self::AuditEntry(AuditEntry(it))),
            IdKind::ServiceToken => None,
        })
    }
}

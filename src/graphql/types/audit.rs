//! The audit log as services read it.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use crate::domain::audit::TargetKind;
use crate::domain::{self, AccountId, AuditId};
use crate::graphql::error::Result;
use crate::graphql::ids::{CursorScope, IdKind, ListKind, OpaqueIds};
use crate::graphql::page::{List, connection};
use crate::graphql::scalars::DateTime;
use crate::graphql::services;
use crate::store::{AuditFilter, Page, PageRequest, Store, StoreError};

/// An entry of the audit log.
#[derive(Clone)]
pub(crate) struct AuditEntry(pub(crate) domain::audit::AuditEntry);

/// Something that was done or noticed and that has to stay on record.
#[Object]
impl AuditEntry {
    /// Opaque id of the entry.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.id))
    }

    /// When it was done or noticed.
    async fn occurred_at(&self) -> DateTime {
        self.0.occurred_at.into()
    }

    /// Who did it: an owner's account id, a service's name, operator (the command line), or system.
    async fn actor(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(match Uuid::try_parse(&self.0.actor) {
            Ok(account) => services(ctx)?.ids.seal(AccountId(account)).0,
            Err(_) => self.0.actor.clone(),
        })
    }

    /// What it was, as a dotted name such as key.blocked or refund.suspected; the list grows.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// Opaque id of what it was done to.
    async fn target_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        let ids = &services(ctx)?.ids;
        Ok(self.0.target.map(|target| ids.seal_uuid(id_kind(target.kind), target.id)))
    }

    /// Id of the request that did it.
    async fn request_id(&self) -> Option<ID> {
        self.0.request_id.clone().map(ID)
    }

    /// Words given with it.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

const fn id_kind(kind: TargetKind) -> IdKind {
    match kind {
        TargetKind::Account => IdKind::Account,
        TargetKind::Key => IdKind::Key,
        TargetKind::Attempt => IdKind::Attempt,
        TargetKind::Transfer => IdKind::Transfer,
        TargetKind::ServiceToken => IdKind::ServiceToken,
    }
}

/// Entries of the audit log under a filter.
pub(crate) struct AuditRows(AuditFilter);

impl AuditRows {
    pub(crate) fn new(ids: &OpaqueIds, target: Option<&ID>, actions: Option<Vec<String>>, money_only: bool) -> Self {
        // Nothing has the nil id, so a text that is no id finds what the id of a missing object finds.
        let target = target.map(|id| ids.open_any(id).map_or(Uuid::nil(), |(_, uuid)| uuid));
        // No action has control characters, and PostgreSQL fails at the sight of some.
        let actions = actions.map(|mut actions| {
            actions.retain(|action| !action.chars().any(char::is_control));
            actions
        });
        Self(AuditFilter { target, actions, money_only })
    }
}

impl List for AuditRows {
    type Row = domain::audit::AuditEntry;
    type Position = AuditId;

    fn scope(&self) -> CursorScope {
        CursorScope { kind: ListKind::Audit, of: Uuid::nil() }
    }

    fn position(row: &domain::audit::AuditEntry) -> AuditId {
        row.id
    }

    async fn page(
        &self,
        store: &Store,
        request: PageRequest<AuditId>,
    ) -> Result<Page<domain::audit::AuditEntry>, StoreError> {
        store.audit_page(&self.0, request).await
    }

    async fn count(&self, store: &Store) -> Result<u64, StoreError> {
        store.audit_count(&self.0).await
    }
}

connection! {
    /// A page of audit entries.
    AuditEntryConnection(AuditRows => AuditEntry) {
        /// The entries with their cursors.
        edges,
        /// The entries alone.
        nodes,
        /// Number of entries in the whole list, counted only when asked.
        total_count,
    }
    /// An entry in a page.
    AuditEntryEdge {
        /// Position of this entry.
        cursor,
        /// The entry.
        node,
    }
}

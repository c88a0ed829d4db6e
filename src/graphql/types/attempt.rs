//! Attempts and leases: one try at one task on one key, and the credential for it.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use super::codes::{AttemptState, CostSource, ProviderCode, SolutionVerdict, TaskType};
use super::provider::Provider;
use super::route::RouteDecision;
use crate::domain::{self, AttemptId};
use crate::graphql::error::Result;
use crate::graphql::ids::{CursorScope, ListKind};
use crate::graphql::page::{List, connection};
use crate::graphql::scalars::{DateTime, LeaseToken, Usd};
use crate::graphql::services;
use crate::leases;
use crate::store::{AttemptFilter, Page, PageRequest, Store, StoreError};

/// One try at one task on one key.
#[derive(Clone)]
pub(crate) struct Attempt(pub(crate) domain::Attempt);

/// One try at one task on one key.
#[Object]
impl Attempt {
    /// Opaque id of the attempt.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.id))
    }

    /// The dispatcher's own id of the task.
    async fn task_id(&self) -> ID {
        ID(self.0.task_id.clone())
    }

    /// 1 for the first try at the task.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// Where the attempt is in its life.
    async fn state(&self) -> AttemptState {
        self.0.state.into()
    }

    /// The kind of task.
    async fn task_type(&self) -> TaskType {
        self.0.task_type.into()
    }

    /// The provider that solves it.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// Opaque id of the key.
    async fn key_id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.key))
    }

    /// What is held on the key for it, zero once it has ended or is under review.
    async fn held(&self) -> Usd {
        self.0.held().into()
    }

    /// What the provider charged, null until known.
    async fn cost(&self) -> Option<Usd> {
        self.0.cost.map(Usd)
    }

    /// How the cost was learnt, null until known.
    async fn cost_source(&self) -> Option<CostSource> {
        self.0.cost_source.map(Into::into)
    }

    /// Whether the target site took the solution, null until reported.
    async fn verdict(&self) -> Option<SolutionVerdict> {
        self.0.verdict.map(Into::into)
    }

    /// The decision as it was taken, kept for replay.
    async fn decision(&self) -> Result<RouteDecision> {
        Ok(RouteDecision(serde_json::from_str(&self.0.decision)?))
    }

    /// When the lease was opened.
    async fn opened_at(&self) -> DateTime {
        self.0.opened_at.into()
    }

    /// When the attempt reached a last state, null before.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
}

/// A lease as it was opened, or opened before.
pub(crate) struct Lease {
    token: LeaseToken,
    endpoint: String,
    expires_at: domain::Timestamp,
    attempt: Attempt,
}

impl From<leases::Lease> for Lease {
    fn from(lease: leases::Lease) -> Self {
        let leases::Lease { token, endpoint, expires_at, attempt } = lease;
        Self { token: LeaseToken(token), endpoint, expires_at, attempt: Attempt(attempt) }
    }
}

/// The credential for one attempt; it vanishes, the attempt stays.
#[Object]
impl Lease {
    /// Goes where the provider's client library wants its API key.
    async fn token(&self) -> &LeaseToken {
        &self.token
    }

    /// Goes where the library wants the provider's address: the gateway's origin, without path or final slash, the same for all providers.
    async fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Until when a task may be created with it.
    async fn expires_at(&self) -> DateTime {
        self.expires_at.into()
    }

    /// The attempt it is for.
    async fn attempt(&self) -> &Attempt {
        &self.attempt
    }
}

/// Attempts of a service, or everybody's, under a filter.
pub(crate) struct AttemptRows(AttemptFilter);

impl AttemptRows {
    pub(crate) fn new(
        principal: Option<&str>,
        task_id: Option<ID>,
        states: Option<Vec<AttemptState>>,
        providers: Option<Vec<ProviderCode>>,
    ) -> Self {
        Self(AttemptFilter {
            principal: principal.map(str::to_owned),
            task_id: task_id.map(|id| id.0),
            states: states.map(|states| states.into_iter().map(Into::into).collect()),
            providers: providers.map(|providers| providers.into_iter().map(Into::into).collect()),
        })
    }
}

impl List for AttemptRows {
    type Row = domain::Attempt;
    type Position = AttemptId;

    fn scope(&self) -> CursorScope {
        // A place is the id of an attempt, which tells a service nothing about another's.
        CursorScope { kind: ListKind::Attempts, of: Uuid::nil() }
    }

    fn position(row: &domain::Attempt) -> AttemptId {
        row.id
    }

    async fn page(&self, store: &Store, request: PageRequest<AttemptId>) -> Result<Page<domain::Attempt>, StoreError> {
        store.attempt_page(&self.0, request).await
    }

    async fn count(&self, store: &Store) -> Result<u64, StoreError> {
        store.attempt_count(&self.0).await
    }
}

connection! {
    /// A page of attempts.
    AttemptConnection(AttemptRows => Attempt) {
        /// The attempts with their cursors.
        edges,
        /// The attempts alone.
        nodes,
        /// Number of attempts in the whole list, counted only when asked.
        total_count,
    }
    /// An attempt in a page.
    AttemptEdge {
        /// Position of this attempt.
        cursor,
        /// The attempt.
        node,
    }
}

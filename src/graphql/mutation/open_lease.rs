//! `openLease`: a dispatcher gets the credential for one attempt.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, principal, shown_to};
use crate::graphql::error::Result;
use crate::graphql::types::attempt::Lease;
use crate::graphql::types::route::{RouteDecision, RouteInput};
use crate::graphql::{services, texts};
use crate::leases::{OpenError, OpenRefusal, OpenRequest};

/// Input of openLease; the same caller, taskId and attempt always get the same lease.
#[derive(InputObject)]
pub(crate) struct OpenLeaseInput {
    /// The caller's own id of the task, at most 128 characters.
    task_id: ID,
    /// 1 for the first try; one more once the last attempt has ended, or hangs, without a solution.
    #[graphql(default = 1)]
    attempt: i32,
    /// What is to be solved, and for whom.
    route: RouteInput,
}

/// Answer of openLease.
#[derive(SimpleObject)]
pub(crate) struct OpenLeasePayload {
    /// The lease; null with a user error.
    lease: Option<Lease>,
    /// Why this key, or why none; null when nothing was decided.
    decision: Option<RouteDecision>,
    /// Why there is no lease.
    user_errors: Vec<OpenLeaseError>,
}

user_error! {
    /// Expected failure of openLease.
    OpenLeaseError,
    /// Codes of openLease.
    OpenLeaseErrorCode {
        /// Nothing is eligible; the decision says why and retryAt when.
        NoKeyAvailable => "No key can serve this task now.",
        /// The task was opened before with another content; field names the difference.
        TaskMismatch => "The task was opened before with another content.",
        /// The last attempt at the task is reserved, sent or submitted.
        AttemptOpen at "attempt" => "The last attempt at the task has not ended.",
        /// The number is not the next one.
        AttemptOutOfOrder at "attempt" => "The number is not the next one.",
        /// The task is solved.
        TaskFinished at "taskId" => "The task is solved.",
        /// The caller has as many open leases as it may.
        TooManyLeases => "The caller has as many open leases as it may.",
    }
}

impl From<OpenRefusal> for OpenLeaseError {
    fn from(refusal: OpenRefusal) -> Self {
        let code = match refusal.code {
            OpenError::NoKeyAvailable => OpenLeaseErrorCode::NoKeyAvailable,
            OpenError::TaskMismatch => OpenLeaseErrorCode::TaskMismatch,
            OpenError::AttemptOpen => OpenLeaseErrorCode::AttemptOpen,
            OpenError::AttemptOutOfOrder => OpenLeaseErrorCode::AttemptOutOfOrder,
            OpenError::TaskFinished => OpenLeaseErrorCode::TaskFinished,
            OpenError::TooManyLeases => OpenLeaseErrorCode::TooManyLeases,
        };
        let usual = Self::from(code);
        Self { field: refusal.field.or(usual.field), retry_at: refusal.retry_at, ..usual }
    }
}

#[derive(Default)]
pub(super) struct OpenLease;

#[Object]
impl OpenLease {
    /// Dispatchers: decides as bestKey does, holds the estimate on the key, and answers the credential for one attempt.
    #[graphql(guard = "Admits::Dispatchers", visible = "shown_to::dispatchers")]
    async fn open_lease(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The task, the try, and the route.")] input: OpenLeaseInput,
    ) -> Result<Option<OpenLeasePayload>> {
        let services = services(ctx)?;
        let OpenLeaseInput { task_id, attempt, route } = input;
        texts::task_id(&task_id)?;
        let request = OpenRequest { task_id: task_id.0, attempt, route: route.into_route(&services.ids)? };
        let opened = services.leases.open(principal(ctx)?, request).await?;
        Ok(Some(OpenLeasePayload {
            lease: opened.lease.map(Into::into),
            decision: opened.decision.map(RouteDecision),
            user_errors: opened.error.into_iter().map(Into::into).collect(),
        }))
    }
}

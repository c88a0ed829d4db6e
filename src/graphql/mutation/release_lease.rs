//! `releaseLease`: a dispatcher gives a lease back unused.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, principal, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::attempt::Attempt;
use crate::leases::ReleaseError;

/// Input of releaseLease.
#[derive(InputObject)]
pub(crate) struct ReleaseLeaseInput {
    /// Opaque id of the attempt.
    attempt_id: ID,
}

/// Answer of releaseLease.
#[derive(SimpleObject)]
pub(crate) struct ReleaseLeasePayload {
    /// The released attempt; null with a user error.
    attempt: Option<Attempt>,
    /// Why nothing was released.
    user_errors: Vec<ReleaseLeaseError>,
}

user_error! {
    /// Expected failure of releaseLease.
    ReleaseLeaseError,
    /// Codes of releaseLease.
    ReleaseLeaseErrorCode {
        /// There is no such attempt of the caller.
        AttemptNotFound at "attemptId" => "There is no such attempt.",
        /// The task has gone to the provider.
        AlreadySent at "attemptId" => "The task has gone to the provider.",
    }
}

impl From<ReleaseError> for ReleaseLeaseErrorCode {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::AttemptNotFound => Self::AttemptNotFound,
            ReleaseError::AlreadySent => Self::AlreadySent,
        }
    }
}

impl From<ReleaseLeaseErrorCode> for ReleaseLeasePayload {
    fn from(code: ReleaseLeaseErrorCode) -> Self {
        Self { attempt: None, user_errors: vec![code.into()] }
    }
}

#[derive(Default)]
pub(super) struct ReleaseLease;

#[Object]
impl ReleaseLease {
    /// Dispatchers: gives a lease back unused and frees its hold.
    #[graphql(guard = "Admits::Dispatchers", visible = "shown_to::dispatchers")]
    async fn release_lease(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempt.")] input: ReleaseLeaseInput,
    ) -> Result<Option<ReleaseLeasePayload>> {
        let services = services(ctx)?;
        let Some(id) = services.ids.open(&input.attempt_id) else {
            return Ok(Some(ReleaseLeaseErrorCode::AttemptNotFound.into()));
        };
        Ok(Some(match services.leases.release(principal(ctx)?, id).await? {
            Ok(attempt) => ReleaseLeasePayload { attempt: Some(Attempt(attempt)), user_errors: Vec::new() },
            Err(error) => ReleaseLeaseErrorCode::from(error).into(),
        }))
    }
}

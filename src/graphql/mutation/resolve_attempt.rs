//! `resolveAttempt`: an operator closes an attempt that evidence did not.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::scalars::Usd;
use crate::graphql::types::attempt::Attempt;
use crate::graphql::{services, texts};
use crate::leases::ResolveError;

/// Input of resolveAttempt.
#[derive(InputObject)]
pub(crate) struct ResolveAttemptInput {
    /// Opaque id of the attempt.
    attempt_id: ID,
    /// What the provider charged; zero ends the attempt without a credit.
    cost: Usd,
    /// The evidence, at most 200 characters.
    note: String,
}

/// Answer of resolveAttempt.
#[derive(SimpleObject)]
pub(crate) struct ResolveAttemptPayload {
    /// The resolved attempt; null with a user error.
    attempt: Option<Attempt>,
    /// Why nothing was resolved.
    user_errors: Vec<ResolveAttemptError>,
}

user_error! {
    /// Expected failure of resolveAttempt.
    ResolveAttemptError,
    /// Codes of resolveAttempt.
    ResolveAttemptErrorCode {
        /// There is no such attempt.
        AttemptNotFound at "attemptId" => "There is no such attempt.",
        /// The attempt is not under review.
        NotUnderReview at "attemptId" => "The attempt is not under review.",
        /// The cost is negative or above the highest believable price.
        CostImplausible at "cost" => "The cost is negative or above the highest believable price.",
    }
}

impl From<ResolveError> for ResolveAttemptErrorCode {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::AttemptNotFound => Self::AttemptNotFound,
            ResolveError::NotUnderReview => Self::NotUnderReview,
            ResolveError::CostImplausible => Self::CostImplausible,
        }
    }
}

impl From<ResolveAttemptErrorCode> for ResolveAttemptPayload {
    fn from(code: ResolveAttemptErrorCode) -> Self {
        Self { attempt: None, user_errors: vec![code.into()] }
    }
}

#[derive(Default)]
pub(super) struct ResolveAttempt;

#[Object]
impl ResolveAttempt {
    /// Operators: closes an attempt that is under review with the charge found by hand.
    #[graphql(guard = "Admits::Operators", visible = "shown_to::operators")]
    async fn resolve_attempt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempt, and what it cost.")] input: ResolveAttemptInput,
    ) -> Result<Option<ResolveAttemptPayload>> {
        let services = services(ctx)?;
        texts::note(Some(&input.note))?;
        let Some(id) = services.ids.open(&input.attempt_id) else {
            return Ok(Some(ResolveAttemptErrorCode::AttemptNotFound.into()));
        };
        Ok(Some(match services.leases.resolve(actor(ctx)?, id, input.cost.0, input.note).await? {
            Ok(attempt) => ResolveAttemptPayload { attempt: Some(Attempt(attempt)), user_errors: Vec::new() },
            Err(error) => ResolveAttemptErrorCode::from(error).into(),
        }))
    }
}

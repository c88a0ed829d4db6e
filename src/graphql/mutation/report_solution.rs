//! `reportSolution`: a dispatcher says what the target site said.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::user_error::user_error;
use crate::graphql::caller::{Admits, principal, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::attempt::Attempt;
use crate::graphql::types::codes::SolutionVerdict;
use crate::leases::ReportError;

/// Input of reportSolution.
#[derive(InputObject)]
pub(crate) struct ReportSolutionInput {
    /// Opaque id of the attempt.
    attempt_id: ID,
    /// What the target site said.
    verdict: SolutionVerdict,
}

/// Answer of reportSolution.
#[derive(SimpleObject)]
pub(crate) struct ReportSolutionPayload {
    /// The attempt with its verdict; null with a user error.
    attempt: Option<Attempt>,
    /// Why nothing was noted.
    user_errors: Vec<ReportSolutionError>,
}

user_error! {
    /// Expected failure of reportSolution.
    ReportSolutionError,
    /// Codes of reportSolution.
    ReportSolutionErrorCode {
        /// There is no such attempt of the caller.
        AttemptNotFound at "attemptId" => "There is no such attempt.",
        /// The attempt has brought no solution.
        NotSolved at "attemptId" => "The attempt has brought no solution.",
        /// The other verdict was reported before.
        VerdictConflict at "verdict" => "The other verdict was reported before.",
    }
}

impl From<ReportError> for ReportSolutionErrorCode {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::AttemptNotFound => Self::AttemptNotFound,
            ReportError::NotSolved => Self::NotSolved,
            ReportError::VerdictConflict => Self::VerdictConflict,
        }
    }
}

impl From<ReportSolutionErrorCode> for ReportSolutionPayload {
    fn from(code: ReportSolutionErrorCode) -> Self {
        Self { attempt: None, user_errors: vec![code.into()] }
    }
}

#[derive(Default)]
pub(super) struct ReportSolution;

#[Object]
impl ReportSolution {
    /// Dispatchers: says whether the target site took the solution, which feeds the statistics and the provider's report call.
    #[graphql(guard = "Admits::Dispatchers", visible = "shown_to::dispatchers")]
    async fn report_solution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempt, and the verdict.")] input: ReportSolutionInput,
    ) -> Result<Option<ReportSolutionPayload>> {
        let services = services(ctx)?;
        let Some(id) = services.ids.open(&input.attempt_id) else {
            return Ok(Some(ReportSolutionErrorCode::AttemptNotFound.into()));
        };
        Ok(Some(match services.leases.report(principal(ctx)?, id, input.verdict.into()).await? {
            Ok(attempt) => ReportSolutionPayload { attempt: Some(Attempt(attempt)), user_errors: Vec::new() },
            Err(error) => ReportSolutionErrorCode::from(error).into(),
        }))
    }
}

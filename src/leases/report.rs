//! A service says whether the target site took a solution.

use super::{Failure, GatewayRefusal, Inner, Leases};
use crate::domain::{Attempt, AttemptId, AttemptState, SolutionVerdict};
use crate::moves;
use crate::store::{StoreError, Tx};

/// Why nothing was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportError {
    /// There is no such attempt of the caller.
    AttemptNotFound,
    /// The attempt has brought no solution.
    NotSolved,
    /// The other verdict was reported before.
    VerdictConflict,
}

impl Leases {
    /// Notes the verdict, once, and passes it on to the provider.
    ///
    /// # Errors
    /// The database fails.
    pub async fn report(
        &self,
        principal: &str,
        id: AttemptId,
        verdict: SolutionVerdict,
    ) -> Result<Result<Attempt, ReportError>, Failure> {
        let principal = principal.to_owned();
        let noted = self
            .inner
            .store
            .write("report", move |tx| Box::pin(async move { note(tx, &principal, id, verdict).await }));
        let outcome = noted.await?;
        if let Ok((attempt, true)) = &outcome {
            let (inner, attempt) = (self.inner.clone(), attempt.clone());
            self.inner.tasks.spawn(async move { inner.pass_on(attempt, verdict).await });
        }
        Ok(outcome.map(|(attempt, _)| attempt))
    }

    /// The same by the lease's token and the provider's id of its task, as the gateway has them.
    ///
    /// # Errors
    /// The lease or its task is unknown, has no solution, or something fails here.
    pub async fn report_by_token(
        &self,
        token: &str,
        provider_task_id: &str,
        verdict: SolutionVerdict,
    ) -> Result<(), GatewayRefusal> {
        let internal = |failure: Failure| {
            tracing::error!(%failure, "gateway call failed");
            GatewayRefusal::Internal
        };
        let attempt = self.find_by_token(token).await.map_err(internal)?.ok_or(GatewayRefusal::UnknownToken)?;
        if attempt.provider_task_id.as_deref() != Some(provider_task_id) {
            return Err(GatewayRefusal::UnknownTask);
        }
        let outcome = self.report(&attempt.principal, attempt.id, verdict).await.map_err(internal)?;
        outcome.map(|_| ()).map_err(|_| GatewayRefusal::BadParameters)
    }
}

/// Notes the verdict. Answers whether it is new.
async fn note(
    tx: &mut Tx,
    principal: &str,
    id: AttemptId,
    verdict: SolutionVerdict,
) -> Result<Result<(Attempt, bool), ReportError>, StoreError> {
    let found = tx.lock_attempt(id).await?.filter(|attempt| attempt.principal == principal);
    let Some(mut attempt) = found else { return Ok(Err(ReportError::AttemptNotFound)) };
    let solved = matches!(attempt.state, AttemptState::Settled | AttemptState::UnderReview)
        && attempt.error_code.is_none()
        && attempt.sent_at.is_some();
    if !solved {
        return Ok(Err(ReportError::NotSolved));
    }
    match attempt.verdict {
        Some(before) if before == verdict => Ok(Ok((attempt, false))),
        Some(_) => Ok(Err(ReportError::VerdictConflict)),
        None => {
            attempt.verdict = Some(verdict);
            moves::attempt::note_verdict(tx, &attempt).await?;
            Ok(Ok((attempt, true)))
        }
    }
}

impl Inner {
    /// Tells the provider; what it does with that is its own matter, so a failure is only logged.
    async fn pass_on(&self, attempt: Attempt, verdict: SolutionVerdict) {
        let id = attempt.id;
        let Some(task_id) = &attempt.provider_task_id else { return };
        let secret = match self.unseal(attempt.key).await {
            Ok(Some(secret)) => secret,
            Ok(None) => return,
            Err(failure) => {
                tracing::error!(attempt.id = %id, %failure, "report of attempt {id} was not passed on");
                return;
            }
        };
        let told = self.providers.report(attempt.provider, &secret, task_id, attempt.task_type, verdict).await;
        if let Err(blame) = told {
            tracing::info!(attempt.id = %id, scope = %blame.scope, code = blame.code, "provider did not take a report");
        }
    }
}

//! A dispatcher creates its task: once per lease, in a task of its own.

use std::time::Duration;

use super::answer::{NO_SLOT, to_creation};
use super::{CreateAnswer, Failure, GatewayRefusal, Inner, Leases};
use crate::domain::attempt::Dialect;
use crate::domain::{Attempt, AttemptId, AttemptState, Blame, Secret, Timestamp, failpoint};
use crate::moves;
use crate::moves::attempt::End;
use crate::moves::key::{Policy, Report};
use crate::providers::Created;
use crate::providers::dialect::{TaskRequest, task_type};
use crate::store::{StoreError, Tx, WriteError};

/// How often a repeated creation looks whether the first one is answered.
const REPEAT_LOOK: Duration = Duration::from_millis(100);

/// How long it looks: longer than a call to a provider may take.
const REPEAT_PATIENCE: Duration = Duration::from_secs(60);

/// How long the provider's id of a task is tried to be noted, and the pause between: shorter than the
/// sweep waits before it gives a sent attempt up.
const NOTE_PATIENCE: Duration = Duration::from_secs(80);
const NOTE_AGAIN: Duration = Duration::from_secs(1);

/// What the transaction before the call decided.
enum Begun {
    /// Go on to the provider.
    Sent(Box<Attempt>),
    /// The lease was used before; its answer is this attempt's.
    Before(Box<Attempt>),
    /// The lease may not be used.
    Refused(GatewayRefusal),
    /// The key may not be lent any more; the lease was given back.
    KeyGone,
}

impl Leases {
    /// The attempt that a lease token is for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_by_token(&self, token: &str) -> Result<Option<Attempt>, Failure> {
        match self.inner.vault.read_lease_token(token)? {
            Some(id) => Ok(self.inner.store.attempt_by_id(id).await?),
            None => Ok(None),
        }
    }

    /// Sends the task to the provider. A repeat with the same content gets the stored answer.
    ///
    /// # Errors
    /// The lease is unknown or not good for this task, or something fails here.
    pub async fn create(&self, token: &str, task: TaskRequest) -> Result<CreateAnswer, GatewayRefusal> {
        let attempt = self.find_by_token(token).await.map_err(internal)?.ok_or(GatewayRefusal::UnknownToken)?;
        if task_type(attempt.provider, &task) != Some((attempt.task_type, attempt.proxied)) {
            return Err(GatewayRefusal::BadParameters);
        }
        let inner = self.inner.clone();
        // Dropping the handle with the dispatcher's connection does not end the task.
        let work = self.inner.tasks.spawn(async move { inner.create(attempt, task).await });
        work.await.map_err(|_| GatewayRefusal::Internal)?.map_err(internal)?
    }
}

fn internal(failure: Failure) -> GatewayRefusal {
    tracing::error!(%failure, "gateway call failed");
    GatewayRefusal::Internal
}

impl Inner {
    async fn create(
        &self,
        attempt: Attempt,
        task: TaskRequest,
    ) -> Result<Result<CreateAnswer, GatewayRefusal>, Failure> {
        let hash = task.hash().to_vec();
        let mut secret = None;
        let mut before = None;
        if attempt.state == AttemptState::Reserved {
            secret = self.unseal(attempt.key).await?;
            if let Some(secret) = &secret {
                before = self.read_before(&attempt, secret).await;
            }
        }
        let dialect = match task {
            TaskRequest::Json { .. } => Dialect::Json,
            TaskRequest::Legacy { .. } => Dialect::Legacy,
        };
        let policy = self.policy(attempt.provider);
        let id = attempt.id;
        let begun = self.store.write("send", move |tx| Box::pin(begin(tx, id, hash, dialect, before, policy)));
        match (begun.await?, secret) {
            (Begun::Sent(attempt), Some(secret)) => self.send(*attempt, &secret, &task).await.map(Ok),
            // Without its key nothing was sent, whatever the row says.
            (Begun::Sent(attempt), None) => self.fail_free(*attempt, None, None).await.map(Ok),
            (Begun::Before(attempt), _) => self.repeat_creation(*attempt).await.map(Ok),
            (Begun::Refused(refusal), _) => Ok(Err(refusal)),
            (Begun::KeyGone, _) => Ok(Ok(CreateAnswer::Failed { code: NO_SLOT.to_owned(), reply: None })),
        }
    }

    async fn send(&self, attempt: Attempt, secret: &Secret, task: &TaskRequest) -> Result<CreateAnswer, Failure> {
        failpoint::reach("sent");
        let created = self.providers.create(attempt.provider, secret, task).await;
        failpoint::reach("created");
        match created {
            Created::Submitted { task_id } => self.submitted(attempt, task_id).await,
            Created::Answered(ending) => {
                let ended = self.settle(attempt, ending, secret).await?;
                Ok(to_creation(&ended).unwrap_or(CreateAnswer::Failed { code: NO_SLOT.to_owned(), reply: None }))
            }
            Created::Refused(blame, reply) => self.fail_free(attempt, Some(blame), reply).await,
            Created::NeverSent(blame) => self.fail_free(attempt, Some(blame), None).await,
            Created::Unclear(_) => {
                let lost = self.lose(&attempt).await?;
                Ok(to_creation(&lost).unwrap_or(CreateAnswer::Failed { code: NO_SLOT.to_owned(), reply: None }))
            }
        }
    }

    /// Notes the provider's id of the task. It exists nowhere else, so a database that fails for a
    /// moment is asked again until the call is so old that the sweep gives the attempt up.
    async fn submitted(&self, attempt: Attempt, task_id: String) -> Result<CreateAnswer, Failure> {
        let poll_at = self.clock.now().plus(self.providers.first_poll(attempt.provider, attempt.task_type));
        let deadline = attempt.sent_at.unwrap_or(attempt.opened_at).plus(NOTE_PATIENCE);
        let id = attempt.id;
        loop {
            let noted = self.store.write("submitted", {
                let task_id = task_id.clone();
                move |tx| Box::pin(note_task(tx, id, task_id, poll_at))
            });
            match noted.await {
                Ok(()) => {
                    failpoint::reach("submitted");
                    return Ok(CreateAnswer::Submitted { task_id });
                }
                // The provider gave out an id twice: which charge is whose, no reading can tell.
                Err(StoreError::Conflict) => {
                    self.store.write("duplicate task id", move |tx| Box::pin(review(tx, id))).await?;
                    return Ok(CreateAnswer::Failed { code: NO_SLOT.to_owned(), reply: None });
                }
                Err(error) if error.is_fatal() && self.clock.now() < deadline => {
                    tracing::warn!(attempt.id = %id, %error, "the task of attempt {id} is noted again");
                    tokio::time::sleep(NOTE_AGAIN).await;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Ends an attempt that the provider did not take.
    async fn fail_free(
        &self,
        attempt: Attempt,
        blame: Option<Blame>,
        reply: Option<String>,
    ) -> Result<CreateAnswer, Failure> {
        let policy = self.policy(attempt.provider);
        let code = blame.as_ref().and_then(|blame| blame.code).unwrap_or(NO_SLOT).to_owned();
        let answer = CreateAnswer::Failed { code: code.clone(), reply: reply.clone() };
        let end = End { to: AttemptState::FailedFree, cost: None, cost_raw: None, reply, error_code: Some(code) };
        let (id, key) = (attempt.id, attempt.key);
        self.store
            .write("failed free", move |tx| {
                Box::pin(async move {
                    let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
                    // Before the end: its statistics are shared by all and come last of all locks.
                    if let Some(blame) = blame {
                        moves::key::blame(tx, key, &blame, policy).await?;
                    }
                    moves::attempt::end(tx, &mut attempt, end).await
                })
            })
            .await?;
        Ok(answer)
    }

    /// Marks an attempt UNKNOWN, if it is still where it was seen, and answers it as it then stands.
    pub(super) async fn lose(&self, attempt: &Attempt) -> Result<Attempt, Failure> {
        let (id, seen, window) = (attempt.id, attempt.state, self.providers.result_window(attempt.provider));
        let lost = self.store.write("unknown", move |tx| {
            Box::pin(async move {
                let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
                if attempt.state == seen {
                    moves::attempt::lose(tx, &mut attempt, window).await?;
                }
                Ok::<_, StoreError>(attempt)
            })
        });
        Ok(lost.await?)
    }

    /// Waits for the answer of the call that is under way, and gives the same.
    async fn repeat_creation(&self, mut attempt: Attempt) -> Result<CreateAnswer, Failure> {
        let deadline = self.clock.now().plus(REPEAT_PATIENCE);
        loop {
            if let Some(answer) = to_creation(&attempt) {
                return Ok(answer);
            }
            if self.clock.now() >= deadline {
                return Ok(CreateAnswer::Failed { code: NO_SLOT.to_owned(), reply: None });
            }
            tokio::time::sleep(REPEAT_LOOK).await;
            attempt = self.store.attempt_by_id(attempt.id).await?.ok_or(StoreError::Stale)?;
        }
    }
}

/// The transaction before the call: the lease is good, the key may still be lent, and from its
/// commit on the attempt counts as sent.
async fn begin(
    tx: &mut Tx,
    id: AttemptId,
    hash: Vec<u8>,
    dialect: Dialect,
    before: Option<Report>,
    policy: Policy,
) -> Result<Begun, StoreError> {
    let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
    if attempt.state != AttemptState::Reserved {
        return Ok(match &attempt.body_hash {
            Some(sent) if *sent == hash => Begun::Before(Box::new(attempt)),
            Some(_) => Begun::Refused(GatewayRefusal::BadParameters),
            None => Begun::Refused(GatewayRefusal::Expired),
        });
    }
    if tx.now() >= attempt.expires_at {
        moves::attempt::give_back(tx, &mut attempt, AttemptState::Expired).await?;
        return Ok(Begun::Refused(GatewayRefusal::Expired));
    }
    if let Some(report) = before {
        attempt.before = report.outcome.as_ref().ok().map(|answer| answer.balance);
        moves::key::record_reading(tx, report, policy).await?;
    }
    let key = tx.lock_key(attempt.key).await?.ok_or(StoreError::Stale)?;
    if !key.is_usable(tx.now()) {
        moves::attempt::give_back(tx, &mut attempt, AttemptState::Released).await?;
        return Ok(Begun::KeyGone);
    }
    attempt.body_hash = Some(hash);
    attempt.dialect = Some(dialect);
    attempt.sent_at = Some(tx.now());
    moves::attempt::advance(tx, &mut attempt, AttemptState::Sent).await?;
    Ok(Begun::Sent(Box::new(attempt)))
}

/// Moves a sent attempt on to SUBMITTED. One that is there with this very task was noted by a commit
/// whose answer was lost.
async fn note_task(tx: &mut Tx, id: AttemptId, task_id: String, poll_at: Timestamp) -> Result<(), StoreError> {
    let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
    if attempt.state == AttemptState::Submitted && attempt.provider_task_id.as_ref() == Some(&task_id) {
        return Ok(());
    }
    attempt.provider_task_id = Some(task_id);
    attempt.poll_at = Some(poll_at);
    moves::attempt::advance(tx, &mut attempt, AttemptState::Submitted).await
}

async fn review(tx: &mut Tx, id: AttemptId) -> Result<(), StoreError> {
    let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
    let end = End {
        to: AttemptState::UnderReview,
        cost: None,
        cost_raw: None,
        reply: None,
        error_code: Some(NO_SLOT.to_owned()),
    };
    moves::attempt::end(tx, &mut attempt, end).await
}

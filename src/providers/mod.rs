//! The providers: the only code that talks to them, and the only network calls of the server.
//!
//! [`Providers`] reads balances, creates tasks, asks for results and reports on solutions, and puts
//! every error down to whose fault it is. What is known of a provider stands in the catalogue; how
//! it is spoken to, in [`dialect`]. Nothing is retried, stored or decided here. No key survives in
//! what comes back.

mod breaker;
mod call;
mod catalogue;
pub mod dialect;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod judge;
mod key_format;
mod lane;
mod outcome;
mod prepaid;
mod settings;
mod transport;
mod walls;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::time::Duration;

pub use self::key_format::{KeyFormatError, NormalisedKey};
pub use self::outcome::{BalanceAnswer, Charge, CostFigure, Created, Ending, Polled};
pub use self::settings::{ProviderSettings, ProviderSettingsSet};
pub use self::transport::TransportError;

use self::catalogue::{Fault, entry};
use self::dialect::TaskRequest;
use self::judge::Call;
use self::lane::Lane;
use self::transport::{Incoming, NoReply, Outgoing, Transport};
use crate::domain::attempt::Dialect;
use crate::domain::clock::SharedClock;
use crate::domain::provider::{ProviderHealth, ProviderInfo};
use crate::domain::{Blame, BlameScope, KeyProblemCode, ProviderCode, Secret, SolutionVerdict, TaskType, Timestamp};

/// How long after a pause tasks wait for a reading to be the trial.
const TRIAL_BY_READING: Duration = Duration::from_secs(15);

/// All providers under the configuration in force.
pub struct Providers {
    transport: Transport,
    lanes: Vec<Lane>,
    clock: SharedClock,
    follower: OnceLock<Box<PauseFollower>>,
}

/// Is told until when calls to a provider are paused, or that they are no more.
type PauseFollower = dyn Fn(ProviderCode, Option<Timestamp>) + Send + Sync;

impl Providers {
    /// Sets up the HTTP client and a lane for each provider.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(mut settings: ProviderSettingsSet, clock: SharedClock) -> Result<Self, TransportError> {
        let lanes = ProviderCode::ALL.iter().map(|code| Lane::new(entry(*code), settings.take(*code))).collect();
        Ok(Self { transport: Transport::new()?, lanes, clock, follower: OnceLock::new() })
    }

    /// What is known of all providers, in catalogue order.
    #[must_use]
    pub fn infos(&self) -> Vec<ProviderInfo> {
        self.lanes.iter().map(|lane| lane.info.clone()).collect()
    }

    /// What is known of a provider.
    #[must_use]
    pub fn info(&self, code: ProviderCode) -> &ProviderInfo {
        &self.lane(code).info
    }

    /// The settings in force of a provider.
    #[must_use]
    pub fn settings(&self, code: ProviderCode) -> &ProviderSettings {
        &self.lane(code).settings
    }

    /// Checks the format of a pasted key and brings it into the form that is sent and the form
    /// that is fingerprinted.
    ///
    /// # Errors
    /// The text does not have the format of the provider's keys.
    pub fn normalise(&self, code: ProviderCode, pasted: &Secret) -> Result<NormalisedKey, KeyFormatError> {
        self.lane(code).entry.key.normalise(pasted)
    }

    /// Reads a key's balance.
    ///
    /// # Errors
    /// The provider refuses, is in trouble, or its figure cannot be read.
    pub async fn balance(&self, code: ProviderCode, key: &Secret) -> Result<BalanceAnswer, Blame> {
        let lane = self.lane(code);
        let (reply, sent) = self.send(lane, breaker::Call::Any, call::balance(lane, key)).await;
        let answer = judge::balance(lane, key, reply);
        self.note(lane, sent, answer.as_ref().err());
        answer
    }

    /// Creates a task. The call is made once and never repeated.
    pub async fn create(&self, code: ProviderCode, key: &Secret, request: &TaskRequest) -> Created {
        let lane = self.lane(code);
        let dialect = match request {
            TaskRequest::Json { .. } => Dialect::Json,
            TaskRequest::Legacy { .. } => Dialect::Legacy,
        };
        let prepared = lane.entry.route(dialect).and_then(|route| {
            let (outgoing, kind) = call::create(lane, key, request, route.create)?;
            Some((outgoing, kind, route.create))
        });
        let Some((outgoing, task_type, sent_by)) = prepared else {
            return Created::Refused(bad_task(lane), None);
        };
        let (reply, sent) = self.send(lane, breaker::Call::Any, outgoing).await;
        let call = Call { lane, key, dialect, sent_by, task_type, task_id: None };
        let created = judge::created(&call, reply);
        self.note(
            lane,
            sent,
            match &created {
                Created::Refused(blame, _) | Created::NeverSent(blame) | Created::Unclear(blame) => Some(blame),
                Created::Submitted { .. } | Created::Answered(_) => None,
            },
        );
        created
    }

    /// Asks for the result of a task that came in by the given dialect.
    pub async fn result(
        &self,
        code: ProviderCode,
        key: &Secret,
        dialect: Dialect,
        task_id: &str,
        task_type: TaskType,
    ) -> Polled {
        let lane = self.lane(code);
        let Some(route) = lane.entry.route(dialect) else {
            return Polled::Lost(bad_task(lane));
        };
        let outgoing = call::poll(lane, key, route.poll, task_id);
        let (reply, sent) = self.send(lane, breaker::Call::Result, outgoing).await;
        let call = Call { lane, key, dialect, sent_by: route.poll, task_type, task_id: Some(task_id) };
        let polled = judge::polled(&call, reply);
        self.note(
            lane,
            sent,
            match &polled {
                Polled::Lost(blame) | Polled::Trouble(blame) => Some(blame),
                Polled::Pending | Polled::Ended(_) => None,
            },
        );
        polled
    }

    /// Tells the provider what the target site said to a solution, where it wants to know.
    ///
    /// # Errors
    /// The provider refuses the report or is in trouble.
    pub async fn report(
        &self,
        code: ProviderCode,
        key: &Secret,
        task_id: &str,
        task_type: TaskType,
        verdict: SolutionVerdict,
    ) -> Result<(), Blame> {
        let lane = self.lane(code);
        let report = (lane.entry.report)(task_type, verdict);
        let Some(outgoing) = call::report(lane, key, report, task_id) else {
            return Ok(());
        };
        let (reply, sent) = self.send(lane, breaker::Call::Any, outgoing).await;
        let reported = judge::reported(lane, reply);
        self.note(lane, sent, reported.as_ref().err());
        reported
    }

    /// Pause between two polls of a task.
    #[must_use]
    pub fn task_interval(&self, code: ProviderCode, task_type: TaskType) -> Duration {
        let lane = self.lane(code);
        let limits = &lane.entry.limits;
        lane.settings.poll_interval.unwrap_or(match task_type {
            TaskType::ImageToText => limits.image_interval,
            _ => limits.token_interval,
        })
    }

    /// Wait before the first poll of a task.
    #[must_use]
    pub fn first_poll(&self, code: ProviderCode, task_type: TaskType) -> Duration {
        let lane = self.lane(code);
        let limits = &lane.entry.limits;
        lane.settings.poll_interval.unwrap_or(match task_type {
            TaskType::ImageToText => limits.first_image_poll,
            _ => limits.first_token_poll,
        })
    }

    /// How long after its creation a task's result may be had.
    #[must_use]
    pub fn result_window(&self, code: ProviderCode) -> Duration {
        self.lane(code).entry.limits.result_window
    }

    /// Most polls of one task.
    #[must_use]
    pub fn poll_cap(&self, code: ProviderCode) -> u32 {
        self.lane(code).entry.limits.poll_cap
    }

    /// How many keys a provider may reject in ten minutes, before it might ban our address.
    #[must_use]
    pub fn rejections(&self, code: ProviderCode) -> usize {
        self.lane(code).entry.limits.rejections
    }

    /// How a provider did of late.
    #[must_use]
    pub fn health(&self, code: ProviderCode) -> ProviderHealth {
        self.lane(code).health(self.clock.now())
    }

    fn lane(&self, code: ProviderCode) -> &Lane {
        self.lanes.iter().find(|lane| lane.entry.code == code).expect("there is a lane for every provider")
    }

    /// How many calls that can wait may begin at a provider now: none while they are paused, one when
    /// that is over, as a trial.
    #[must_use]
    pub fn room(&self, code: ProviderCode) -> usize {
        self.lane(code).breaker.room(self.clock.now())
    }

    /// Whether a provider is taken to reject every key, so that no rejection counts.
    #[must_use]
    pub fn rejects_all(&self, code: ProviderCode) -> bool {
        self.lane(code).breaker.rejects_all()
    }

    /// Pauses the calls to a provider that seems to reject every key.
    pub fn alarm(&self, code: ProviderCode) {
        let lane = self.lane(code);
        self.tell(lane, lane.breaker.alarm(self.clock.now()));
    }

    /// Has one follower told of every pause from now on.
    pub fn follow_pauses(&self, follower: impl Fn(ProviderCode, Option<Timestamp>) + Send + Sync + 'static) {
        self.follower.get_or_init(|| Box::new(follower));
    }

    /// Sends unless calls are paused. Answers also what was tried, if anything was.
    async fn send(
        &self,
        lane: &Lane,
        call: breaker::Call,
        outgoing: Outgoing,
    ) -> (Result<Incoming, NoReply>, Option<breaker::Call>) {
        let now = self.clock.now();
        if let Err(until) = lane.breaker.admit(call, now) {
            return (Err(NoReply::Held(until.since(now))), None);
        }
        let reply = self.transport.send(lane, outgoing).await;
        let sent = !matches!(reply, Err(NoReply::Held(_)));
        (reply, sent.then_some(call))
    }

    /// Remembers how a call went: only trouble at the provider counts against it.
    fn note(&self, lane: &Lane, sent: Option<breaker::Call>, blame: Option<&Blame>) {
        let Some(call) = sent else { return };
        let now = self.clock.now();
        let is_ban = |blame: &Blame| {
            blame.scope == BlameScope::OurAddress && blame.problem == Some(KeyProblemCode::ProviderUnavailable)
        };
        let outcome = match blame {
            Some(blame) if is_ban(blame) => breaker::Outcome::Banned(blame.retry_after.unwrap_or_default()),
            Some(blame) if blame.scope == BlameScope::ProviderTrouble => breaker::Outcome::Failed,
            Some(blame) if blame.scope == BlameScope::KeyRejected => breaker::Outcome::Rejected,
            Some(_) | None => breaker::Outcome::Answered,
        };
        lane.note(now, outcome != breaker::Outcome::Failed);
        self.tell(lane, lane.breaker.note(call, outcome, now));
    }

    fn tell(&self, lane: &Lane, change: Option<breaker::Change>) {
        let (provider, code) = (lane.entry.code.as_str(), lane.entry.code);
        let until = match change {
            None => return,
            Some(breaker::Change::Paused(cause, until)) => {
                tracing::warn!(provider, ?cause, until = until.to_rfc3339(), "calls to {provider} are paused");
                // Whoever reads balances makes the trial; where no key is due, a task does a little later.
                Some(until.plus(TRIAL_BY_READING))
            }
            Some(breaker::Change::Resumed) => {
                tracing::info!(provider, "calls to {provider} go on");
                None
            }
        };
        if let Some(follower) = self.follower.get() {
            follower(code, until);
        }
    }
}

/// The blame for a task that the provider's own protocol cannot say.
fn bad_task(lane: &Lane) -> Blame {
    catalogue::Finding { fault: Fault::BadTask, code: Some(lane.entry.habits.refusals.bad_parameters), number: 1 }
        .blame(None)
}

//! The providers: the only code that talks to them, and the only network calls of the server.
//!
//! [`Providers`] reads balances, creates tasks, asks for results and reports on solutions, and puts
//! every error down to whose fault it is. What is known of a provider stands in the catalogue; how
//! it is spoken to, in [`dialect`]. Nothing is retried, stored or decided here. No key survives in
//! what comes back.

mod call;
mod catalogue;
pub mod dialect;
mod judge;
mod key_format;
mod lane;
mod outcome;
mod prepaid;
mod settings;
mod transport;

#[cfg(test)]
mod tests;

use std::time::Duration;

use secrecy::SecretString;

pub use self::key_format::{KeyFormatError, NormalisedKey};
pub use self::outcome::{BalanceAnswer, Charge, CostFigure, Created, Ending, Polled};
pub use self::settings::{ProviderSettings, ProviderSettingsSet};
pub use self::transport::TransportError;

use self::catalogue::{Fault, entry};
use self::dialect::TaskRequest;
use self::judge::Call;
use self::lane::Lane;
use self::transport::Transport;
use crate::domain::attempt::Dialect;
use crate::domain::clock::SharedClock;
use crate::domain::provider::{ProviderHealth, ProviderInfo};
use crate::domain::{Blame, BlameScope, ProviderCode, SolutionVerdict, TaskType};

/// All providers under the configuration in force.
pub struct Providers {
    transport: Transport,
    lanes: Vec<Lane>,
    clock: SharedClock,
}

impl Providers {
    /// Sets up the HTTP client and a lane for each provider.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(mut settings: ProviderSettingsSet, clock: SharedClock) -> Result<Self, TransportError> {
        let lanes = ProviderCode::ALL.iter().map(|code| Lane::new(entry(*code), settings.take(*code))).collect();
        Ok(Self { transport: Transport::new()?, lanes, clock })
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
    pub fn normalise(&self, code: ProviderCode, pasted: &SecretString) -> Result<NormalisedKey, KeyFormatError> {
        self.lane(code).entry.key.normalise(pasted)
    }

    /// Reads a key's balance.
    ///
    /// # Errors
    /// The provider refuses, is in trouble, or its figure cannot be read.
    pub async fn balance(&self, code: ProviderCode, key: &SecretString) -> Result<BalanceAnswer, Blame> {
        let lane = self.lane(code);
        let reply = self.transport.send(lane, call::balance(lane, key)).await;
        let answer = judge::balance(lane, key, reply);
        self.note(lane, answer.as_ref().err());
        answer
    }

    /// Creates a task. The call is made once and never repeated.
    pub async fn create(&self, code: ProviderCode, key: &SecretString, request: &TaskRequest) -> Created {
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
        let reply = self.transport.send(lane, outgoing).await;
        let call = Call { lane, key, dialect, sent_by, task_type, task_id: None };
        let created = judge::created(&call, reply);
        self.note(
            lane,
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
        key: &SecretString,
        dialect: Dialect,
        task_id: &str,
        task_type: TaskType,
    ) -> Polled {
        let lane = self.lane(code);
        let Some(route) = lane.entry.route(dialect) else {
            return Polled::Lost(bad_task(lane));
        };
        let reply = self.transport.send(lane, call::poll(lane, key, route.poll, task_id)).await;
        let call = Call { lane, key, dialect, sent_by: route.poll, task_type, task_id: Some(task_id) };
        let polled = judge::polled(&call, reply);
        self.note(
            lane,
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
        key: &SecretString,
        task_id: &str,
        task_type: TaskType,
        verdict: SolutionVerdict,
    ) -> Result<(), Blame> {
        let lane = self.lane(code);
        let report = (lane.entry.report)(task_type, verdict);
        let Some(outgoing) = call::report(lane, key, report, task_id) else {
            return Ok(());
        };
        let reported = judge::reported(lane, self.transport.send(lane, outgoing).await);
        self.note(lane, reported.as_ref().err());
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

    /// How a provider did of late.
    #[must_use]
    pub fn health(&self, code: ProviderCode) -> ProviderHealth {
        self.lane(code).health(self.clock.now())
    }

    fn lane(&self, code: ProviderCode) -> &Lane {
        self.lanes.iter().find(|lane| lane.entry.code == code).expect("there is a lane for every provider")
    }

    /// Remembers how a call went: only trouble at the provider counts against it.
    fn note(&self, lane: &Lane, blame: Option<&Blame>) {
        let good = blame.is_none_or(|blame| blame.scope != BlameScope::ProviderTrouble);
        lane.note(self.clock.now(), good);
    }
}

/// The blame for a task that the provider's own protocol cannot say.
fn bad_task(lane: &Lane) -> Blame {
    catalogue::Finding { fault: Fault::BadTask, code: Some(lane.entry.habits.refusals.bad_parameters), number: 1 }
        .blame(None)
}

//! Replies judged and requests built without a call, for the fuzz targets.

use std::time::Duration;

use url::Url;

use super::judge::{self, Call};
use super::lane::Lane;
use super::transport::Incoming;
use super::{BalanceAnswer, Created, Polled, ProviderSettingsSet, call};
use crate::domain::attempt::Dialect;
use crate::domain::provider::ProviderInfo;
use crate::domain::{Blame, ProviderCode, Secret, TaskType};
use crate::providers::catalogue::entry;
use crate::providers::dialect::TaskRequest;

/// A reply of a provider.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The wait that it asks for.
    pub retry_after: Option<Duration>,
}

impl From<Reply> for Incoming {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status, body: reply.body, retry_after: reply.retry_after }
    }
}

/// All providers without a network.
pub struct Bench(Vec<Lane>);

impl Bench {
    /// The providers under these settings.
    #[must_use]
    pub fn new(mut settings: ProviderSettingsSet) -> Self {
        Self(ProviderCode::ALL.iter().map(|code| Lane::new(entry(*code), settings.take(*code))).collect())
    }

    /// What is known of a provider.
    #[must_use]
    pub fn info(&self, code: ProviderCode) -> &ProviderInfo {
        &self.lane(code).info
    }

    /// What a reply to the call for the balance comes to.
    ///
    /// # Errors
    /// Whatever the reply is put down to.
    pub fn balance(&self, code: ProviderCode, key: &Secret, reply: Reply) -> Result<BalanceAnswer, Blame> {
        judge::balance(self.lane(code), key, Ok(reply.into()))
    }

    /// What a reply to the creation of a task comes to; `None` when the provider lacks the dialect.
    #[must_use]
    pub fn created(
        &self,
        code: ProviderCode,
        key: &Secret,
        dialect: Dialect,
        task_type: TaskType,
        reply: Reply,
    ) -> Option<Created> {
        let lane = self.lane(code);
        let sent_by = lane.entry.route(dialect)?.create;
        let call = Call { lane, key, dialect, sent_by, task_type, task_id: None };
        Some(judge::created(&call, Ok(reply.into())))
    }

    /// What a reply to a poll comes to; `None` when the provider lacks the dialect.
    #[must_use]
    pub fn polled(
        &self,
        code: ProviderCode,
        key: &Secret,
        dialect: Dialect,
        task_type: TaskType,
        reply: Reply,
    ) -> Option<Polled> {
        let lane = self.lane(code);
        let sent_by = lane.entry.route(dialect)?.poll;
        let call = Call { lane, key, dialect, sent_by, task_type, task_id: Some("72345678901") };
        Some(judge::polled(&call, Ok(reply.into())))
    }

    /// What a reply to a report comes to.
    ///
    /// # Errors
    /// Whatever the reply is put down to.
    pub fn reported(&self, code: ProviderCode, reply: Reply) -> Result<(), Blame> {
        judge::reported(self.lane(code), Ok(reply.into()))
    }

    /// The address and body by which a task would go out; `None` when the provider can't be told it.
    #[must_use]
    pub fn creation(&self, code: ProviderCode, key: &Secret, request: &TaskRequest) -> Option<(Url, Vec<u8>)> {
        let lane = self.lane(code);
        let dialect = match request {
            TaskRequest::Json { .. } => Dialect::Json,
            TaskRequest::Legacy { .. } => Dialect::Legacy,
        };
        let (outgoing, _) = call::create(lane, key, request, lane.entry.route(dialect)?.create)?;
        let body = outgoing.content.map(|(_, body)| body.to_vec()).unwrap_or_default();
        Some((outgoing.url, body))
    }

    fn lane(&self, code: ProviderCode) -> &Lane {
        self.0.iter().find(|lane| lane.entry.code == code).expect("there is a lane for every provider")
    }
}

//! `attempt`.

use entity::attempt::{ActiveModel, Model};
use sea_orm::ActiveValue::{Set, Unchanged};

use super::{known, known_or_null, time};
use crate::domain::attempt::Dialect;
use crate::domain::{
    Attempt, AttemptState, CostSource, KeyClass, ProviderCode, SolutionVerdict, TaskType, Timestamp, Usd,
};
use crate::store::StoreError;

const TABLE: &str = "attempt";

/// The provider of an attempt, read by itself.
pub(in crate::store) fn attempt_provider(code: String) -> Result<ProviderCode, StoreError> {
    known(&code, ProviderCode::from_code, TABLE, "provider")
}

pub(in crate::store) fn attempt(row: Model) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        id: row.id.into(),
        principal: row.principal,
        task_id: row.task_id,
        number: row.number,
        requester: row.requester_id.map(Into::into),
        request: row.request,
        key: row.key_id.into(),
        owner: row.owner_id.into(),
        provider: attempt_provider(row.provider)?,
        task_type: known(&row.task_type, TaskType::from_code, TABLE, "task_type")?,
        proxied: row.proxied,
        key_class: known(&row.key_class, KeyClass::from_code, TABLE, "key_class")?,
        state: known(&row.state, AttemptState::from_code, TABLE, "state")?,
        estimate: Usd::from_nanos(row.estimate_nano),
        body_hash: row.body_hash,
        dialect: known_or_null(row.dialect.as_deref(), Dialect::from_code, TABLE, "dialect")?,
        provider_task_id: row.provider_task_id,
        reply: row.reply,
        error_code: row.error_code,
        cost: row.cost_nano.map(Usd::from_nanos),
        cost_raw: row.cost_raw,
        cost_source: known_or_null(row.cost_source.as_deref(), CostSource::from_code, TABLE, "cost_source")?,
        before: row.before_nano.map(Usd::from_nanos),
        verdict: known_or_null(row.verdict.as_deref(), SolutionVerdict::from_code, TABLE, "verdict")?,
        decision: row.decision,
        token_ring_key_id: row.token_ring_key_id,
        opened_at: Timestamp::from_micros(row.opened_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        sent_at: time(row.sent_at),
        poll_at: time(row.poll_at),
        polls: row.polls,
        returned_at: time(row.returned_at),
        ended_at: time(row.ended_at),
    })
}

/// Every column.
pub(in crate::store) fn attempt_row(attempt: &Attempt) -> ActiveModel {
    let micros = |moment: Option<Timestamp>| Set(moment.map(Timestamp::micros));
    let nanos = |amount: Option<Usd>| Set(amount.map(Usd::nanos));
    ActiveModel {
        id: Unchanged(attempt.id.0),
        principal: Set(attempt.principal.clone()),
        task_id: Set(attempt.task_id.clone()),
        number: Set(attempt.number),
        requester_id: Set(attempt.requester.map(|account| account.0)),
        request: Set(attempt.request.clone()),
        key_id: Set(attempt.key.0),
        owner_id: Set(attempt.owner.0),
        provider: Set(attempt.provider.as_str().to_owned()),
        task_type: Set(attempt.task_type.as_str().to_owned()),
        proxied: Set(attempt.proxied),
        key_class: Set(attempt.key_class.as_str().to_owned()),
        state: Set(attempt.state.as_str().to_owned()),
        estimate_nano: Set(attempt.estimate.nanos()),
        body_hash: Set(attempt.body_hash.clone()),
        dialect: Set(attempt.dialect.map(|dialect| dialect.as_str().to_owned())),
        provider_task_id: Set(attempt.provider_task_id.clone()),
        reply: Set(attempt.reply.clone()),
        error_code: Set(attempt.error_code.clone()),
        cost_nano: nanos(attempt.cost),
        cost_raw: Set(attempt.cost_raw.clone()),
        cost_source: Set(attempt.cost_source.map(|source| source.as_str().to_owned())),
        before_nano: nanos(attempt.before),
        verdict: Set(attempt.verdict.map(|verdict| verdict.as_str().to_owned())),
        decision: Set(attempt.decision.clone()),
        token_ring_key_id: Set(attempt.token_ring_key_id.clone()),
        opened_at: Set(attempt.opened_at.micros()),
        expires_at: Set(attempt.expires_at.micros()),
        sent_at: micros(attempt.sent_at),
        poll_at: micros(attempt.poll_at),
        polls: Set(attempt.polls),
        returned_at: micros(attempt.returned_at),
        ended_at: micros(attempt.ended_at),
    }
}

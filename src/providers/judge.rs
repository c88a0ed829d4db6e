//! From a provider's reply to an outcome: scope, cost, charge, and the reply that is kept.
//!
//! The one rule: what may have cost money is never called free. A reply to `createTask` that
//! cannot be understood is unclear; only a typed refusal, or a request that never left, is free.

use std::time::Duration;

use super::catalogue::{Fault, Finding, Unit, Upstream};
use super::dialect::reading::{Reading, Ready};
use super::dialect::{Object, json, legacy, scrub, stored};
use super::lane::Lane;
use super::outcome::{BalanceAnswer, Charge, CostFigure, Created, Ending, Polled};
use super::prepaid;
use super::transport::{Incoming, NoReply};
use crate::domain::attempt::Dialect;
use crate::domain::figure::{BALANCE_MAX, convert_units, parse_balance, parse_cost};
use crate::domain::{Blame, BlameScope, CostSource, KeyProblemCode, Secret, TaskType, Usd};

/// How often the list price a cost may be, where nothing else is configured.
const COST_FACTOR: i64 = 5;

/// Longest text of a figure that is kept.
const FIGURE_LENGTH_MAX: usize = 128;

/// The call that a reply belongs to.
pub(super) struct Call<'a> {
    pub(super) lane: &'a Lane,
    pub(super) key: &'a Secret,
    /// The dispatcher's dialect.
    pub(super) dialect: Dialect,
    /// The protocol that the call went out by.
    pub(super) sent_by: Upstream,
    pub(super) task_type: TaskType,
    /// The task's id, once it has one.
    pub(super) task_id: Option<&'a str>,
}

/// What became of `createTask` or `in.php`.
pub(super) fn created(call: &Call<'_>, reply: Result<Incoming, NoReply>) -> Created {
    let incoming = match reply {
        Ok(incoming) => incoming,
        Err(NoReply::Unclear) => return Created::Unclear(Blame::trouble()),
        Err(unsent) => return Created::NeverSent(without_reply(unsent)),
    };
    let entry = call.lane.entry;
    let reading = match call.sent_by {
        Upstream::Json => json::read_created(body(&incoming), entry.habits.extras),
        Upstream::Legacy => legacy::read_created(body(&incoming)),
    };
    match reading {
        // An id that is the key would carry it to the dispatcher.
        Reading::Taken { task_id } if is_clean(&task_id, call.key) => Created::Submitted { task_id },
        Reading::Taken { .. } => Created::Unclear(trouble(&incoming)),
        Reading::Ready(ready) => {
            solved(call, &ready).map_or_else(|| Created::Unclear(trouble(&incoming)), Created::Answered)
        }
        Reading::Failed { code } => Created::Answered(failed(call, &code, incoming.retry_after)),
        Reading::Error { code } => {
            let finding = entry.finding(&code);
            let unsure = finding.fault == Fault::Unknown && incoming.status >= 500;
            if unsure || finding.fault == Fault::NotReady {
                return Created::Unclear(trouble(&incoming));
            }
            let reply = stored::failed(entry, call.dialect, &scrub::text(&code, call.key), None);
            Created::Refused(blame(&finding, &incoming), Some(reply))
        }
        // The status alone says that the request was turned away unread.
        Reading::Garbled if incoming.status == 429 => Created::Refused(trouble(&incoming), None),
        Reading::Working | Reading::Garbled => Created::Unclear(trouble(&incoming)),
    }
}

/// What became of `getTaskResult` or `res.php`.
pub(super) fn polled(call: &Call<'_>, reply: Result<Incoming, NoReply>) -> Polled {
    let incoming = match reply {
        Ok(incoming) => incoming,
        Err(reason) => return Polled::Trouble(without_reply(reason)),
    };
    let entry = call.lane.entry;
    let reading = match call.sent_by {
        Upstream::Json => json::read_result(body(&incoming), entry.habits.extras),
        Upstream::Legacy => legacy::read_result(body(&incoming), entry.routes.legacy_poll == "get2"),
    };
    match reading {
        Reading::Working => Polled::Pending,
        Reading::Ready(ready) => {
            solved(call, &ready).map_or_else(|| Polled::Trouble(trouble(&incoming)), Polled::Ended)
        }
        Reading::Failed { code } => Polled::Ended(failed(call, &code, incoming.retry_after)),
        Reading::Error { code } => {
            let finding = entry.finding(&code);
            match finding.fault {
                Fault::NotReady => Polled::Pending,
                Fault::Unsolvable | Fault::BadTask => Polled::Ended(failed(call, &code, incoming.retry_after)),
                Fault::UnknownTask => Polled::Lost(blame(&finding, &incoming)),
                _ => Polled::Trouble(blame(&finding, &incoming)),
            }
        }
        Reading::Taken { .. } | Reading::Garbled => Polled::Trouble(trouble(&incoming)),
    }
}

/// Trouble at the provider, with the rest of a pause as the wait.
fn without_reply(reason: NoReply) -> Blame {
    match reason {
        NoReply::Held(wait) => Blame { retry_after: Some(wait), ..Blame::trouble() },
        NoReply::NeverSent | NoReply::Unclear => Blame::trouble(),
    }
}

/// What became of a report.
pub(super) fn reported(lane: &Lane, reply: Result<Incoming, NoReply>) -> Result<(), Blame> {
    let incoming = reply.map_err(without_reply)?;
    let object = Object::parse(body(&incoming)).ok_or_else(|| trouble(&incoming))?;
    if object.integer("errorId") == Some(0) {
        return Ok(());
    }
    let code = object.text("errorCode").ok_or_else(|| trouble(&incoming))?;
    Err(blame(&lane.entry.finding(&code), &incoming))
}

/// What became of a reading of the balance.
pub(super) fn balance(lane: &Lane, key: &Secret, reply: Result<Incoming, NoReply>) -> Result<BalanceAnswer, Blame> {
    let incoming = reply.map_err(without_reply)?;
    let text = body(&incoming);
    let read = match lane.entry.routes.balance {
        Upstream::Json => json_balance(text),
        Upstream::Legacy => legacy::read_balance(text),
    };
    let raw = match read {
        Ok(raw) => raw,
        Err(Reading::Error { code }) => return Err(blame(&lane.entry.finding(&code), &incoming)),
        Err(_) => return Err(trouble(&incoming)),
    };
    let figure = parse_balance(&raw).map_err(|_| unreadable())?;
    if lane.info.rate_missing {
        return Ok(BalanceAnswer { balance: Usd::ZERO, native: Some(figure_text(&raw, key)), prepaid: false });
    }
    if let Some(rate) = lane.settings.nano_usd_per_token.filter(|_| lane.entry.unit == Unit::Tokens) {
        let balance = convert_units(figure, rate).map_err(|_| unreadable())?;
        return Ok(BalanceAnswer { balance, native: Some(figure_text(&raw, key)), prepaid: false });
    }
    let prepaid = prepaid::is_prepaid(lane.entry.prepaid, text, figure < lane.settings.dust);
    Ok(BalanceAnswer { balance: figure, native: None, prepaid })
}

/// The raw figure of a JSON reply, or what the reply says instead.
fn json_balance(text: &str) -> Result<String, Reading> {
    let object = Object::parse(text).ok_or(Reading::Garbled)?;
    if let Some(code) = object.text("errorCode").filter(|code| !code.is_empty()) {
        return Err(Reading::Error { code });
    }
    match object.integer("errorId") {
        Some(0) => Ok(object.raw("balance").unwrap_or("null").to_owned()),
        Some(_) => Err(Reading::Error { code: super::dialect::UNKNOWN_ERROR.to_owned() }),
        None => Err(Reading::Garbled),
    }
}

fn solved(call: &Call<'_>, ready: &Ready) -> Option<Ending> {
    let entry = call.lane.entry;
    let told_id = ready.task_id.as_deref().filter(|id| is_clean(id, call.key));
    let task_id = call.task_id.or(told_id);
    let reply = stored::solved(entry, call.key, call.dialect, call.sent_by, call.task_type, task_id, ready)?;
    Some(Ending { solved: true, cost: cost(call, ready), charge: Charge::Charged, blame: None, reply })
}

fn failed(call: &Call<'_>, code: &str, retry_after: Option<Duration>) -> Ending {
    let entry = call.lane.entry;
    let charge = if entry.charged_failures.contains(&code) { Charge::Charged } else { Charge::Free };
    Ending {
        solved: false,
        cost: CostFigure::Absent,
        charge,
        blame: Some(entry.finding(code).blame(retry_after)),
        reply: stored::failed(entry, call.dialect, &scrub::text(code, call.key), call.task_id),
    }
}

fn cost(call: &Call<'_>, ready: &Ready) -> CostFigure {
    let lane = call.lane;
    let Some(figure) = ready.cost.as_deref().filter(|_| lane.entry.cost_source == CostSource::Reported) else {
        return CostFigure::Absent;
    };
    let raw = figure_text(figure, call.key);
    match parse_cost(figure) {
        Ok(cost) if cost <= max_cost(lane, call.task_type) => CostFigure::Exact { cost, raw },
        _ => CostFigure::Unbelievable { raw },
    }
}

fn max_cost(lane: &Lane, task_type: TaskType) -> Usd {
    lane.settings.max_cost.unwrap_or_else(|| {
        let offer = lane.info.tasks.iter().find(|offer| offer.task_type == task_type);
        offer.and_then(|offer| offer.list_price.checked_mul(COST_FACTOR)).unwrap_or(Usd::ZERO).min(BALANCE_MAX)
    })
}

/// The text of a figure as it is kept: without quotes, bounded, free of the key.
fn figure_text(raw: &str, key: &Secret) -> String {
    scrub::figure(raw, key).chars().take(FIGURE_LENGTH_MAX).collect()
}

fn is_clean(text: &str, key: &Secret) -> bool {
    scrub::text(text, key) == text
}

fn blame(finding: &Finding, incoming: &Incoming) -> Blame {
    let overloaded = incoming.status == 429 || incoming.status >= 500;
    if finding.fault == Fault::Unknown && overloaded {
        return trouble(incoming);
    }
    finding.blame(incoming.retry_after)
}

fn trouble(incoming: &Incoming) -> Blame {
    Blame { retry_after: incoming.retry_after, ..Blame::trouble() }
}

fn unreadable() -> Blame {
    Blame {
        scope: BlameScope::Unknown,
        problem: Some(KeyProblemCode::BalanceUnreadable),
        code: None,
        retry_after: None,
    }
}

/// The body as text; what is no UTF-8 reads as nothing.
fn body(incoming: &Incoming) -> &str {
    std::str::from_utf8(&incoming.body).unwrap_or("")
}

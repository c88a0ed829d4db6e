//! One call from request to outcome: faults looked up, caller identified, deed done.
//!
//! Owns the order in which these happen. It runs under the provider's lock and does not wait, so a
//! caller who hangs up cannot stop a call half-way.

use std::net::IpAddr;

use crate::clock::Millis;
use crate::desk::Desk;
use crate::dialect::{Ask, Deed, Substitutes};
use crate::fault::{Effect, Fault, FaultKind, Stage};
use crate::outcome::{Outcome, Refusal};

/// What came of a call, and how its reply is to be delivered.
pub(crate) struct Exchange {
    pub(crate) outcome: Outcome,
    pub(crate) substitutes: Substitutes,
    pub(crate) wire: Option<FaultKind>,
    pub(crate) latency: Millis,
}

/// Carries out a call.
pub(crate) fn perform(desk: &mut Desk, ask: &Ask, address: IpAddr, now: Millis) -> Exchange {
    desk.settle(now);
    let latency = desk.arrive(&ask.key);
    let fault = take(desk, ask, |kind| kind.stage() != Stage::Twist);
    let mut substitutes = Substitutes::default();
    let mut outcome = match identify(desk, ask, address, now) {
        Err(refusal) => Outcome::Refused(refusal),
        Ok(name) => {
            if let Some(account) = desk.account_mut(&name) {
                *account.calls.entry(ask.method).or_default() += 1;
            }
            let applies = fault.as_ref().is_none_or(|fault| fault.effect == Effect::Apply);
            let earlier_task = desk.account(&name).and_then(|account| account.last_task.clone());
            let outcome = match &ask.deed {
                Err(refusal) => Outcome::Refused(refusal.clone()),
                Ok(deed) if applies => act(desk, ask, &name, deed, now),
                Ok(deed) => pretend(desk, &name, deed),
            };
            twist(desk, ask, earlier_task, &outcome, &mut substitutes);
            outcome
        }
    };
    let wire = match fault {
        Some(Fault { kind: FaultKind::Error { code, http_status }, .. }) => {
            outcome = Outcome::Refused(Refusal::Ordered { code, http_status });
            None
        }
        other => other.map(|fault| fault.kind),
    };
    Exchange { outcome, substitutes, wire, latency }
}

/// A body that cannot be read names no key, so it is nobody's wrong key either.
fn identify(desk: &mut Desk, ask: &Ask, address: IpAddr, now: Millis) -> Result<String, Refusal> {
    match ask.deed {
        Err(Refusal::Unreadable) => Err(Refusal::Unreadable),
        _ => desk.identify(&ask.key, address, now),
    }
}

fn take(desk: &mut Desk, ask: &Ask, fits: impl Fn(&FaultKind) -> bool) -> Option<Fault> {
    let name = desk.provider().account_name(&ask.key);
    desk.faults.take(ask.method, name, fits)
}

fn act(desk: &mut Desk, ask: &Ask, name: &str, deed: &Deed, now: Millis) -> Outcome {
    let unsolvable = |kind: &FaultKind| *kind == FaultKind::Unsolvable;
    match deed {
        Deed::Create(order) => {
            let doomed = take(desk, ask, unsolvable).is_some();
            desk.create(name, *order, doomed, now)
        }
        Deed::Result(id) => {
            if desk.is_open(name, id) && take(desk, ask, unsolvable).is_some() {
                desk.doom(id, now);
            }
            desk.result(name, id)
        }
        Deed::Results(ids) => Outcome::Several(ids.iter().map(|id| desk.result(name, id)).collect()),
        Deed::Balance => desk.standing(name),
        Deed::Report { id, good } => desk.report(name, id, *good, now),
    }
}

/// The answer that a call would have got, without its effect. Reading has none.
fn pretend(desk: &mut Desk, name: &str, deed: &Deed) -> Outcome {
    match deed {
        Deed::Create(_) => desk.pretend_create(),
        Deed::Result(id) => desk.result(name, id),
        Deed::Results(ids) => Outcome::Several(ids.iter().map(|id| desk.result(name, id)).collect()),
        Deed::Balance => desk.standing(name),
        Deed::Report { .. } => Outcome::Reported,
    }
}

/// Looks for a fault that changes a fact of this very outcome.
fn twist(desk: &mut Desk, ask: &Ask, earlier_task: Option<String>, outcome: &Outcome, substitutes: &mut Substitutes) {
    let fits = |kind: &FaultKind| match outcome {
        Outcome::Balance(_) => matches!(kind, FaultKind::BalanceText { .. }),
        Outcome::Ready(_) => {
            matches!(kind, FaultKind::CostText { .. } | FaultKind::SolutionThenProcessing)
        }
        Outcome::Created { .. } => match kind {
            FaultKind::TaskIdText { .. } => true,
            FaultKind::DuplicateTaskId => earlier_task.is_some(),
            _ => false,
        },
        _ => false,
    };
    match (take(desk, ask, fits).map(|fault| fault.kind), outcome) {
        (Some(FaultKind::BalanceText { text }), _) => substitutes.balance = Some(text),
        (Some(FaultKind::CostText { text }), _) => substitutes.cost = Some(text),
        (Some(FaultKind::TaskIdText { text }), _) => substitutes.task_id = Some(text),
        (Some(FaultKind::DuplicateTaskId), _) => {
            substitutes.task_id = earlier_task.map(|id| desk.provider().id_token(&id));
        }
        (Some(FaultKind::SolutionThenProcessing), Outcome::Ready(solved)) => {
            desk.relapse(&solved.id);
        }
        _ => {}
    }
}

//! Commands that look and change nothing.

use uuid::Uuid;

use crate::domain::attempt::Attempt;
use crate::domain::{AccountRef, Actor, AttemptId, Key, KeyId, Timestamp, Usd};
use crate::store::{AttemptFilter, AuditFilter, KeyFilter, KeyList, PageRequest};

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::{Listing, complain};

/// Keys shown below an account.
const ACCOUNT_KEYS_MAX: u64 = 100;

/// The first page of a list, newest first.
pub(super) fn newest<P>(limit: u64) -> PageRequest<P> {
    PageRequest { after: None, before: None, limit, from_end: false }
}

pub(super) async fn audit(context: &Context, sample: Option<u64>) -> Outcome {
    let parts = context.parts().await?;
    let report = parts.ledger.audit(sample).await.map_err(Failure::unreachable)?;
    if context.out.is_json() {
        context.out.line(
            &serde_json::json!({ "checked": report.checked, "passed_over": report.passed_over, "lies": report.lies })
                .to_string(),
        )?;
    } else {
        for lie in &report.lies {
            context.out.line(lie)?;
        }
        context.out.line(&format!("{} checked, {} not as they should be", report.checked, report.lies.len()))?;
        if report.passed_over > 0 {
            context.out.line(&format!("{} keys in use could not be checked; run it again", report.passed_over))?;
        }
    }
    if report.lies.is_empty() { Ok(()) } else { Err(Failure::No) }
}

pub(super) async fn account(context: &Context, reference: AccountRef) -> Outcome {
    let store = context.store().await?;
    let found = store.account(&Actor::Operator, reference).await.map_err(Failure::unreachable)?;
    let Some(account) = found else { return nothing("account") };
    context.out.record(
        &["id", "kind", "telegram user", "balance", "credited", "frozen", "created"],
        [
            Some(account.id.to_string()),
            Some(account.kind.to_string()),
            account.telegram_user_id.map(|id| id.to_string()),
            Some(account.balance.to_string()),
            Some(account.credited.to_string()),
            moment(account.frozen_at),
            moment(Some(account.created_at)),
        ],
    )?;
    let list = KeyList::Account(account.id);
    let keys = store.key_page(list, &KeyFilter::default(), newest(ACCOUNT_KEYS_MAX)).await;
    Ok(context.out.list(&key_listing(&keys.map_err(Failure::unreachable)?.items))?)
}

pub(super) async fn keys(context: &Context, limit: u64) -> Outcome {
    let store = context.store().await?;
    let page = store.key_page(KeyList::All, &KeyFilter::default(), newest(limit)).await;
    Ok(context.out.list(&key_listing(&page.map_err(Failure::unreachable)?.items))?)
}

/// Keys as a table.
pub(super) fn key_listing(keys: &[Key]) -> Listing {
    let mut listing =
        Listing::new(&["id", "mark", "provider", "label", "status", "problem", "balance", "held", "credited"]);
    for key in keys {
        listing.row([
            Some(key.id.to_string()),
            Some(key.mark()),
            Some(key.provider.to_string()),
            key.label.clone(),
            Some(key.status.to_string()),
            key.problem.as_ref().map(|problem| problem.code.to_string()),
            amount(key.balance()),
            amount(Some(key.held)),
            amount(Some(key.credited)),
        ]);
    }
    listing
}

pub(super) async fn key(context: &Context, id: KeyId) -> Outcome {
    let store = context.store().await?;
    let Some(key) = store.key(&Actor::Operator, id).await.map_err(Failure::unreachable)? else {
        return nothing("key");
    };
    Ok(context.out.record(
        &[
            "id",
            "mark",
            "owner",
            "provider",
            "label",
            "status",
            "problem",
            "balance",
            "available",
            "held",
            "in flight",
            "under review",
            "outside spending",
            "credited",
            "read",
            "next reading",
            "submitted",
            "changed",
        ],
        [
            Some(key.id.to_string()),
            Some(key.mark()),
            Some(key.owner.to_string()),
            Some(key.provider.to_string()),
            key.label.clone(),
            Some(key.status.to_string()),
            key.problem.as_ref().map(|problem| problem.code.message().to_owned()),
            amount(key.balance()),
            amount(key.available()),
            amount(Some(key.held)),
            Some(key.in_flight.to_string()),
            amount(Some(key.under_review)),
            amount(Some(key.outside_spending)),
            amount(Some(key.credited)),
            moment(key.reading.map(|reading| reading.read_at)),
            moment(key.next_sync_at),
            moment(Some(key.submitted_at)),
            moment(Some(key.changed_at)),
        ],
    )?)
}

pub(super) async fn attempts(context: &Context, limit: u64) -> Outcome {
    let store = context.store().await?;
    let page = store.attempt_page(&AttemptFilter::default(), newest(limit)).await.map_err(Failure::unreachable)?;
    let mut listing =
        Listing::new(&["id", "service", "task", "try", "provider", "task type", "state", "cost", "source", "opened"]);
    for Attempt { id, principal, task_id, number, provider, task_type, state, cost, cost_source, opened_at, .. } in
        page.items
    {
        listing.row([
            Some(id.to_string()),
            Some(principal),
            Some(task_id),
            Some(number.to_string()),
            Some(provider.to_string()),
            Some(task_type.to_string()),
            Some(state.to_string()),
            amount(cost),
            cost_source.map(|source| source.to_string()),
            moment(Some(opened_at)),
        ]);
    }
    Ok(context.out.list(&listing)?)
}

pub(super) async fn attempt(context: &Context, id: AttemptId) -> Outcome {
    let store = context.store().await?;
    let Some(attempt) = store.attempt(&Actor::Operator, id).await.map_err(Failure::unreachable)? else {
        return nothing("attempt");
    };
    Ok(context.out.record(
        &[
            "id",
            "service",
            "task",
            "try",
            "key",
            "owner",
            "provider",
            "task type",
            "state",
            "held",
            "cost",
            "source",
            "error",
            "provider task",
            "opened",
            "sent",
            "ended",
            "decision",
        ],
        [
            Some(attempt.id.to_string()),
            Some(attempt.principal.clone()),
            Some(attempt.task_id.clone()),
            Some(attempt.number.to_string()),
            Some(attempt.key.to_string()),
            Some(attempt.owner.to_string()),
            Some(attempt.provider.to_string()),
            Some(attempt.task_type.to_string()),
            Some(attempt.state.to_string()),
            amount(Some(attempt.held())),
            amount(attempt.cost),
            attempt.cost_source.map(|source| source.to_string()),
            attempt.error_code.clone(),
            attempt.provider_task_id.clone(),
            moment(Some(attempt.opened_at)),
            moment(attempt.sent_at),
            moment(attempt.ended_at),
            Some(attempt.decision),
        ],
    )?)
}

pub(super) async fn log(context: &Context, action: Option<String>, target: Option<Uuid>, limit: u64) -> Outcome {
    let store = context.store().await?;
    let filter = AuditFilter { target, actions: action.map(|action| vec![action]), money_only: false };
    let page = store.audit_page(&filter, newest(limit)).await.map_err(Failure::unreachable)?;
    let mut listing = Listing::new(&["when", "who", "action", "target", "request", "note"]);
    for entry in page.items {
        listing.row([
            moment(Some(entry.occurred_at)),
            Some(entry.actor),
            Some(entry.action),
            entry.target.map(|target| format!("{} {}", target.kind, target.id)),
            entry.request_id,
            entry.note,
        ]);
    }
    Ok(context.out.list(&listing)?)
}

/// Says that there is no such thing.
pub(super) fn nothing(what: &str) -> Outcome {
    complain(&format!("There is no such {what}."));
    Err(Failure::No)
}

fn amount(amount: Option<Usd>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}

fn moment(moment: Option<Timestamp>) -> Option<String> {
    moment.map(Timestamp::to_rfc3339)
}

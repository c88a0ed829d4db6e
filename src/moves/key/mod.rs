//! Changes of a key. Whatever people see of it appends an event; nobody can forget it.

mod blame;
mod block;
mod claim;
mod evidence;
mod reading;
mod removal;
mod reseal;
mod turn;

pub use blame::blame;
pub use block::{block, unblock};
pub use claim::{Bounds, Claim, ClaimRefusal, NewKey, claim};
pub use reading::{Answer, Policy, Report, pend, record_reading};
pub use removal::{erase_if_done, remove, set_aside};
pub use reseal::reseal;
pub use turn::{REJECTIONS_WINDOW, claim_validations, is_read_in_turn, may_be_read};

use crate::domain::account::PLATFORM;
use crate::domain::audit::{Target, TargetKind};
use crate::domain::event::EventBody;
use crate::domain::{Actor, Key, KeyId, KeyProblem, KeyProblemCode, Timestamp, Usd};
use crate::store::{StoreError, Tx};

/// What people see of a key and are told about.
#[derive(PartialEq)]
struct Visible<'a> {
    status: crate::domain::KeyStatus,
    problem: Option<&'a KeyProblem>,
    label: Option<&'a str>,
    balance: Option<Usd>,
    credited: Usd,
    outside_spending: Usd,
}

fn visible(key: &Key) -> Visible<'_> {
    Visible {
        status: key.status,
        problem: key.problem.as_ref(),
        label: key.label.as_deref(),
        balance: key.balance(),
        credited: key.credited,
        outside_spending: key.outside_spending,
    }
}

/// Saves a locked key, and tells its owner when something visible changed.
///
/// # Errors
/// The status would change along no arrow, or the database fails.
pub async fn save(tx: &mut Tx, before: &Key, mut after: Key) -> Result<Key, StoreError> {
    if before.status != after.status && !before.status.may_become(after.status) {
        return Err(StoreError::Inconsistent { table: "provider_key", column: "status" });
    }
    block::hold_back(&mut after);
    tx.save_key(&mut after).await?;
    if visible(before) != visible(&after) {
        tell(tx, &after).await?;
    }
    Ok(after)
}

/// Appends the event of a changed key. The platform's own keys have nobody to tell.
///
/// # Errors
/// The database fails.
async fn tell(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    if key.owner == PLATFORM {
        return Ok(());
    }
    tx.append_event(key.owner, EventBody::KeyChanged(Box::new(key.clone()))).await
}

/// Puts on record what an operator does to a key of the platform. Owners see by their events what they do to theirs.
///
/// # Errors
/// The database fails.
async fn record(tx: &mut Tx, key: &Key, action: &str) -> Result<(), StoreError> {
    if key.owner != PLATFORM {
        return Ok(());
    }
    let target = Target { kind: TargetKind::Key, id: key.id.0 };
    tx.append_audit(&Actor::Operator.audit_name(), action, Some(target), None).await
}

/// Locks a key, lets the change work on it, and saves it when it did something.
///
/// # Errors
/// There is no such key, or the database fails.
pub async fn change(tx: &mut Tx, id: KeyId, change: impl FnOnce(&mut Key) + Send) -> Result<Key, StoreError> {
    let before = tx.lock_key(id).await?.ok_or(StoreError::Stale)?;
    let mut after = before.clone();
    change(&mut after);
    if after == before { Ok(before) } else { save(tx, &before, after).await }
}

/// Has a key rest for a problem that has an end of its own.
pub(super) fn rest(key: &mut Key, code: KeyProblemCode, now: Timestamp) {
    reading::set_problem(key, Some((code, None, None)), now);
}

/// Ends that rest and has the key read soon.
pub(super) fn end_rest(key: &mut Key, code: KeyProblemCode, now: Timestamp) {
    if key.problem.as_ref().is_some_and(|problem| problem.code == code) {
        let unconfirmed = key.is_in_doubt().then_some((KeyProblemCode::RejectionUnconfirmed, None, None));
        reading::set_problem(key, unconfirmed, now);
        if key.status.is_read_by_timer() {
            key.next_sync_at = Some(now);
        }
    }
}

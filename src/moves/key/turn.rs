//! Whose turn it is to be validated: wrong keys must not have the provider ban our address.
//!
//! What is bounded is rejections, not submissions: a key that turns out to be good costs nothing. As
//! nobody knows beforehand, every validation under way counts as if it were rejected. Of a provider's
//! budget an owner has half, rounded up, so that one owner's junk leaves room for others; and owners
//! take turns, the one who has used least first. Keys that were validated before are not held back.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::reading::{Policy, set_problem};
use crate::domain::{AccountId, Key, KeyId, KeyProblemCode, KeyStatus, ProviderCode, Timestamp};
use crate::store::{StoreError, Tx, Validations};

/// The time that a budget of rejections is for.
pub const REJECTIONS_WINDOW: Duration = Duration::from_secs(10 * 60);

/// When to look again whether a validation under way has made room.
const SOON: Duration = Duration::from_millis(200);

/// Most waiting keys of a provider that are looked at in one pass.
const WAITING_MAX: u64 = 1_000;

/// Whether the key, which may wait in line already, may be validated now, or when to ask again. The line is to be
/// locked, and before any key or account, so that the answer holds until the transaction ends.
pub(super) async fn take(tx: &mut Tx, key: &Key, rejections: usize) -> Result<Result<(), Timestamp>, StoreError> {
    let used = tx.validations(key.provider, tx.now().minus(REJECTIONS_WINDOW)).await?;
    // Before the line is looked at: that takes long where it is long, and all wait for it.
    if let Err(later) = turn(&used, key.owner, rejections, tx.now()) {
        return Ok(Err(later));
    }
    let mut waiting = tx.validations_waiting(key.provider, WAITING_MAX).await?;
    if waiting.iter().all(|(id, _)| *id != key.id) {
        waiting.push((key.id, key.owner));
    }
    Ok(in_turn(used, waiting, key.id, rejections, tx.now()))
}

/// Whether there is room for the key once those were served who wait and come before it.
fn in_turn(
    mut used: Validations,
    waiting: Vec<(KeyId, AccountId)>,
    key: KeyId,
    rejections: usize,
    now: Timestamp,
) -> Result<(), Timestamp> {
    let mut lines = lines(waiting);
    while let Some((of, first)) = next(&used, &mut lines, rejections, now) {
        if first == key {
            return Ok(());
        }
        used.under_way.push(of);
    }
    Err(now.plus(SOON))
}

/// The keys in line of each owner, backwards, so that whoever waits longest is at the end of the line's vector.
fn lines(waiting: Vec<(KeyId, AccountId)>) -> BTreeMap<AccountId, Vec<KeyId>> {
    let mut lines: BTreeMap<AccountId, Vec<KeyId>> = BTreeMap::new();
    for (key, owner) in waiting.into_iter().rev() {
        lines.entry(owner).or_default().push(key);
    }
    lines
}

/// Whether a key is read in its turn only, also by hand: one that the provider may well reject.
#[must_use]
pub fn is_read_in_turn(key: &Key) -> bool {
    matches!(key.status, KeyStatus::Pending | KeyStatus::Invalid)
}

/// Whether a key may be read by hand now. To be asked before the key is locked.
///
/// # Errors
/// The database fails.
pub async fn may_be_read(tx: &mut Tx, key: &Key, rejections: usize) -> Result<bool, StoreError> {
    if !is_read_in_turn(key) {
        return Ok(true);
    }
    tx.lock_validations(key.provider).await?;
    Ok(take(tx, key, rejections).await?.is_ok())
}

/// Shows that a PENDING key waits for its turn.
pub(super) fn queue(key: &mut Key, until: Timestamp, now: Timestamp) {
    key.next_sync_at = Some(until);
    set_problem(key, Some((KeyProblemCode::ValidationQueued, None, Some(until))), now);
}

/// Claims PENDING keys of a provider whose validation is due, until the moment given and as many as
/// the limit and the budget allow, and puts the others off.
///
/// # Errors
/// The database fails.
pub async fn claim_validations(
    tx: &mut Tx,
    provider: ProviderCode,
    policy: Policy,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<(KeyId, Uuid)>, StoreError> {
    if tx.validations_due(provider, 1).await?.is_empty() {
        return Ok(Vec::new());
    }
    tx.lock_validations(provider).await?;
    let mut used = tx.validations(provider, tx.now().minus(REJECTIONS_WINDOW)).await?;
    // Only now: whoever had the line before may have had one of them read, or blocked it.
    let mut lines = lines(tx.validations_due(provider, WAITING_MAX).await?);
    let mut claimed = Vec::new();
    while claimed.len() < limit
        && let Some((owner, key)) = next(&used, &mut lines, policy.rejections, tx.now())
    {
        if let Some(claim) = tx.claim_key(key, until).await? {
            claimed.push((key, claim));
            used.under_way.push(owner);
        }
    }
    for (owner, keys) in lines {
        if let Err(later) = turn(&used, owner, policy.rejections, tx.now()) {
            tx.put_off(&keys, later).await?;
        }
    }
    Ok(claimed)
}

/// The next key in line, of the owner who has used least of the budget.
fn next(
    used: &Validations,
    lines: &mut BTreeMap<AccountId, Vec<KeyId>>,
    rejections: usize,
    now: Timestamp,
) -> Option<(AccountId, KeyId)> {
    let may = |owner: &AccountId| turn(used, *owner, rejections, now).is_ok();
    let owners = lines.iter().filter(|(_, keys)| !keys.is_empty()).map(|(owner, _)| *owner);
    let owner = owners.filter(may).min_by_key(|owner| load(used, *owner))?;
    Some((owner, lines.get_mut(&owner)?.pop()?))
}

fn load(used: &Validations, owner: AccountId) -> usize {
    let rejected = used.rejected.iter().filter(|(of, _)| *of == owner).count();
    rejected + used.under_way.iter().filter(|of| **of == owner).count()
}

fn turn(used: &Validations, owner: AccountId, rejections: usize, now: Timestamp) -> Result<(), Timestamp> {
    let all = used.rejected.iter().map(|(_, at)| *at).collect();
    let own = used.rejected.iter().filter(|(of, _)| *of == owner).map(|(_, at)| *at).collect();
    let own_under_way = used.under_way.iter().filter(|of| **of == owner).count();
    let waits =
        [wait(all, used.under_way.len(), rejections, now), wait(own, own_under_way, rejections.div_ceil(2), now)];
    waits.into_iter().flatten().max().map_or(Ok(()), Err)
}

/// When there is room again; `None` when there is some.
fn wait(mut rejected: Vec<Timestamp>, under_way: usize, most: usize, now: Timestamp) -> Option<Timestamp> {
    if rejected.len() + under_way < most {
        return None;
    }
    rejected.sort_unstable();
    // So many have to lapse that one is too few.
    let lapses = rejected.len().checked_sub(most.max(1)).and_then(|index| rejected.get(index));
    Some(lapses.map_or(now.plus(SOON), |at| at.plus(REJECTIONS_WINDOW)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * MINUTE)
    }

    fn owner(number: u128) -> AccountId {
        AccountId(Uuid::from_u128(number))
    }

    fn used(rejected: &[(u128, i64)], under_way: &[u128]) -> Validations {
        Validations {
            rejected: rejected.iter().map(|(of, minute)| (owner(*of), at(*minute))).collect(),
            under_way: under_way.iter().map(|of| owner(*of)).collect(),
        }
    }

    #[test]
    fn a_budget_is_what_was_rejected_and_what_may_be() {
        let now = at(10);
        for (rejected, under_way, expected) in [
            (vec![], vec![], Ok(())),
            (vec![(1, 1)], vec![], Ok(())),
            (vec![(1, 1), (1, 2)], vec![], Err(at(11))),
            (vec![(1, 1)], vec![1], Err(now.plus(SOON))),
            (vec![], vec![1, 1], Err(now.plus(SOON))),
            (vec![(2, 1), (2, 2)], vec![], Ok(())),
            (vec![(2, 1), (2, 2), (3, 4)], vec![], Err(at(11))),
            (vec![(2, 1), (2, 2), (3, 4), (3, 5)], vec![], Err(at(12))),
            (vec![(2, 1), (2, 2)], vec![3], Err(now.plus(SOON))),
        ] {
            let used = used(&rejected, &under_way);
            assert_eq!(turn(&used, owner(1), 3, now), expected, "{rejected:?} {under_way:?}");
        }
    }

    #[test]
    fn who_comes_last_waits_for_those_in_line() {
        let key = |number: u128| KeyId(Uuid::from_u128(number));
        let fresh = (key(31), owner(3));
        let go = |line: &[(u128, u128)], rejected: &[(u128, i64)], under_way: &[u128]| {
            let mut waiting: Vec<_> = line.iter().map(|(id, of)| (key(*id), owner(*of))).collect();
            waiting.push(fresh);
            in_turn(used(rejected, under_way), waiting, fresh.0, 3, at(10)).is_ok()
        };
        assert!(go(&[], &[], &[]));
        assert!(go(&[(11, 1)], &[], &[1]), "two places are left, and one waits before");
        assert!(!go(&[(11, 1), (21, 2)], &[], &[4]), "two places are left, and two wait before");
        assert!(go(&[(11, 1), (12, 1)], &[(1, 9)], &[]), "whoever has used less comes before");
        assert!(go(&[(11, 1), (12, 1)], &[(1, 8), (1, 9)], &[]), "who has used up his half is not in its way");
        assert!(!go(&[(11, 1)], &[(1, 8), (2, 9)], &[4]), "the budget is spent");
        assert!(!go(&[(32, 3)], &[], &[3]), "one's own come before as well");
    }

    #[test]
    fn owners_take_turns() {
        let key = |number: u128| KeyId(Uuid::from_u128(number));
        let lines = || BTreeMap::from([(owner(1), vec![key(12), key(11)]), (owner(2), vec![key(21)])]);
        let first = next(&used(&[], &[]), &mut lines(), 5, at(0));
        assert_eq!(first, Some((owner(1), key(11))));
        let second = next(&used(&[], &[1]), &mut lines(), 5, at(0));
        assert_eq!(second, Some((owner(2), key(21))), "who has used least");
        let third = next(&used(&[(2, 0)], &[1, 1, 1]), &mut lines(), 5, at(0));
        assert_eq!(third, Some((owner(2), key(21))), "the other has used up his half");
        assert_eq!(next(&used(&[(2, 0)], &[1, 1, 1, 3]), &mut lines(), 5, at(0)), None);
    }
}

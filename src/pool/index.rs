//! Every key that is not REMOVED, each in the one place its state puts it: ready to be drawn, or
//! counted under what keeps it from that.
//!
//! A change moves one key, in O(log n). What changes by time alone (a pause that lapses, a reading
//! that grows too old) waits in a queue and is moved when the moment has come. The newer version of
//! a key wins, in whatever order changes arrive.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::tree::{Slot, Sum, WeightTree};
use crate::domain::account::PLATFORM;
use crate::domain::key::READING_AGE_MAX;
use crate::domain::provider::ProviderInfo;
use crate::domain::{AccountId, Key, KeyId, KeyStatus, ProviderCode, Timestamp, Usd};

/// How long a removed key's version is remembered, so that a late older change can't revive it.
const REMOVED_KEPT: Duration = Duration::from_secs(10 * 60);

/// The shortest step of time.
const TICK: Duration = Duration::from_micros(1);

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a tree.
    Ready,
    /// As many attempts under way as it may have.
    Busy,
    /// Its reading is too old.
    Stale,
    /// Not ACTIVE, or a problem or a pause keeps it back.
    Unusable,
    /// Removed, and kept only for its version.
    Gone,
}

/// What is remembered of a key.
#[derive(Clone, Copy, Debug)]
struct Record {
    owner: AccountId,
    provider: ProviderCode,
    status: KeyStatus,
    version: i64,
    /// Whether nothing but a pause, and its figures, keeps it back.
    lendable: bool,
    paused_until: Option<Timestamp>,
    read_at: Option<Timestamp>,
    available: Usd,
    held: Usd,
    in_flight: i32,
    changed_at: Timestamp,
    place: Place,
    due: Option<Timestamp>,
}

impl Record {
    fn of(key: &Key) -> Self {
        Self {
            owner: key.owner,
            provider: key.provider,
            status: key.status,
            version: key.version,
            // At the end of time every pause is over.
            lendable: key.is_usable(Timestamp::from_micros(i64::MAX)),
            paused_until: key.paused_until,
            read_at: key.reading.map(|reading| reading.read_at),
            available: key.available().unwrap_or_default(),
            held: key.held,
            in_flight: key.in_flight,
            changed_at: key.changed_at,
            place: Place::Gone,
            due: None,
        }
    }

    /// Where it belongs now, and when that is to be asked again.
    fn settle(&self, cap: i32, now: Timestamp) -> (Place, Option<Timestamp>) {
        if self.status == KeyStatus::Removed {
            let forgotten = (self.in_flight == 0).then(|| self.changed_at.plus(REMOVED_KEPT));
            return (Place::Gone, forgotten);
        }
        if !self.lendable {
            return (Place::Unusable, None);
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return (Place::Unusable, Some(until));
        }
        match self.read_at.map(|read_at| read_at.plus(READING_AGE_MAX + TICK)) {
            Some(old_from) if now < old_from && self.in_flight < cap => (Place::Ready, Some(old_from)),
            Some(old_from) if now < old_from => (Place::Busy, Some(old_from)),
            _ => (Place::Stale, None),
        }
    }
}

/// The keys of one provider.
#[derive(Debug)]
pub(super) struct Shelf {
    /// Ready keys of owners.
    pub(super) owners: WeightTree,
    /// Ready keys of the platform.
    pub(super) platform: WeightTree,
    /// Keys that are not ACTIVE or kept back by a problem.
    pub(super) unusable: usize,
    /// Keys whose reading is too old.
    pub(super) stale: usize,
    /// Keys with all attempts under way that they may have.
    pub(super) busy: usize,
    /// Keys by status.
    pub(super) statuses: [u64; KeyStatus::ALL.len()],
    /// Attempts under way.
    pub(super) in_flight: i64,
    held: i128,
    cap: i32,
}

impl Shelf {
    fn new(cap: i32) -> Self {
        Self {
            owners: WeightTree::new(),
            platform: WeightTree::new(),
            unusable: 0,
            stale: 0,
            busy: 0,
            statuses: [0; KeyStatus::ALL.len()],
            in_flight: 0,
            held: 0,
            cap,
        }
    }

    /// The ready keys on which at least so much is available.
    pub(super) fn able_to_pay(&self, amount: Usd) -> Sum {
        self.owners.able_to_pay(amount) + self.platform.able_to_pay(amount)
    }

    /// All ready keys, whatever is available on them.
    pub(super) fn ready(&self) -> usize {
        self.owners.total().keys + self.platform.total().keys
    }

    /// What is held on all keys.
    pub(super) fn held(&self) -> i128 {
        self.held
    }

    fn tree(&mut self, owner: AccountId) -> &mut WeightTree {
        if owner == PLATFORM { &mut self.platform } else { &mut self.owners }
    }

    fn counter(&mut self, place: Place) -> Option<&mut usize> {
        match place {
            Place::Busy => Some(&mut self.busy),
            Place::Stale => Some(&mut self.stale),
            Place::Unusable => Some(&mut self.unusable),
            Place::Ready | Place::Gone => None,
        }
    }
}

/// A key that can be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) provider: ProviderCode,
    pub(super) owner: AccountId,
    pub(super) slot: Slot,
}

/// All keys.
#[derive(Debug)]
pub(super) struct Index {
    shelves: Vec<Shelf>,
    records: HashMap<KeyId, Record>,
    /// Ready keys by owner and provider, the platform's left out.
    own: HashMap<(AccountId, ProviderCode), BTreeSet<KeyId>>,
    queue: BTreeSet<(Timestamp, KeyId)>,
    /// A key that was unknown until now and is older than this was REMOVED before.
    loaded_at: Timestamp,
}

impl Index {
    pub(super) fn new(infos: &[ProviderInfo]) -> Self {
        let cap = |code| infos.iter().find(|info| info.code == code).map_or(0, |info| info.in_flight_cap);
        Self {
            shelves: ProviderCode::ALL.iter().map(|code| Shelf::new(cap(*code))).collect(),
            records: HashMap::new(),
            own: HashMap::new(),
            queue: BTreeSet::new(),
            loaded_at: Timestamp::from_micros(i64::MIN),
        }
    }

    pub(super) fn shelf(&self, provider: ProviderCode) -> &Shelf {
        &self.shelves[provider as usize]
    }

    /// The key, when it can be drawn.
    pub(super) fn ready(&self, key: KeyId) -> Option<Ready> {
        let record = self.records.get(&key).filter(|record| record.place == Place::Ready)?;
        let slot = Slot { available: record.available, key };
        Some(Ready { provider: record.provider, owner: record.owner, slot })
    }

    /// An owner's keys at a provider that can be drawn.
    pub(super) fn ready_of(&self, owner: AccountId, provider: ProviderCode) -> impl Iterator<Item = Slot> {
        self.own
            .get(&(owner, provider))
            .into_iter()
            .flatten()
            .filter_map(|key| self.ready(*key))
            .map(|ready| ready.slot)
    }

    /// Ends the first load, for which the index was filled with every key that is not REMOVED:
    /// takes over how many of the others there are.
    pub(super) fn loaded(&mut self, now: Timestamp, removed: impl Iterator<Item = (ProviderCode, u64)>) {
        self.loaded_at = now;
        for (provider, count) in removed {
            self.shelves[provider as usize].statuses[KeyStatus::Removed as usize] = count;
        }
    }

    /// Takes a change over, unless a newer one is in; tells whether it did.
    pub(super) fn apply(&mut self, key: &Key, now: Timestamp) -> bool {
        let known = self.records.get(&key.id).copied();
        if known.is_some_and(|record| record.version >= key.version) {
            return false;
        }
        self.take_out(key.id);
        let mut before = known.map(|record| record.status);
        if before.is_none() && key.submitted_at < self.loaded_at {
            before = Some(KeyStatus::Removed);
        }
        let statuses = &mut self.shelves[key.provider as usize].statuses;
        if let Some(before) = before {
            // Saturating: a key that is removed during the first load may not have been counted.
            statuses[before as usize] = statuses[before as usize].saturating_sub(1);
        }
        statuses[key.status as usize] += 1;
        self.put_in(key.id, Record::of(key), now);
        true
    }

    /// Whether a key is to be moved because time has passed.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.queue.first().is_some_and(|(due, _)| *due <= now)
    }

    /// Moves the keys whose moment has come.
    pub(super) fn move_due(&mut self, now: Timestamp) {
        while self.is_due(now)
            && let Some((_, key)) = self.queue.pop_first()
        {
            if let Some(record) = self.take_out(key)
                && record.status != KeyStatus::Removed
            {
                self.put_in(key, record, now);
            }
        }
    }

    fn put_in(&mut self, key: KeyId, mut record: Record, now: Timestamp) {
        let shelf = &mut self.shelves[record.provider as usize];
        (record.place, record.due) = record.settle(shelf.cap, now);
        shelf.held += i128::from(record.held.nanos());
        shelf.in_flight += i64::from(record.in_flight);
        if let Some(counter) = shelf.counter(record.place) {
            *counter += 1;
        }
        if record.place == Place::Ready {
            shelf.tree(record.owner).insert(Slot { available: record.available, key });
            if record.owner != PLATFORM {
                self.own.entry((record.owner, record.provider)).or_default().insert(key);
            }
        }
        if let Some(due) = record.due {
            self.queue.insert((due, key));
        }
        self.records.insert(key, record);
    }

    fn take_out(&mut self, key: KeyId) -> Option<Record> {
        let record = self.records.remove(&key)?;
        let shelf = &mut self.shelves[record.provider as usize];
        shelf.held -= i128::from(record.held.nanos());
        shelf.in_flight -= i64::from(record.in_flight);
        if let Some(counter) = shelf.counter(record.place) {
            *counter -= 1;
        }
        if record.place == Place::Ready {
            shelf.tree(record.owner).remove(Slot { available: record.available, key });
            let place = (record.owner, record.provider);
            if let Some(keys) = self.own.get_mut(&place) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.own.remove(&place);
                }
            }
        }
        if let Some(due) = record.due {
            self.queue.remove(&(due, key));
        }
        Some(record)
    }
}

//! The ring as a running process holds it.
//!
//! The source is read again when it has changed: once a second by a job, and at once when something
//! names a ring key that is not known yet, so that a rotation never waits for a restart. What was
//! known is never forgotten while the process runs: a ring that lost a key, or has other bytes under
//! a known id, must not make stored keys unreadable. Which ring key seals is decided by the caller,
//! by the canaries of the database.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::VaultError;
use super::ring::{KeyRing, RingKey, RingSource, Stamp};

/// A ring, and which of its keys seals.
pub(super) struct Held {
    pub(super) ring: KeyRing,
    sealing: Arc<RingKey>,
    canaries: Arc<BTreeSet<String>>,
}

impl Held {
    /// The key that seals.
    pub(super) fn sealing(&self) -> &RingKey {
        &self.sealing
    }

    /// The ring keys whose canaries were there when that was decided.
    pub(super) const fn canaries(&self) -> &Arc<BTreeSet<String>> {
        &self.canaries
    }
}

/// The ring in use, and where it is read anew.
pub(super) struct HeldRing {
    source: Box<dyn RingSource>,
    held: RwLock<Arc<Held>>,
    /// What the source looked like when it was last read; one reads at a time.
    seen: Mutex<Option<Stamp>>,
    /// Keys that came while the process runs and have opened nothing yet. What such a key can't open says
    /// nothing about the envelope: somebody may have mistyped the key.
    unproved: Mutex<BTreeSet<String>>,
}

impl HeldRing {
    /// Reads the source. Its newest key seals until the caller says otherwise.
    pub(super) fn open(source: Box<dyn RingSource>) -> Result<Self, VaultError> {
        // Before the read: what changes in between is then seen as a change by the next look.
        let seen = source.stamp();
        let ring = KeyRing::read(&*source)?;
        let sealing = ring.newest().clone();
        let held = RwLock::new(Arc::new(Held { ring, sealing, canaries: Arc::default() }));
        Ok(Self { source, held, seen: Mutex::new(seen), unproved: Mutex::default() })
    }

    /// The ring as it is now.
    pub(super) fn get(&self) -> Arc<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the ring comes from.
    pub(super) fn source(&self) -> &dyn RingSource {
        &*self.source
    }

    /// The key of this id; a source that has changed is read for it.
    pub(super) fn find(&self, id: &str) -> Result<Arc<RingKey>, VaultError> {
        if let Some(known) = self.get().ring.find(id) {
            return Ok(known.clone());
        }
        self.refresh()?;
        let unknown = || VaultError::UnknownRingKey { id: id.to_owned(), hint: self.source.hint() };
        self.get().ring.find(id).cloned().ok_or_else(unknown)
    }

    /// Reads the source again if it has changed, and answers whether the ring did. A source that is
    /// gone, or never changes, leaves the ring as it is; one that is no good is told of once.
    pub(super) fn refresh(&self) -> Result<bool, VaultError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stamp) = self.source.stamp().filter(|stamp| seen.as_ref() != Some(stamp)) else { return Ok(false) };
        let fresh = match KeyRing::read(&*self.source) {
            // The file may be as good as it looks, so it is tried again though it doesn't change.
            Err(error @ (VaultError::RingUnreadable { .. } | VaultError::RingMissing { .. })) => return Err(error),
            read => read,
        };
        *seen = Some(stamp);
        let held = self.get();
        let ring = held.ring.joined_by(fresh?, &*self.source)?;
        let (sealing, canaries) = (held.sealing.clone(), held.canaries.clone());
        let mut unproved = self.unproved.lock().unwrap_or_else(PoisonError::into_inner);
        let added = ring.keys().iter().filter(|key| held.ring.find(key.id()).is_none());
        unproved.extend(added.map(|key| key.id().to_owned()));
        drop(unproved);
        self.replace(Held { ring, sealing, canaries });
        Ok(true)
    }

    /// Whether the key of this id has opened something, or was there from the start.
    pub(super) fn is_proved(&self, id: &str) -> bool {
        !self.unproved.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// The key of this id has opened something.
    pub(super) fn prove(&self, id: &str) {
        self.unproved.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Has the key of this id seal from now on, as the canaries have it, unless more of them were followed.
    pub(super) fn seal_under(&self, id: &str, canaries: BTreeSet<String>) -> Result<(), VaultError> {
        let sealing = self.find(id)?;
        let _reading = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.get();
        // Somebody who has read more canaries was quicker: nothing goes back to an older ring key.
        if held.canaries.is_subset(&canaries) {
            self.replace(Held { ring: held.ring.clone(), sealing, canaries: Arc::new(canaries) });
        }
        Ok(())
    }

    fn replace(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
    }
}

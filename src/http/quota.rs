//! How many sockets an owner may have at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::AccountId;

/// The open sockets of each owner.
#[derive(Default)]
pub(super) struct Sockets(Mutex<HashMap<AccountId, usize>>);

/// An owner's place among the open sockets; given back when dropped.
pub(super) struct Place {
    sockets: Arc<Sockets>,
    owner: AccountId,
}

impl Sockets {
    /// A place for one more socket of the owner, if there is one.
    pub(super) fn take(self: &Arc<Self>, owner: AccountId, most: usize) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(owner).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { sockets: self.clone(), owner })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn places_are_given_back() {
        let (sockets, owner) = (Arc::new(Sockets::default()), AccountId(Uuid::from_u128(7)));
        let first = sockets.take(owner, 2);
        let second = sockets.take(owner, 2);
        assert!(first.is_some() && second.is_some() && sockets.take(owner, 2).is_none());
        assert!(sockets.take(AccountId(Uuid::from_u128(8)), 2).is_some());
        drop(first);
        assert!(sockets.take(owner, 2).is_some());
    }
}

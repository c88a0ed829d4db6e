//! Service tokens that were looked up a moment ago, so that a service that asks often does not go to
//! the database each time.
//!
//! What is revoked, by whatever process, is refused within a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::token::ServiceToken;
use crate::domain::{ServiceTokenId, Timestamp};

/// How long a token is not looked up again.
const FOR: Duration = Duration::from_secs(1);

/// Most tokens that are kept. There are a few for each service.
const TOKENS_MAX: usize = 1_000;

type Hash = [u8; 32];

/// The tokens and when they were looked up.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<Hash, (ServiceToken, Timestamp)>>);

impl Recent {
    /// The token of a hash, if it was looked up within the last second.
    pub(super) fn get(&self, hash: &Hash, now: Timestamp) -> Option<ServiceToken> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes an entry from the future, which is as good as none.
        let (token, _) = tokens.get(hash).filter(|(_, at)| *at <= now && now.since(*at) < FOR)?;
        Some(token.clone())
    }

    pub(super) fn keep(&self, hash: Hash, token: ServiceToken, now: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(hash, (token, now));
    }

    pub(super) fn forget(&self, id: ServiceTokenId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (token, _)| token.id != id);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::Scopes;

    #[test]
    fn a_token_is_known_for_a_second_unless_it_is_forgotten() {
        let recent = Recent::default();
        let at = |millis: i64| Timestamp::from_micros(1_000_000_000 + millis * 1_000);
        let id = ServiceTokenId(Uuid::from_u128(7));
        let (service, scopes) = ("dispatcher".to_owned(), Scopes::of(&[]));
        let token = ServiceToken { id, service, scopes, created_at: at(0), expires_at: None, revoked_at: None };
        recent.keep([1; 32], token.clone(), at(0));
        assert_eq!(recent.get(&[1; 32], at(999)), Some(token.clone()));
        assert_eq!(recent.get(&[2; 32], at(0)), None);
        assert_eq!(recent.get(&[1; 32], at(1_000)), None);
        assert_eq!(recent.get(&[1; 32], at(-1)), None);
        recent.keep([1; 32], token, at(0));
        recent.forget(id);
        assert_eq!(recent.get(&[1; 32], at(0)), None);
    }
}

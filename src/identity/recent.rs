//! Service tokens that were looked up a moment ago, so that a service that asks often does not go to
//! the database each time.
//!
//! What is revoked, by whatever process, is refused within a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::token::{Selector, ServiceToken, TokenHash};
use crate::domain::{ServiceTokenId, Timestamp};

/// How long a token is not looked up again.
const FOR: Duration = Duration::from_secs(1);

/// Most tokens that are kept. There are a few for each service.
const TOKENS_MAX: usize = 1_000;

/// A token that was looked up.
struct Known {
    hash: TokenHash,
    token: ServiceToken,
    at: Timestamp,
}

/// The tokens, by the selectors of their hashes.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<Selector, Known>>);

impl Recent {
    /// The token of a hash, if it was looked up within the last second.
    pub(super) fn get(&self, hash: &TokenHash, now: Timestamp) -> Option<ServiceToken> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tokens.get(&hash.selector()).filter(|known| hash.is(known.hash.as_bytes()))?;
        // A clock that was set back makes an entry from the future, which is as good as none.
        (known.at <= now && now.since(known.at) < FOR).then(|| known.token.clone())
    }

    pub(super) fn keep(&self, hash: TokenHash, token: ServiceToken, at: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(hash.selector(), Known { hash, token, at });
    }

    pub(super) fn forget(&self, id: ServiceTokenId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, known| known.token.id != id);
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
        let (one, other) = (TokenHash::of("one"), TokenHash::of("other"));
        recent.keep(one, token.clone(), at(0));
        assert_eq!(recent.get(&one, at(999)), Some(token.clone()));
        assert_eq!(recent.get(&other, at(0)), None);
        assert_eq!(recent.get(&one, at(1_000)), None);
        assert_eq!(recent.get(&one, at(-1)), None);
        recent.keep(one, token, at(0));
        recent.forget(id);
        assert_eq!(recent.get(&one, at(0)), None);
    }
}

//! Callers who hang up: each call is given a random time, from none to a bit more than it usually takes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use key_recycling::domain::Scope;

use crate::support::draw::Draw;
use crate::support::{Caller, Scene};

/// What a call takes before anything is known of it.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// One kind of call.
#[derive(Clone, Copy, Debug)]
struct Kind {
    usual: Duration,
    hung_up: u64,
    /// How often somebody was answered who would have hung up.
    answered: u64,
}

/// A server, and what is known of the calls to it.
pub(super) struct Crowd {
    pub(super) scene: Scene,
    pub(super) billing: Caller,
    kinds: Mutex<BTreeMap<&'static str, Kind>>,
}

impl Crowd {
    pub(super) async fn before(scene: Scene) -> Self {
        let billing = scene.server.service("billing", &[Scope::Billing]).await;
        Self { scene, billing, kinds: Mutex::default() }
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, call: &'static str, change: impl FnOnce(&mut Kind)) {
        change(self.kinds().entry(call).or_insert(Kind { usual: FIRST_GUESS, hung_up: 0, answered: 0 }));
    }

    /// Calls, and hangs up when it takes too long. The connection is closed then, wherever the server is.
    pub(super) async fn hasty<T>(
        &self,
        call: &'static str,
        draw: &mut Draw,
        answer: impl Future<Output = T>,
    ) -> Option<T> {
        let usual = self.kinds().get(call).map_or(FIRST_GUESS, |kind| kind.usual).as_micros();
        // Beside calls that were hung up and still run, one takes longer than usual.
        let most = u64::try_from(usual).expect("a short time") * 2;
        let patience = Duration::from_micros(draw.below(most + 1));
        let answer = tokio::time::timeout(patience, answer).await.ok();
        self.change(call, |kind| match answer {
            Some(_) => kind.answered += 1,
            None => kind.hung_up += 1,
        });
        answer
    }

    /// Calls, waits for the answer, and learns how long it takes.
    pub(super) async fn calm<T>(&self, call: &'static str, answer: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = answer.await;
        let took = start.elapsed();
        self.change(call, |kind| kind.usual = (kind.usual * 3 + took) / 4);
        answer
    }

    /// How many have hung up.
    pub(super) fn hung_up(&self) -> u64 {
        self.kinds().values().map(|kind| kind.hung_up).sum()
    }

    /// Of each of so many kinds of calls some were hung up and some were not.
    pub(super) fn expect_both_of_each(&self, count: usize) {
        let kinds = self.kinds();
        assert_eq!(kinds.len(), count, "{kinds:?}");
        for (call, kind) in kinds.iter() {
            assert!(kind.hung_up > 0 && kind.answered > 0, "{call}: {kind:?}");
        }
    }
}

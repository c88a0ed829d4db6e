//! Settle, sweep, remove and sync at the same moment, in orders drawn by a seed.

use std::time::{Duration, Instant};

use key_recycling::domain::{AttemptId, AttemptState, KeyId, KeyStatus, Usd};
use key_recycling::store::StoreError;
use rand_seed::Draw;
use tokio::task::JoinSet;

use super::stage::{Stage, reported};

const PRICE: Usd = Usd::from_nanos(1_000);

/// How long orders are tried on each database.
const TIME: Duration = Duration::from_secs(8);

/// Attempts on the key.
const TRIES: usize = 4;

/// Numbers from a seed.
mod rand_seed {
    /// A generator by the recurrence of Knuth's MMIX.
    pub(super) struct Draw(pub(super) u64);

    impl Draw {
        pub(super) fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % end
        }
    }
}

/// What is done by one of those who act at the same moment.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Settle(AttemptId),
    Fail(AttemptId),
    Lose(AttemptId),
    Review(AttemptId),
    Send(AttemptId),
    Expire(AttemptId),
    Remove,
    Read,
}

async fn act(stage: &Stage, key: KeyId, deed: Deed) -> Result<(), StoreError> {
    use AttemptState::{Expired, FailedFree, Sent, Settled, UnderReview, Unknown};
    match deed {
        Deed::Settle(id) => stage.go(id, Settled, reported(PRICE)).await,
        Deed::Fail(id) => stage.go(id, FailedFree, None).await,
        Deed::Lose(id) => stage.go(id, Unknown, None).await,
        Deed::Review(id) => stage.go(id, UnderReview, None).await,
        Deed::Send(id) => stage.go(id, Sent, None).await,
        Deed::Expire(id) => stage.go(id, Expired, None).await,
        Deed::Read => stage.read(stage.report(key, Usd::from_nanos(1_000_000_000))).await.map_or(Ok(()), |_| Ok(())),
        Deed::Remove => stage.remove(key).await,
    }
}

/// One order of deeds, and what has to be true after any.
async fn play(stage: &Stage, seed: u64) {
    let mut draw = Draw(seed);
    let key = stage.submit(&format!("{seed:064x}"), Usd::from_nanos(1_000_000_000)).await;
    let mut tries = Vec::new();
    for _ in 0..TRIES {
        let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
        if draw.below(4) > 0 {
            stage.go(id, AttemptState::Sent, None).await.expect("there is this arrow");
        }
        tries.push(id);
    }
    let mut deeds = vec![Deed::Remove, Deed::Read, Deed::Read];
    for id in &tries {
        let sorts = [Deed::Settle, Deed::Settle, Deed::Fail, Deed::Lose, Deed::Review, Deed::Send, Deed::Expire];
        deeds.extend((0..3).map(|_| sorts[usize::try_from(draw.below(7)).expect("a small number")](*id)));
    }
    let mut acting = JoinSet::new();
    while !deeds.is_empty() {
        let many = u64::try_from(deeds.len()).expect("few deeds");
        let deed = deeds.swap_remove(usize::try_from(draw.below(many)).expect("a small number"));
        let (stage, yields) = (stage.clone(), draw.below(40));
        acting.spawn(async move {
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            (deed, act(&stage, key, deed).await)
        });
    }
    while let Some(acted) = acting.join_next().await {
        let (deed, outcome) = acted.expect("nobody panics");
        assert!(matches!(outcome, Ok(()) | Err(StoreError::Stale)), "seed {seed}: {deed:?}: {outcome:?}");
    }
    check(stage, key, &tries, seed).await;
}

async fn check(stage: &Stage, key: KeyId, tries: &[AttemptId], seed: u64) {
    let shown = stage.key(key).await;
    let (mut settled, mut held, mut reviewed, mut open) = (0, 0, 0, 0);
    for id in tries {
        let attempt = stage.attempt(*id).await;
        assert_ne!(attempt.state, AttemptState::Reserved, "seed {seed}: removal gives leases back");
        settled += i64::from(attempt.state == AttemptState::Settled);
        reviewed += i64::from(attempt.state == AttemptState::UnderReview);
        held += i64::from(attempt.state.holds());
        open += i32::from(attempt.state.holds());
    }
    let price = |count: i64| Usd::from_nanos(count * PRICE.nanos());
    assert_eq!(shown.status, KeyStatus::Removed, "seed {seed}");
    assert_eq!((shown.held, shown.in_flight), (price(held), open), "seed {seed}");
    assert_eq!((shown.credited, shown.under_review), (price(settled), price(reviewed)), "seed {seed}");
    assert_eq!(shown.sealed, open > 0, "seed {seed}: the sealed form stays as long as an attempt may need it");
}

on_both_databases! {
    async fn whatever_comes_first_every_figure_is_right(database) {
        let stage = Stage::on(&database).await;
        let (start, first) = (Instant::now(), crate::support::database::rand_u64() >> 1);
        let mut orders = 0;
        while start.elapsed() < TIME {
            // Several keys of one owner at once, so that they meet at the account as well.
            let seeds = first + orders..first + orders + 4;
            futures_util::future::join_all(seeds.map(|seed| play(&stage, seed))).await;
            orders += 4;
        }
        assert!(orders >= 40, "only {orders} orders were tried");
        stage.expect_no_lies().await;
    }
}

//! Settle, sweep, remove and sync at the same moment, in orders drawn by a seed.

use std::time::{Duration, Instant};

use key_recycling::domain::{AttemptId, AttemptState, KeyId};
use key_recycling::store::StoreError;
use tokio::task::JoinSet;

use super::deeds::{DEPOSIT, Deed, PRICE, check, move_to};
use super::stage::Stage;
use crate::support::draw::Draw;

/// How long orders are tried on each database, at least.
const TIME: Duration = Duration::from_secs(8);

/// How many orders are tried, at least, however long it takes.
const ORDERS: u64 = 40;

/// Attempts on the key.
const TRIES: usize = 4;

async fn act(stage: &Stage, key: KeyId, tries: &[AttemptId], deed: Deed) -> Result<(), StoreError> {
    match deed {
        Deed::Move(number, to) => move_to(stage, tries[number], to).await,
        Deed::Remove => stage.remove(key).await,
        Deed::Read | Deed::Claim | Deed::Record => {
            stage.read(stage.report(key, DEPOSIT)).await;
            Ok(())
        }
    }
}

/// One order of deeds, and what has to be true after any.
async fn play(stage: &Stage, seed: u64) {
    use AttemptState::{Expired, FailedFree, Sent, Settled, UnderReview, Unknown};
    let mut draw = Draw::new(seed);
    let key = stage.submit(&format!("{seed:064x}"), DEPOSIT).await;
    let mut tries = Vec::new();
    for _ in 0..TRIES {
        let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
        if !draw.one_in(4) {
            stage.go(id, Sent, None).await.expect("there is this arrow");
        }
        tries.push(id);
    }
    let mut deeds = vec![Deed::Remove, Deed::Read, Deed::Read];
    for number in 0..TRIES {
        let sorts = [Settled, Settled, FailedFree, Unknown, UnderReview, Sent, Expired];
        deeds.extend((0..3).map(|_| Deed::Move(number, *draw.pick(&sorts))));
    }
    draw.shuffle(&mut deeds);
    let mut acting = JoinSet::new();
    for deed in deeds {
        let (stage, tries, yields) = (stage.clone(), tries.clone(), draw.below(40));
        acting.spawn(async move {
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            (deed, act(&stage, key, &tries, deed).await)
        });
    }
    while let Some(acted) = acting.join_next().await {
        let (deed, outcome) = acted.expect("nobody panics");
        assert!(matches!(outcome, Ok(()) | Err(StoreError::Stale)), "seed {seed}: {deed:?}: {outcome:?}");
    }
    check(stage, key, true, &format!("seed {seed}")).await;
}

on_both_databases! {
    async fn whatever_comes_first_every_figure_is_right(database) {
        let stage = Stage::on(&database).await;
        let (start, first) = (Instant::now(), crate::support::database::rand_u64() >> 1);
        let mut orders = 0;
        while start.elapsed() < TIME || orders < ORDERS {
            // Several keys of one owner at once, so that they meet at the account as well.
            let seeds = first + orders..first + orders + 4;
            futures_util::future::join_all(seeds.map(|seed| play(&stage, seed))).await;
            orders += 4;
        }
        stage.expect_no_lies().await;
    }
}

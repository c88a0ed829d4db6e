//! Eight who settle the same attempts at the same time, each told another result.
//!
//! On PostgreSQL each has a store of its own, as if it were a process; on SQLite, which only one process
//! serves from, they share one. They go through the attempts window by window, each in an order of its
//! own within the window, so that they meet all the time.

use std::collections::HashMap;
use std::sync::Arc;

use key_recycling::domain::{AttemptId, AttemptState, Usd};
use key_recycling::store::StoreError;
use tokio::task::JoinSet;

use super::stage::{Stage, reported};
use crate::support::draw::Draw;
use crate::support::{Database, Plan};

const SETTLERS: usize = 8;

/// Attempts on one key: as many as it may have in flight.
const ON_A_KEY: usize = 10;

const KEYS_OF_AN_OWNER: usize = 5;

/// How many attempts the settlers have before them at a time.
const WINDOW: usize = 16;

const ESTIMATE: Usd = Usd::from_nanos(1_000_000);

/// What a settler is told by the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    to: AttemptState,
    /// No two settlers report the same cost, so that the credit says whose it is.
    cost: Option<Usd>,
}

/// What each settler is told of an attempt: five that it was charged, one of them without a solution, two
/// that it was free, and one nothing.
fn told(seed: u64, attempt: usize) -> Vec<Told> {
    use AttemptState::{FailedCharged, FailedFree, Settled, Unknown};
    let mut draw = Draw::new(seed ^ u64::try_from(attempt).expect("a small number").wrapping_mul(0x2545_f491));
    let mut states = [Settled, Settled, Settled, Settled, FailedCharged, FailedFree, FailedFree, Unknown];
    draw.shuffle(&mut states);
    let costs = (1..).map(|settler| Usd::from_nanos(settler * 100_000));
    let is_charged = |state| matches!(state, Settled | FailedCharged);
    states.into_iter().zip(costs).map(|(to, cost)| Told { to, cost: is_charged(to).then_some(cost) }).collect()
}

/// Has attempts SUBMITTED on many keys of many owners.
async fn submitted(stage: &Stage, count: usize) -> Vec<AttemptId> {
    let mut attempts = Vec::with_capacity(count);
    for key in 0..count.div_ceil(ON_A_KEY) {
        let mut stage = stage.clone();
        stage.become_owner(100 + i64::try_from(key / KEYS_OF_AN_OWNER).expect("few owners")).await;
        let key = stage.submit(&format!("{key:064x}"), Usd::from_nanos(1_000_000_000)).await;
        let opened = futures_util::future::join_all((0..ON_A_KEY).map(|_| async {
            let id = stage.reserve(key, ESTIMATE).await.expect("the key can bear it");
            for next in [AttemptState::Sent, AttemptState::Submitted] {
                stage.go(id, next, None).await.expect("there is this arrow");
            }
            id
        }));
        attempts.extend(opened.await);
    }
    attempts.truncate(count);
    attempts
}

/// Goes through all attempts. Answers which it ended.
async fn settle_all(stage: Stage, settler: usize, attempts: Arc<Vec<AttemptId>>, seed: u64) -> Vec<usize> {
    let mut draw = Draw::new(seed.wrapping_add(u64::try_from(settler).expect("a small number")));
    let mut order: Vec<usize> = (0..attempts.len()).collect();
    order.chunks_mut(WINDOW).for_each(|window| draw.shuffle(window));
    let mut ended = Vec::new();
    for place in order {
        let (id, told) = (attempts[place], told(seed, place)[settler]);
        let cost = told.cost.and_then(reported);
        let outcome = if draw.one_in(3) {
            // One who looked some time ago, as a poll that took long.
            let seen = stage.attempt(id).await;
            tokio::task::yield_now().await;
            stage.go_from(seen, told.to, cost).await
        } else {
            stage.go(id, told.to, cost).await
        };
        match outcome {
            Ok(()) if told.to != AttemptState::Unknown => ended.push(place),
            Ok(()) | Err(StoreError::Stale) => {}
            Err(other) => panic!("settler {settler} at {id}: {other:?}"),
        }
    }
    ended
}

/// Every attempt was ended by one settler, and is as that one said.
async fn expect_one_end_each(stage: &Stage, attempts: &[AttemptId], ended: &[Vec<usize>], seed: u64) -> Vec<Usd> {
    let mut enders: HashMap<usize, usize> = HashMap::new();
    for (settler, places) in ended.iter().enumerate() {
        assert!(!places.is_empty(), "settler {settler} was always too late, so they did not meet");
        for place in places {
            assert_eq!(enders.insert(*place, settler), None, "attempt {place} was ended twice");
        }
    }
    let mut costs = Vec::new();
    for (place, id) in attempts.iter().enumerate() {
        let settler = enders.get(&place).unwrap_or_else(|| panic!("nobody ended attempt {place}"));
        let told = told(seed, place)[*settler];
        let attempt = stage.attempt(*id).await;
        assert_eq!(attempt.state, told.to, "attempt {place}");
        assert_eq!(attempt.cost, Some(told.cost.unwrap_or(Usd::ZERO)), "attempt {place}");
        costs.extend(told.cost);
    }
    costs
}

/// Each charge is one credit, the sums are right, and nothing is held any more.
async fn expect_credits(database: &Database, stage: &Stage, costs: &[Usd]) {
    let (count, sum) = (i64::try_from(costs.len()).expect("thousands"), costs.iter().copied().sum::<Usd>());
    let credits = "FROM transfer WHERE kind = 'RECYCLE_CREDIT'";
    for (what, expected) in [
        (format!("SELECT count(*) {credits}"), count),
        (format!("SELECT count(DISTINCT attempt_id) {credits}"), count),
        (format!("SELECT CAST(sum(amount_nano) AS BIGINT) {credits}"), sum.nanos()),
        ("SELECT CAST(sum(balance_nano) AS BIGINT) FROM account WHERE kind = 'OWNER'".to_owned(), sum.nanos()),
        ("SELECT CAST(sum(credited_nano) AS BIGINT) FROM provider_key".to_owned(), sum.nanos()),
        ("SELECT count(*) FROM provider_key WHERE held_nano <> 0 OR in_flight <> 0".to_owned(), 0),
    ] {
        assert_eq!(database.number(&what).await, Some(expected), "{what}");
    }
    stage.expect_no_lies().await;
}

on_both_databases! {
    async fn eight_who_settle_the_same_attempts_end_each_once(database) {
        let mut plan = Plan::begin("settlers", &database);
        let stage = Stage::on(&database).await;
        let count = usize::try_from(plan.size).expect("thousands");
        let attempts = Arc::new(submitted(&stage, count).await);
        let mut settling = JoinSet::new();
        for settler in 0..SETTLERS {
            let own = if database.is_sqlite() { stage.clone() } else { stage.another().await };
            let (attempts, seed) = (attempts.clone(), plan.seed);
            settling.spawn(async move { (settler, settle_all(own, settler, attempts, seed).await) });
        }
        let mut ended = settling.join_all().await;
        ended.sort_unstable();
        let ended: Vec<Vec<usize>> = ended.into_iter().map(|(_, places)| places).collect();
        let costs = expect_one_end_each(&stage, &attempts, &ended, plan.seed).await;
        expect_credits(&database, &stage, &costs).await;
        plan.note("settlers", u64::try_from(SETTLERS).expect("eight"));
        plan.note("credits", u64::try_from(costs.len()).expect("thousands"));
        plan.did(plan.size);
    }
}

//! Fairness and repeatability of the draw.

use std::collections::HashMap;

use super::support::{PRICE, World, chosen, id, only, owner, request};
use crate::domain::account::PLATFORM;
use crate::domain::provider::ProviderCode::Capsolver;
use crate::domain::{Decision, KeyClass, KeyId, Usd};
use crate::pool::DrawSeed;

fn lease(world: &World, task: usize) -> Decision {
    world.pool.decide(&only(Capsolver), Some(DrawSeed { task_id: &format!("task-{task}"), attempt: 1 }), &[])
}

/// Uses of each key over so many tasks, each of which costs one list price.
fn uses(world: &World, tasks: usize, prices: &[i64]) -> Vec<f64> {
    let mut keys: HashMap<KeyId, _> = (0..)
        .zip(prices)
        .map(|(number, prices)| (id(number), world.key(number, owner(number), Capsolver, *prices)))
        .collect();
    world.commit(&keys.values().cloned().collect::<Vec<_>>());
    let mut counts: HashMap<KeyId, f64> = HashMap::new();
    for task in 0..tasks {
        let drawn = chosen(&lease(world, task)).unwrap();
        *counts.entry(drawn).or_default() += 1.0;
        let key = keys.get_mut(&drawn).unwrap();
        key.spent_since += Usd::from_nanos(PRICE);
        key.version += 1;
        world.commit(std::slice::from_ref(key));
    }
    (0..).zip(prices).map(|(number, _)| counts.get(&id(number)).copied().unwrap_or_default()).collect()
}

#[test]
fn equal_keys_share_the_work_evenly() {
    let uses = uses(&World::new(), 10_000, &[1_000; 20]);
    let (sum, squares): (f64, f64) = (uses.iter().sum(), uses.iter().map(|uses| uses * uses).sum());
    let jain = sum * sum / (20.0 * squares);
    assert!(jain >= 0.99, "{jain} {uses:?}");
}

#[test]
fn shares_follow_the_balances_and_leftovers_drain_together() {
    let uses = uses(&World::new(), 10_000, &[10_000, 20_000, 40_000]);
    for (uses, expected) in uses.iter().zip([1.0 / 7.0, 2.0 / 7.0, 4.0 / 7.0]) {
        assert!((uses / 10_000.0 - expected).abs() < 0.02, "{uses} {expected}");
    }
}

#[test]
fn asking_draws_what_leasing_draws() {
    let (asked, leased) = (World::new(), World::new());
    let keys: Vec<_> = (0..50_u8)
        .map(|number| asked.key(number.into(), owner(number.into()), Capsolver, i64::from(number) + 1))
        .collect();
    asked.commit(&keys);
    // The other process has heard of the same keys in another order.
    leased.commit(&keys.iter().rev().cloned().collect::<Vec<_>>());
    for task in 0..200 {
        assert_eq!(lease(&asked, task), lease(&leased, task));
    }
    let draw = |attempt| leased.pool.decide(&only(Capsolver), Some(DrawSeed { task_id: "task", attempt }), &[]);
    assert_ne!(draw(1).choice.unwrap().draw, draw(2).choice.unwrap().draw);
}

#[test]
fn without_a_task_the_likeliest_key_is_shown() {
    let world = World::new();
    world.commit(&[
        world.key(1, owner(1), Capsolver, 10),
        world.key(2, owner(2), Capsolver, 60),
        world.key(3, owner(3), Capsolver, 30),
    ]);
    let decision = world.pool.decide(&request(None), None, &[]);
    let choice = decision.choice.clone().unwrap();
    assert_eq!((choice.key, choice.draw), (id(2), None));
    assert!((choice.share - 0.6).abs() < 1e-12);
    let order: Vec<KeyId> = decision.shortlist.iter().map(|choice| choice.key).collect();
    assert_eq!(order, [id(2), id(3), id(1)]);
}

#[test]
fn own_keys_come_first_then_shared_then_the_platforms() {
    let world = World::new();
    world.commit(&[
        world.key(1, owner(1), Capsolver, 2),
        world.key(2, owner(2), Capsolver, 1_000),
        world.key(3, PLATFORM, Capsolver, 9_000),
    ]);
    let classes = |requester, task: usize| -> Vec<(KeyId, KeyClass)> {
        let task_id = format!("task-{task}");
        let decision = world.pool.decide(&request(requester), Some(DrawSeed { task_id: &task_id, attempt: 1 }), &[]);
        assert_eq!(decision.choice.as_ref(), decision.shortlist.first());
        decision.shortlist.iter().map(|choice| (choice.key, choice.key_class)).collect()
    };
    for task in 0..20 {
        assert_eq!(
            classes(Some(owner(1)), task),
            [(id(1), KeyClass::Own), (id(2), KeyClass::Shared), (id(3), KeyClass::Platform)]
        );
        let shared = classes(Some(owner(9)), task);
        assert_eq!(shared[2], (id(3), KeyClass::Platform));
        assert!(shared[..2].iter().all(|(_, class)| *class == KeyClass::Shared));
        assert_eq!(classes(None, task), classes(Some(owner(9)), task), "an unknown account has no own keys");
        assert_eq!(classes(Some(PLATFORM), task), shared, "the platform's keys stay the last");
    }
}

#[test]
fn shares_are_chances_within_the_class() {
    let world = World::new();
    world.commit(&[
        world.key(1, owner(1), Capsolver, 10),
        world.key(2, owner(1), Capsolver, 30),
        world.key(3, owner(2), Capsolver, 500),
    ]);
    for task in 0..20 {
        let seed = DrawSeed { task_id: &format!("task-{task}"), attempt: 1 };
        let own = world.pool.decide(&request(Some(owner(1))), Some(seed), &[]).choice.unwrap();
        let expected = if own.key == id(1) { 0.25 } else { 0.75 };
        assert!((own.share - expected).abs() < 1e-12);
        assert_eq!(own.key == id(2), own.draw.unwrap() < 0.75, "the largest lies first on the line");
    }
}

//! How the pool keeps up: versions, the store, statistics, counts.

use std::time::Duration;

use super::support::{PRICE, World, chosen, only, owner};
use crate::domain::clock::Clock;
use crate::domain::provider::ProviderCode::Capsolver;
use crate::domain::{Key, KeyStatus, TaskType, Usd};
use crate::pool::ProviderOverview;
use crate::store::{Changes, Observer, StatDelta};

fn counts(world: &World) -> Vec<(KeyStatus, u64)> {
    overview(world).key_counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn overview(world: &World) -> ProviderOverview {
    world.pool.overview().into_iter().find(|entry| entry.provider == Capsolver).unwrap()
}

#[test]
fn the_newer_version_wins_in_any_order() {
    let world = World::new();
    let key = world.key(1, owner(1), Capsolver, 10);
    let version = |version, status| Key { version, status, ..key.clone() };
    let mut seen = world.pool.changes();
    world.commit(&[version(5, KeyStatus::Active)]);
    assert!(seen.has_changed().unwrap());
    seen.mark_unchanged();
    world.commit(&[version(4, KeyStatus::Invalid), version(5, KeyStatus::Depleted)]);
    assert!(!seen.has_changed().unwrap(), "nothing new");
    assert_eq!(counts(&world), [(KeyStatus::Active, 1)]);
    world.commit(&[version(7, KeyStatus::Removed), version(6, KeyStatus::Active)]);
    assert_eq!(counts(&world), [(KeyStatus::Removed, 1)]);
    assert_eq!(chosen(&world.pool.decide(&only(Capsolver), None, &[])), None);
    world.commit(&[version(8, KeyStatus::Pending)]);
    assert_eq!(counts(&world), [(KeyStatus::Pending, 1)]);
}

#[test]
fn removed_keys_are_forgotten_but_counted() {
    let world = World::new();
    let removed = |in_flight, version| Key {
        status: KeyStatus::Removed,
        in_flight,
        version,
        ..world.key(1, owner(1), Capsolver, 10)
    };
    world.commit(&[world.key(1, owner(1), Capsolver, 10), removed(1, 2)]);
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!((overview(&world).in_flight, counts(&world)), (1, vec![(KeyStatus::Removed, 1)]));
    world.commit(&[removed(0, 3)]);
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!((overview(&world).in_flight, counts(&world)), (0, vec![(KeyStatus::Removed, 1)]));
}

#[test]
fn the_overview_sums_up() {
    let world = World::new();
    world.commit(&[
        Key { held: Usd::from_nanos(PRICE), in_flight: 1, ..world.key(1, owner(1), Capsolver, 10) },
        Key { held: Usd::from_nanos(PRICE * 3), in_flight: 3, ..world.key(2, owner(1), Capsolver, 10) },
        world.key(3, owner(2), Capsolver, 0),
        Key { status: KeyStatus::Depleted, ..world.key(4, owner(2), Capsolver, 0) },
    ]);
    let until = world.clock.now().plus(Duration::from_secs(9));
    world.pool.pause(Capsolver, Some(until));
    let entry = overview(&world);
    assert_eq!(entry.paused_until, Some(until));
    assert_eq!(entry.key_counts.len(), KeyStatus::ALL.len());
    assert_eq!(counts(&world), [(KeyStatus::Active, 3), (KeyStatus::Depleted, 1)]);
    assert_eq!((entry.eligible_keys, entry.available), (1, Usd::from_nanos(PRICE * 9)));
    assert_eq!((entry.held, entry.in_flight), (Usd::from_nanos(PRICE * 4), 4));
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(overview(&world).paused_until, None);
}

#[test]
fn what_solving_costs_moves_the_estimate() {
    let world = World::new();
    world.commit(&[world.key(1, owner(1), Capsolver, 3)]);
    let observed = StatDelta {
        provider: Capsolver,
        task_type: TaskType::Turnstile,
        bucket: world.clock.now(),
        samples: 40,
        solved: 10,
        cost: Usd::from_nanos(PRICE * 20),
        costed: 10,
        solve_ms: 300_000,
    };
    world.pool.committed(&Changes { stats: vec![observed.clone()], ..Changes::default() });
    let decision = world.pool.decide(&only(Capsolver), None, &[]);
    let candidate = &decision.candidates[0];
    assert_eq!(decision.choice.unwrap().estimate, Usd::from_nanos(PRICE * 2));
    assert_eq!((candidate.samples, candidate.cost), (40, Usd::from_nanos(PRICE * 25 / 15)));
    assert!(candidate.success_rate < 0.5 && candidate.solve_seconds > 20.0);
    let dearer = StatDelta { cost: Usd::from_nanos(PRICE * 60), ..observed };
    world.pool.committed(&Changes { stats: vec![dearer], ..Changes::default() });
    assert_eq!(chosen(&world.pool.decide(&only(Capsolver), None, &[])), None, "too low for what it costs");
}

//! Each rule of the ranking by table, and what holds for every input by property.

use proptest::prelude::*;

use super::*;
use crate::domain::ProviderCode::{AntiCaptcha, CapmonsterCloud, Capsolver, TwoCaptcha};
use crate::domain::TaskType;

fn request(speed_weight: u8) -> RouteRequest {
    RouteRequest {
        task_type: TaskType::Turnstile,
        proxied: false,
        requester: None,
        speed_weight,
        only: None,
        except: Vec::new(),
    }
}

/// A provider of that cost in micro-dollars, speed and success, over 100 samples.
fn input(provider: ProviderCode, micros: i64, solve_seconds: f64, success_rate: f64) -> RoutingInput {
    RoutingInput {
        provider,
        eligible_keys: 3,
        samples: 100,
        cost: Usd::from_nanos(micros * 1_000),
        solve_seconds,
        success_rate,
        own_available: Usd::ZERO,
        estimate: Usd::from_nanos(micros * 1_000),
    }
}

fn order(candidates: &[Candidate]) -> Vec<ProviderCode> {
    candidates.iter().map(|candidate| candidate.provider).collect()
}

#[test]
fn slower_and_dearer_is_dominated() {
    let inputs = vec![
        input(TwoCaptcha, 2_990, 20.0, 0.9),
        input(Capsolver, 800, 8.0, 0.9),
        input(AntiCaptcha, 700, 9.0, 0.9),
        input(CapmonsterCloud, 600, 30.0, 0.9),
    ];
    let (candidates, exclusions) = rank(&request(50), 15, inputs);
    assert_eq!(candidates.len(), 3);
    assert_eq!(exclusions.len(), 1);
    assert_eq!((exclusions[0].provider, exclusions[0].reason), (TwoCaptcha, ExclusionReason::Dominated));
    assert_eq!(exclusions[0].dominated_by, Some(AntiCaptcha), "the cheapest that beats it");
}

#[test]
fn as_cheap_or_as_fast_is_not_dominated() {
    for (micros, seconds) in [(800, 20.0), (2_990, 8.0), (800, 8.0), (700, 20.0), (2_990, 7.0)] {
        let (candidates, _) =
            rank(&request(50), 15, vec![input(TwoCaptcha, micros, seconds, 0.9), input(Capsolver, 800, 8.0, 0.9)]);
        assert_eq!(candidates.len(), 2, "{micros} {seconds}");
    }
}

#[test]
fn the_broken_do_not_dominate_once_judged() {
    for (samples, success, dominates) in [(20, 0.49, false), (20, 0.5, true), (19, 0.0, true), (500, 0.0, false)] {
        let broken = RoutingInput { samples, ..input(Capsolver, 800, 8.0, success) };
        let (candidates, _) = rank(&request(50), 15, vec![input(TwoCaptcha, 2_990, 20.0, 0.9), broken]);
        assert_eq!(candidates.len() == 1, dominates, "{samples} {success}");
    }
}

#[test]
fn the_scores_are_as_published() {
    let inputs = vec![
        input(TwoCaptcha, 1_000, 20.0, 0.5),
        input(Capsolver, 2_000, 15.0, 1.0),
        RoutingInput { own_available: Usd::from_nanos(150_000_000), ..input(AntiCaptcha, 3_000, 10.0, 0.8) },
    ];
    let (candidates, exclusions) = rank(&request(90), 15, inputs);
    assert!(exclusions.is_empty());
    assert_eq!(order(&candidates), [AntiCaptcha, Capsolver, TwoCaptcha]);
    let [own, middle, cheap] = &candidates[..] else { panic!("three candidates") };
    assert_eq!((own.speed_score, own.price_score), (1.0, 0.0));
    assert_eq!((middle.speed_score, middle.price_score), (0.5, 0.5));
    assert_eq!((cheap.speed_score, cheap.price_score), (0.0, 1.0));
    assert!((own.base_score - 0.9).abs() < 1e-12 && (cheap.base_score - 0.1).abs() < 1e-12);
    assert!((own.reliability - 0.86).abs() < 1e-12 && (cheap.reliability - 0.65).abs() < 1e-12);
    assert!((own.bias - 1.075).abs() < 1e-12, "half of a hundred tasks is covered");
    assert_eq!((middle.bias, cheap.bias), (1.0, 1.0));
}

#[test]
fn a_span_of_nothing_scores_one() {
    let (alone, _) = rank(&request(50), 15, vec![input(TwoCaptcha, 1_000, 20.0, 1.0)]);
    assert_eq!((alone[0].speed_score, alone[0].price_score, alone[0].score), (1.0, 1.0, 1.0));
    let (pair, _) =
        rank(&request(0), 15, vec![input(TwoCaptcha, 1_000, 20.0, 1.0), input(Capsolver, 1_000, 10.0, 1.0)]);
    assert!(pair.iter().all(|candidate| candidate.price_score == 1.0));
    assert_eq!(rank(&request(50), 15, Vec::new()), (Vec::new(), Vec::new()));
}

#[test]
fn the_weight_decides_between_speed_and_price() {
    let inputs = || vec![input(TwoCaptcha, 1_000, 20.0, 0.9), input(Capsolver, 2_000, 10.0, 0.9)];
    for (weight, winner) in [(0, TwoCaptcha), (10, TwoCaptcha), (49, TwoCaptcha), (51, Capsolver), (100, Capsolver)] {
        assert_eq!(rank(&request(weight), 15, inputs()).0[0].provider, winner, "{weight}");
    }
}

#[test]
fn ties_go_to_success_then_cost_then_catalogue_order() {
    // A weight of 0 or 100 lets a score of 0 meet a score of 0, whatever the success.
    let zeros = vec![
        input(TwoCaptcha, 1_000, 10.0, 0.1),
        input(Capsolver, 2_000, 10.0, 0.6),
        input(AntiCaptcha, 2_000, 10.0, 0.8),
    ];
    assert_eq!(order(&rank(&request(0), 15, zeros).0), [TwoCaptcha, AntiCaptcha, Capsolver]);
    let same_success = vec![
        input(TwoCaptcha, 3_000, 10.0, 0.8),
        input(Capsolver, 2_000, 10.0, 0.8),
        input(AntiCaptcha, 2_000, 10.0, 0.8),
    ];
    assert_eq!(order(&rank(&request(100), 15, same_success).0), [Capsolver, AntiCaptcha, TwoCaptcha]);
}

#[test]
fn own_balance_can_turn_the_order() {
    let inputs = |own| {
        vec![
            input(TwoCaptcha, 1_000, 20.0, 0.9),
            RoutingInput { own_available: Usd::from_nanos(own), ..input(Capsolver, 2_000, 10.0, 0.85) },
        ]
    };
    assert_eq!(rank(&request(50), 15, inputs(0)).0[0].provider, TwoCaptcha);
    assert_eq!(rank(&request(50), 15, inputs(i64::MAX)).0[0].provider, Capsolver);
    assert_eq!(rank(&request(50), 0, inputs(i64::MAX)).0[0].provider, TwoCaptcha, "a cap of nothing");
    let free = RoutingInput { estimate: Usd::ZERO, ..input(Capsolver, 2_000, 10.0, 0.85) };
    assert_eq!(rank(&request(50), 15, vec![free]).0[0].bias, 1.0, "no balance, no bias, though a task holds nothing");
}

prop_compose! {
    fn any_input(provider: ProviderCode)(
        samples in 0_u64..60, micros in 1_i64..5, seconds in 1_u32..6, success in 0.0..=1.0_f64,
        own in 0_i64..2_000_000_000,
    ) -> RoutingInput {
        RoutingInput { samples, own_available: Usd::from_nanos(own), ..input(provider, micros * 500, f64::from(seconds), success) }
    }
}

prop_compose! {
    fn any_inputs()(one in any_input(TwoCaptcha), two in any_input(Capsolver), three in any_input(AntiCaptcha),
        four in any_input(CapmonsterCloud), length in 0_usize..=4) -> Vec<RoutingInput> {
        [one, two, three, four].into_iter().take(length).collect()
    }
}

proptest! {
    #[test]
    fn terms_multiply_to_the_score_and_the_bias_keeps_its_cap(inputs in any_inputs(), weight in 0_u8..=100, cap in 0_u32..=100) {
        let (candidates, exclusions) = rank(&request(weight), cap, inputs.clone());
        prop_assert_eq!(candidates.len() + exclusions.len(), inputs.len());
        for candidate in &candidates {
            prop_assert_eq!(candidate.score, candidate.base_score * candidate.reliability * candidate.bias);
            prop_assert!((1.0..=1.0 + f64::from(cap) / 100.0).contains(&candidate.bias));
            prop_assert!((0.0..=1.0).contains(&candidate.speed_score) && (0.0..=1.0).contains(&candidate.price_score));
        }
        prop_assert!(candidates.is_sorted_by(|one, other| one.score >= other.score));
    }

    #[test]
    fn the_order_of_arrival_changes_nothing(inputs in any_inputs(), weight in 0_u8..=100) {
        let mut turned = inputs.clone();
        turned.reverse();
        let (candidates, mut exclusions) = rank(&request(weight), 15, inputs);
        let (again, mut turned_exclusions) = rank(&request(weight), 15, turned);
        exclusions.sort_by_key(|exclusion| exclusion.provider);
        turned_exclusions.sort_by_key(|exclusion| exclusion.provider);
        prop_assert_eq!(candidates, again);
        prop_assert_eq!(exclusions, turned_exclusions);
    }

    #[test]
    fn who_is_beaten_twice_never_wins_unless_the_better_is_broken(inputs in any_inputs(), weight in 0_u8..=100) {
        let (candidates, exclusions) = rank(&request(weight), 15, inputs.clone());
        for input in &inputs {
            let beaten = inputs.iter().any(|other| {
                other.cost < input.cost
                    && other.solve_seconds < input.solve_seconds
                    && !(other.samples >= 20 && other.success_rate < 0.5)
            });
            prop_assert_eq!(beaten, candidates.iter().all(|candidate| candidate.provider != input.provider));
        }
        for exclusion in &exclusions {
            let by = exclusion.dominated_by;
            prop_assert!(candidates.iter().any(|candidate| Some(candidate.provider) == by), "the better one stays");
        }
    }
}

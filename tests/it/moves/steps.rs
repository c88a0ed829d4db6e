//! What happens in the lives of keys, and which of it in which sort of life.

use proptest::prelude::*;

/// Something that happens. Numbers choose among the attempts or readings it can happen to.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(u64),
    Lease { estimate: i64, price: i64 },
    Send(usize),
    GiveBack(usize, bool),
    Charge(usize),
    Settle(usize),
    SettleAtListPrice(usize),
    Fail(usize),
    Lose(usize),
    Review(usize),
    Decide(usize),
    Resolve(usize),
    Duplicate(usize),
    BeginReading { tells_at_once: bool },
    EndReading(usize),
    SpendOutside(i64),
    TopUp(i64),
    Reverse(usize),
    Remove,
    AddAgain,
    Crash,
}

/// Steps whose outcome is known to the nano: nothing provisional, no top-ups, no reversals.
pub(super) fn exact_step() -> BoxedStrategy<Step> {
    use Step::{
        AddAgain, BeginReading, Charge, Crash, Decide, Duplicate, EndReading, Fail, GiveBack, Lease, Lose, Remove,
        Resolve, Review, Send, Settle, SpendOutside, Wait,
    };
    let nth = 0..8_usize;
    prop_oneof![
        6 => (1..45_u64).prop_map(Wait),
        6 => (1..1_000_i64, 0..1_000_i64).prop_map(|(estimate, less)| Lease {
            estimate: 1_000 + estimate, price: 1_000 + estimate - less
        }),
        6 => nth.clone().prop_map(Send),
        1 => (nth.clone(), any::<bool>()).prop_map(|(number, lapsed)| GiveBack(number, lapsed)),
        6 => nth.clone().prop_map(Charge),
        5 => nth.clone().prop_map(Settle),
        2 => nth.clone().prop_map(Fail),
        2 => nth.clone().prop_map(Lose),
        2 => nth.clone().prop_map(Review),
        3 => nth.clone().prop_map(Decide),
        3 => nth.clone().prop_map(Resolve),
        2 => nth.clone().prop_map(Duplicate),
        6 => any::<bool>().prop_map(|tells_at_once| BeginReading { tells_at_once }),
        7 => nth.prop_map(EndReading),
        2 => (1..5_000_i64).prop_map(SpendOutside),
        1 => Just(Remove),
        2 => Just(AddAgain),
        1 => Just(Crash),
    ]
    .boxed()
}

/// Everything there is.
pub(super) fn any_step() -> BoxedStrategy<Step> {
    prop_oneof![
        12 => exact_step(),
        2 => (0..8_usize).prop_map(Step::SettleAtListPrice),
        1 => (1..5_000_i64).prop_map(Step::TopUp),
        1 => (0..8_usize).prop_map(Step::Reverse),
    ]
    .boxed()
}

/// Provisional credits with nothing from outside.
pub(super) fn provisional_step() -> BoxedStrategy<Step> {
    let quiet_world = |step: &Step| !matches!(step, Step::SpendOutside(_) | Step::Review(_));
    prop_oneof![
        8 => exact_step().prop_filter("nothing from outside", quiet_world),
        2 => (0..8_usize).prop_map(Step::SettleAtListPrice),
    ]
    .boxed()
}

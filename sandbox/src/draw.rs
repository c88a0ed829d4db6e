//! Randomness that can be repeated: every draw is a pure function of seed, provider, purpose and
//! the number of the task or call it is for.
//!
//! So the n-th task of a provider takes the same time in every run with the same seed, whatever
//! the order in which threads get there.

use crate::provider::Provider;

/// What a draw decides; two purposes never share a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    SolveTime,
    Unsolvable,
    Latency,
    Answer,
    TaskId,
}

/// The source of draws for one provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    seed: u64,
}

impl Draw {
    pub(crate) fn new(seed: u64, provider: Provider) -> Self {
        Self { seed: mix(seed ^ mix(provider.index() as u64 + 1)) }
    }

    /// A number uniform over all of `u64`.
    pub(crate) fn number(self, purpose: Purpose, n: u64) -> u64 {
        mix(mix(self.seed ^ n).wrapping_add(purpose as u64))
    }

    /// A number in `range`, both ends included.
    pub(crate) fn within(self, purpose: Purpose, n: u64, (low, high): (u64, u64)) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low + self.number(purpose, n) % width
    }
}

/// The finalizer of the SplitMix64 generator.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Draw, Purpose};
    use crate::provider::Provider;

    #[test]
    fn draws_repeat_and_stay_in_range() {
        let one = Draw::new(7, Provider::Multibot);
        let two = Draw::new(7, Provider::Multibot);
        for n in 0..1_000 {
            let drawn = one.within(Purpose::SolveTime, n, (300, 1_500));
            assert_eq!(drawn, two.within(Purpose::SolveTime, n, (300, 1_500)));
            assert!((300..=1_500).contains(&drawn));
        }
    }

    #[test]
    fn providers_and_purposes_differ() {
        let here = Draw::new(7, Provider::Multibot);
        let there = Draw::new(7, Provider::Capsolver);
        assert_ne!(here.number(Purpose::Answer, 1), there.number(Purpose::Answer, 1));
        assert_ne!(here.number(Purpose::Answer, 1), here.number(Purpose::TaskId, 1));
    }
}

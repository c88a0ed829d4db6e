//! The draw: which of a class's keys serves, weighted by what is available on them.
//!
//! It holds no state: task, attempt and round fix the point drawn, so asking and leasing draw the
//! same, on every instance, and a stored decision replays. Few keys are left out of a large tree by
//! stepping over their stretches of the weight line, exactly.

use sha2::{Digest, Sha256};

use super::tree::{Slot, Sum, WeightTree};
use crate::domain::KeyClass;
use crate::domain::entropy::unit_from_bits;

const LABEL: &[u8] = b"key-recycling/v1/draw";

/// Bits of a double in [0, 1), as [`unit_from_bits`] takes them.
const POINT_BITS: u32 = 53;

/// What fixes a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawSeed<'a> {
    /// The service's own id of the task.
    pub task_id: &'a str,
    /// Number of the try, 1 for the first.
    pub attempt: i32,
}

impl DrawSeed<'_> {
    /// The point of a round, the first of which makes the choice.
    fn bits(&self, round: usize) -> u64 {
        let mut hash = Sha256::new();
        for part in [LABEL, self.task_id.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(self.attempt.to_be_bytes());
        hash.update((round as u64).to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let (head, _) = digest.split_first_chunk::<8>().expect("a SHA-256 digest has 32 bytes");
        u64::from_be_bytes(*head)
    }
}

/// A key that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) slot: Slot,
    /// The chance it had.
    pub(super) share: f64,
    /// The point drawn, `None` for the likeliest key.
    pub(super) point: Option<f64>,
}

/// The keys of one class that can serve a task.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) class: KeyClass,
    keys: Keys<'a>,
}

#[derive(Debug)]
enum Keys<'a> {
    /// Few enough to list, in the order of a tree.
    Few(Vec<Slot>),
    /// The head of a tree, less the slots to step over.
    Head { tree: &'a WeightTree, able: Sum, skip: Vec<Slot> },
}

impl<'a> Class<'a> {
    /// A class of few keys.
    pub(super) fn few(class: KeyClass, mut slots: Vec<Slot>) -> Self {
        slots.sort_unstable();
        Self { class, keys: Keys::Few(slots) }
    }

    /// The keys at the head of a tree, of which `able` is the sum, without some of them.
    pub(super) fn head(class: KeyClass, tree: &'a WeightTree, able: Sum, mut skip: Vec<Slot>) -> Self {
        skip.sort_unstable();
        Self { class, keys: Keys::Head { tree, able, skip } }
    }

    /// How many keys there are, and what is available on them.
    pub(super) fn sum(&self) -> Sum {
        match &self.keys {
            Keys::Few(slots) => Sum::of(slots),
            Keys::Head { able, skip, .. } => *able - Sum::of(skip),
        }
    }

    /// Draws a key, or takes the likeliest without a seed; `None` when there is none.
    pub(super) fn draw(&self, seed: Option<DrawSeed<'_>>, round: usize) -> Option<Drawn> {
        let bits = seed.map(|seed| seed.bits(round));
        let sum = self.sum();
        if sum.keys == 0 {
            return None;
        }
        let slot = match bits {
            Some(bits) => self.at_weight(point(sum.weight, bits))?,
            None => self.largest()?,
        };
        Some(Drawn { slot, share: ratio(slot.weight(), sum.weight), point: bits.map(unit_from_bits) })
    }

    /// Leaves a key out of later draws.
    pub(super) fn leave_out(&mut self, slot: Slot) {
        match &mut self.keys {
            Keys::Few(slots) => slots.retain(|other| *other != slot),
            Keys::Head { skip, .. } => {
                let place = skip.partition_point(|other| *other < slot);
                skip.insert(place, slot);
            }
        }
    }

    fn at_weight(&self, mut point: u128) -> Option<Slot> {
        match &self.keys {
            Keys::Few(slots) => slots.iter().copied().find(|slot| {
                let covers = point < slot.weight();
                point = point.saturating_sub(slot.weight());
                covers
            }),
            Keys::Head { tree, skip, .. } => {
                // In their order: each stretch that begins at or before the point moves it on.
                for slot in skip {
                    if tree.before(*slot).weight <= point {
                        point += slot.weight();
                    }
                }
                tree.at_weight(point)
            }
        }
    }

    fn largest(&self) -> Option<Slot> {
        match &self.keys {
            Keys::Few(slots) => slots.first().copied(),
            Keys::Head { tree, skip, .. } => {
                let left_out = (0..).zip(skip).take_while(|(rank, slot)| tree.at_rank(*rank) == Some(**slot)).count();
                tree.at_rank(left_out)
            }
        }
    }
}

/// The whole nano-dollar of a weight line under a point in [0, 1): `floor(weight · bits / 2^53)`,
/// in two halves so that nothing overflows.
fn point(weight: u128, bits: u64) -> u128 {
    let bits = u128::from(bits >> (u64::BITS - POINT_BITS));
    let (high, low) = (weight >> POINT_BITS, weight & ((1 << POINT_BITS) - 1));
    high * bits + ((low * bits) >> POINT_BITS)
}

#[expect(clippy::cast_precision_loss, reason = "a chance, for display")]
fn ratio(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{KeyId, Usd};

    fn slots(available: &[i64]) -> Vec<Slot> {
        let slot = |(number, nanos): (usize, &i64)| Slot {
            available: Usd::from_nanos(*nanos),
            key: KeyId(Uuid::from_u128(number as u128)),
        };
        available.iter().enumerate().map(slot).collect()
    }

    proptest! {
        #[test]
        fn a_tree_with_gaps_draws_as_the_list_without_them(
            available in proptest::collection::vec((1_i64..1_000, any::<bool>()), 1..40),
            least in 0_i64..500, task in "[a-z]{1,8}",
        ) {
            let all = slots(&available.iter().map(|(nanos, _)| *nanos).collect::<Vec<_>>());
            let mut tree = WeightTree::new();
            all.iter().for_each(|slot| tree.insert(*slot));
            let able: Vec<Slot> = all.iter().copied().filter(|slot| slot.available.nanos() >= least).collect();
            let (skip, keep): (Vec<Slot>, Vec<Slot>) =
                able.iter().partition(|slot| available[slot.key.0.as_u128() as usize].1);
            let mut few = Class::few(KeyClass::Shared, keep);
            let mut head = Class::head(KeyClass::Shared, &tree, tree.able_to_pay(Usd::from_nanos(least)), skip);
            for round in 0..4 {
                prop_assert_eq!(few.sum(), head.sum());
                let seed = Some(DrawSeed { task_id: &task, attempt: 1 });
                prop_assert_eq!(few.draw(None, round), head.draw(None, round));
                let drawn = few.draw(seed, round);
                prop_assert_eq!(drawn, head.draw(seed, round));
                if let Some(drawn) = drawn {
                    few.leave_out(drawn.slot);
                    head.leave_out(drawn.slot);
                }
            }
        }

        #[test]
        fn the_point_is_exact(weight in 0_u64.., bits: u64) {
            let weight = u128::from(weight);
            prop_assert_eq!(point(weight, bits), (weight * u128::from(bits >> 11)) >> 53);
            prop_assert!(point(weight << 60, bits) < (weight << 60).max(1));
        }
    }

    #[test]
    fn a_seed_is_all_of_task_attempt_and_round() {
        let seed = DrawSeed { task_id: "task", attempt: 1 };
        assert_eq!(seed.bits(0), DrawSeed { task_id: "task", attempt: 1 }.bits(0));
        assert_ne!(seed.bits(0), seed.bits(1));
        assert_ne!(seed.bits(0), DrawSeed { attempt: 2, ..seed }.bits(0));
        assert_ne!(seed.bits(0), DrawSeed { task_id: "task2", ..seed }.bits(0));
    }
}

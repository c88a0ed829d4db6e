//! An ordered tree of keys that knows, for every subtree, how many keys and how much balance is in
//! it: counting the keys that can pay an estimate, and drawing one of them, take O(log n).
//!
//! Keys stand by available balance, the largest first, then by id, so those that can pay a given
//! amount are a head of the order. A treap in an arena: each key's place in the heap is a hash of
//! its id, so that the same keys make the same tree everywhere and depth stays logarithmic
//! whatever the balances do.

use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Sub};

use crate::domain::{KeyId, Usd};

/// A key and what is available on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) available: Usd,
    pub(super) key: KeyId,
}

impl Slot {
    /// Its weight in a draw.
    pub(super) fn weight(&self) -> u128 {
        u128::from(self.available.or_zero().nanos().unsigned_abs())
    }
}

impl Ord for Slot {
    fn cmp(&self, other: &Self) -> Ordering {
        other.available.cmp(&self.available).then(self.key.cmp(&other.key))
    }
}

impl PartialOrd for Slot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many keys, and the balance available on them in nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) keys: usize,
    pub(super) weight: u128,
}

impl Sum {
    pub(super) fn of(slots: &[Slot]) -> Self {
        Self { keys: slots.len(), weight: slots.iter().map(Slot::weight).sum() }
    }
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { keys: self.keys + other.keys, weight: self.weight + other.weight }
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Sum {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { keys: self.keys - other.keys, weight: self.weight - other.weight }
    }
}

/// Place of a node in the arena.
type Link = u32;
/// No node.
const NONE: Link = Link::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    slot: Slot,
    priority: u64,
    left: Link,
    right: Link,
    sum: Sum,
}

/// The tree.
#[derive(Debug)]
pub(super) struct WeightTree {
    nodes: Vec<Node>,
    free: Vec<Link>,
    root: Link,
}

impl WeightTree {
    pub(super) const fn new() -> Self {
        Self { nodes: Vec::new(), free: Vec::new(), root: NONE }
    }

    /// All keys in it.
    pub(super) fn total(&self) -> Sum {
        self.sum(self.root)
    }

    /// Puts a slot in that is not there.
    pub(super) fn insert(&mut self, slot: Slot) {
        let node = Node {
            slot,
            priority: priority(slot.key),
            left: NONE,
            right: NONE,
            sum: Sum { keys: 1, weight: slot.weight() },
        };
        let link = match self.free.pop() {
            Some(link) => {
                self.nodes[link as usize] = node;
                link
            }
            None => {
                let link = Link::try_from(self.nodes.len()).expect("four billion keys do not fit the memory");
                self.nodes.push(node);
                link
            }
        };
        self.root = self.insert_under(self.root, link);
    }

    /// Takes a slot out, and tells whether it was there.
    pub(super) fn remove(&mut self, slot: Slot) -> bool {
        let before = self.free.len();
        self.root = self.remove_under(self.root, slot);
        self.free.len() > before
    }

    /// The keys on which at least so much is available: always the head of the order.
    pub(super) fn able_to_pay(&self, amount: Usd) -> Sum {
        self.head(|slot| slot.available >= amount)
    }

    /// The keys that stand before a slot.
    pub(super) fn before(&self, slot: Slot) -> Sum {
        self.head(|other| *other < slot)
    }

    /// The slot that covers a point of the weight line, on which the slots lie one after another.
    pub(super) fn at_weight(&self, point: u128) -> Option<Slot> {
        self.descend(point, |sum| sum.weight)
    }

    /// The slot of a rank, 0 for the largest.
    pub(super) fn at_rank(&self, rank: usize) -> Option<Slot> {
        self.descend(rank as u128, |sum| sum.keys as u128)
    }

    /// Sum over the head of the order in which every slot, and none after it, fulfils the test.
    fn head(&self, test: impl Fn(&Slot) -> bool) -> Sum {
        let (mut sum, mut link) = (Sum::default(), self.root);
        while let Some(node) = self.get(link) {
            if test(&node.slot) {
                sum += node.sum - self.sum(node.right);
                link = node.right;
            } else {
                link = node.left;
            }
        }
        sum
    }

    fn descend(&self, mut point: u128, measure: impl Fn(&Sum) -> u128) -> Option<Slot> {
        let mut link = self.root;
        while let Some(node) = self.get(link) {
            let left = measure(&self.sum(node.left));
            let through = measure(&(node.sum - self.sum(node.right)));
            if point < left {
                link = node.left;
            } else if point < through {
                return Some(node.slot);
            } else {
                point -= through;
                link = node.right;
            }
        }
        None
    }

    fn insert_under(&mut self, root: Link, new: Link) -> Link {
        let Some(node) = self.get(root).copied() else { return new };
        let added = self.nodes[new as usize];
        if added.priority > node.priority {
            let (left, right) = self.split(root, added.slot);
            return self.join(new, left, right);
        }
        if added.slot < node.slot {
            let left = self.insert_under(node.left, new);
            self.join(root, left, node.right)
        } else {
            let right = self.insert_under(node.right, new);
            self.join(root, node.left, right)
        }
    }

    fn remove_under(&mut self, root: Link, slot: Slot) -> Link {
        let Some(node) = self.get(root).copied() else { return NONE };
        match slot.cmp(&node.slot) {
            Ordering::Less => {
                let left = self.remove_under(node.left, slot);
                self.join(root, left, node.right)
            }
            Ordering::Greater => {
                let right = self.remove_under(node.right, slot);
                self.join(root, node.left, right)
            }
            Ordering::Equal => {
                self.free.push(root);
                self.merge(node.left, node.right)
            }
        }
    }

    /// Splits a subtree into what stands before a slot and the rest.
    fn split(&mut self, root: Link, slot: Slot) -> (Link, Link) {
        let Some(node) = self.get(root).copied() else { return (NONE, NONE) };
        if node.slot < slot {
            let (before, after) = self.split(node.right, slot);
            (self.join(root, node.left, before), after)
        } else {
            let (before, after) = self.split(node.left, slot);
            (before, self.join(root, after, node.right))
        }
    }

    /// Makes one subtree of two, all of the first standing before all of the second.
    fn merge(&mut self, first: Link, second: Link) -> Link {
        let (Some(one), Some(two)) = (self.get(first).copied(), self.get(second).copied()) else {
            return if first == NONE { second } else { first };
        };
        if one.priority > two.priority {
            let right = self.merge(one.right, second);
            self.join(first, one.left, right)
        } else {
            let left = self.merge(first, two.left);
            self.join(second, left, two.right)
        }
    }

    /// Hangs two subtrees under a node.
    fn join(&mut self, link: Link, left: Link, right: Link) -> Link {
        let children = self.sum(left) + self.sum(right);
        let node = &mut self.nodes[link as usize];
        node.left = left;
        node.right = right;
        node.sum = children + Sum { keys: 1, weight: node.slot.weight() };
        link
    }

    fn get(&self, link: Link) -> Option<&Node> {
        self.nodes.get(link as usize)
    }

    fn sum(&self, link: Link) -> Sum {
        self.get(link).map_or_else(Sum::default, |node| node.sum)
    }
}

/// A number that looks random and is the same for the same key: the finaliser of splitmix64 over
/// both halves of the id.
fn priority(key: KeyId) -> u64 {
    let (high, low) = key.0.as_u64_pair();
    let mut mixed = high.rotate_left(32) ^ low;
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn slot(key: u128, available: i64) -> Slot {
        Slot { available: Usd::from_nanos(available), key: KeyId(Uuid::from_u128(key)) }
    }

    fn depth(tree: &WeightTree, link: Link) -> usize {
        tree.get(link).map_or(0, |node| 1 + depth(tree, node.left).max(depth(tree, node.right)))
    }

    proptest! {
        #[test]
        fn it_answers_as_a_sorted_list_does(
            steps in proptest::collection::vec((any::<bool>(), 0_u128..40, 0_i64..30), 0..200),
            amount in 0_i64..32,
        ) {
            let (mut tree, mut model) = (WeightTree::new(), BTreeSet::new());
            for (insert, key, available) in steps {
                let slot = slot(key, available);
                if insert && model.insert(slot) {
                    tree.insert(slot);
                } else if !insert {
                    prop_assert_eq!(tree.remove(slot), model.remove(&slot));
                }
            }
            let list: Vec<Slot> = model.into_iter().collect();
            let able = list.iter().filter(|slot| slot.available.nanos() >= amount).count();
            prop_assert_eq!(tree.total(), Sum::of(&list));
            prop_assert_eq!(tree.able_to_pay(Usd::from_nanos(amount)), Sum::of(&list[..able]));
            let mut start = 0;
            for (rank, slot) in list.iter().enumerate() {
                prop_assert_eq!(tree.at_rank(rank), Some(*slot));
                prop_assert_eq!(tree.before(*slot), Sum::of(&list[..rank]));
                if slot.weight() > 0 {
                    prop_assert_eq!(tree.at_weight(start), Some(*slot));
                    prop_assert_eq!(tree.at_weight(start + slot.weight() - 1), Some(*slot));
                }
                start += slot.weight();
            }
            prop_assert_eq!(tree.at_rank(list.len()), None);
            prop_assert_eq!(tree.at_weight(start), None);
        }
    }

    #[test]
    fn it_stays_shallow_and_reuses_its_nodes() {
        let mut tree = WeightTree::new();
        // Rising ids and balances would make a plain tree a list.
        for number in 0..20_000_u32 {
            tree.insert(slot(number.into(), number.into()));
        }
        assert!(depth(&tree, tree.root) < 60, "{}", depth(&tree, tree.root));
        for number in 0..20_000_u32 {
            assert!(tree.remove(slot(number.into(), number.into())));
            tree.insert(slot(number.into(), i64::from(20_000 - number)));
        }
        assert_eq!((tree.nodes.len(), tree.total().keys), (20_000, 20_000));
    }
}

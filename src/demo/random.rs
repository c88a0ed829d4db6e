//! A small seeded generator (SplitMix64): the same seed plays the same demo.

use crate::domain::ProviderCode;

/// Draws numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

const HEX: &[u8] = b"0123456789abcdef";
const UPPER_HEX: &[u8] = b"0123456789ABCDEF";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

impl Random {
    /// A stream of its own for each name under a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95));
        random.draw();
        random
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `end`, or 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.draw().checked_rem(end).unwrap_or(0)
    }

    /// Whether something with this chance in percent happens.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let place = self.below(items.len() as u64);
        usize::try_from(place).ok().and_then(|place| items.get(place))
    }

    fn text(&mut self, letters: &[u8], length: usize) -> String {
        (0..length).filter_map(|_| self.pick(letters)).map(|letter| char::from(*letter)).collect()
    }

    /// A key as the provider would issue it. It exists nowhere but in this demo's sandbox.
    pub(super) fn key(&mut self, provider: ProviderCode) -> String {
        match provider {
            ProviderCode::TwoCaptcha | ProviderCode::AntiCaptcha | ProviderCode::CapmonsterCloud => self.text(HEX, 32),
            ProviderCode::Capsolver => format!("CAP-{}", self.text(UPPER_HEX, 32)),
            ProviderCode::Multibot => self.text(MIXED, 32),
            ProviderCode::UcaptchaNative => format!("ucap_{}", self.text(LOWER, 32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_streams_differ() {
        let draw = |seed, stream| Random::new(seed, stream).key(ProviderCode::TwoCaptcha);
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
        assert_eq!(draw(1, 2).len(), 32);
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut random = Random::new(7, 0);
        assert!((0..1_000).all(|_| random.below(6) < 6));
        assert_eq!(random.below(0), 0);
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}

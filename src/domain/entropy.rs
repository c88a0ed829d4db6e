//! Randomness as a parameter: ids, nonces and jitter draw from an [`Entropy`].

use std::sync::Arc;

/// A source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// A number drawn evenly from 0 (inclusive) to 1 (exclusive), for jitter.
    fn unit(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        unit_from_bits(u64::from_le_bytes(bytes))
    }
}

/// A source of random bytes that is shared between parts.
pub type SharedEntropy = Arc<dyn Entropy>;

/// Maps 64 random bits to a double in [0, 1): the upper 53 bits over 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
pub fn unit_from_bits(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system for randomness")]
    fn fill(&self, buffer: &mut [u8]) {
        // Going on without randomness would repeat nonces and tokens, so this must not be survived.
        getrandom::fill(buffer).expect("the operating system's random generator works");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always gives the same bytes.
    struct Same([u8; 8]);

    impl Entropy for Same {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.copy_from_slice(&self.0);
        }
    }

    #[test]
    fn a_unit_is_the_bits_as_a_fraction_and_never_one() {
        for (bits, unit) in [
            (0, 0.0),
            (1 << 63, 0.5),
            (3 << 62, 0.75),
            (1 << 11, f64::EPSILON / 2.0),
            ((1 << 11) - 1, 0.0),
            (u64::MAX, 1.0 - f64::EPSILON / 2.0),
        ] {
            assert_eq!(unit_from_bits(bits), unit, "{bits:x}");
            assert_eq!(Same(bits.to_le_bytes()).unit(), unit, "{bits:x}");
        }
    }

    #[test]
    fn the_systems_generator_fills_all_of_the_buffer_anew() {
        let draw = || {
            let mut bytes = [0; 64];
            OsEntropy.fill(&mut bytes);
            bytes
        };
        let (one, other) = (draw(), draw());
        // That eight bytes in a row are drawn as zeros happens once in 2^61.
        assert!(one.chunks(8).all(|part| part != [0; 8]), "a part was left as it was");
        assert_ne!(one, other);
    }
}

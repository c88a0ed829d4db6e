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

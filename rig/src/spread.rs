//! How measured times spread.

use std::time::Duration;

/// Times, sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread(Vec<Duration>);

impl FromIterator<Duration> for Spread {
    fn from_iter<T: IntoIterator<Item = Duration>>(times: T) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Spread {
    /// How many times were measured.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a hundred do not exceed; zero when nothing was measured.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// A time in milliseconds, for people.
pub(crate) fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let spread: Spread = (1..=200).rev().map(Duration::from_millis).collect();
        let at = |percent| spread.percentile(percent).as_millis();
        assert_eq!((at(0), at(50), at(99), at(100)), (1, 100, 198, 200));
        assert_eq!(Spread::default().percentile(99), Duration::ZERO);
        assert_eq!(std::iter::once(Duration::from_millis(7)).collect::<Spread>().percentile(50).as_millis(), 7);
    }
}

//! Time as a parameter: nobody reads the system clock but [`SystemClock`].

use std::sync::Arc;
use std::time::Duration;

/// A moment in UTC with microsecond resolution, the unit of every stored time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    /// The moment `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// Time from `earlier` to here, zero when that lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment as RFC 3339 text in UTC, `Z` at its end.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX).to_string()
    }

    /// Reads RFC 3339 text with any offset; `None` when it is none.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_microsecond()))
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Tells the time; tests bring one that they move by hand.
pub trait Clock: Send + Sync + 'static {
    /// The moment now.
    fn now(&self) -> Timestamp;
}

/// A clock that is shared between parts.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(micros_of(since_epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_rfc3339() {
        let moment = Timestamp::from_micros(1_662_771_648_250_000);
        assert_eq!(moment.to_rfc3339(), "2022-09-10T01:00:48.25Z");
        assert_eq!(Timestamp::from_rfc3339("2022-09-10T03:00:48.25+02:00"), Some(moment));
        assert_eq!(Timestamp::from_rfc3339("yesterday"), None);
    }

    #[test]
    fn differences_never_go_below_zero() {
        let (early, late) = (Timestamp::from_micros(5), Timestamp::from_micros(9));
        assert_eq!(late.since(early), Duration::from_micros(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn coarser_units_are_rounded_down_on_both_sides_of_1970() {
        for (micros, millis, seconds) in
            [(0, 0, 0), (999, 0, 0), (1_000, 1, 0), (1_999_999, 1_999, 1), (-1, -1, -1), (-1_000_001, -1_001, -2)]
        {
            let moment = Timestamp::from_micros(micros);
            assert_eq!((moment.micros(), moment.millis(), moment.seconds()), (micros, millis, seconds));
        }
    }

    #[test]
    fn moments_move_by_durations_and_stop_at_the_ends_of_time() {
        let (moment, step) = (Timestamp::from_micros(7_000_000), Duration::from_millis(2_500));
        assert_eq!(moment.plus(step), Timestamp::from_micros(9_500_000));
        assert_eq!(moment.minus(step), Timestamp::from_micros(4_500_000));
        assert_eq!(moment.plus(Duration::MAX), Timestamp::from_micros(i64::MAX));
        assert_eq!(Timestamp::from_micros(-2).minus(Duration::MAX), Timestamp::from_micros(i64::MIN));
    }

    #[test]
    fn the_systems_clock_tells_this_century() {
        let moment = |text| Timestamp::from_rfc3339(text).expect("a moment");
        let now = SystemClock.now();
        assert!(
            (moment("2026-01-01T00:00:00Z")..moment("2100-01-01T00:00:00Z")).contains(&now),
            "{}",
            now.to_rfc3339()
        );
    }
}

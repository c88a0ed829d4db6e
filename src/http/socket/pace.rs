//! How fast a client may send messages.

use std::time::Duration;

use tokio::time::Instant;

/// Messages that may come at once after a quiet time.
const BURST: u32 = 100;

/// Time in which one more may come.
const EACH: Duration = Duration::from_millis(50);

/// A bucket of messages that refills with time.
pub(super) struct Pace {
    left: u32,
    refilled_at: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, refilled_at: now }
    }

    /// Takes one message from the bucket; `false` when it is empty.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let more = now.duration_since(self.refilled_at).as_millis() / EACH.as_millis();
        if let Ok(more) = u32::try_from(more)
            && self.left.saturating_add(more) < BURST
        {
            self.left += more;
            self.refilled_at += EACH * more;
        } else {
            self.left = BURST;
            self.refilled_at = now;
        }
        let is_admitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_so_many_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let admitted = |pace: &mut Pace, at: Instant, count: usize| (0..count).filter(|_| pace.admits(at)).count();
        assert_eq!(admitted(&mut pace, start, 150), 100);
        assert_eq!(admitted(&mut pace, start + Duration::from_millis(49), 5), 0);
        assert_eq!(admitted(&mut pace, start + Duration::from_secs(1), 50), 20);
        assert_eq!(admitted(&mut pace, start + Duration::from_secs(3_600), 150), 100);
    }
}

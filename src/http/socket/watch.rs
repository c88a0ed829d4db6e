//! When a socket has to end by no fault of the protocol: its login ended, or it fell silent.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::message::Close;
use crate::http::Inner;
use crate::http::login::Login;

/// How often the socket is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many looks apart a service's token is looked up.
const LOOKS_PER_LOOK_UP: u32 = 5;

/// After so long without a word a client is asked for one.
const ASK_AFTER: Duration = Duration::from_secs(25);

/// After so long without a word it is gone.
const GONE_AFTER: Duration = Duration::from_secs(75);

/// What a look finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Ask,
    End(Close),
}

/// Looks at a socket from time to time.
pub(super) struct Watch {
    opened_at: Instant,
    heard_at: Instant,
    asked_at: Instant,
    ticks: Interval,
    looks: u32,
}

impl Watch {
    pub(super) fn new() -> Self {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = Instant::now();
        Self { opened_at: now, heard_at: now, asked_at: now, ticks, looks: 0 }
    }

    /// Notes that the client said something.
    pub(super) fn heard(&mut self) {
        self.heard_at = Instant::now();
    }

    /// Waits until there is something to do.
    pub(super) async fn sees(&mut self, inner: &Inner, login: Option<&Login>) -> Sight {
        loop {
            self.ticks.tick().await;
            self.looks = self.looks.wrapping_add(1);
            let is_late = self.opened_at.elapsed() >= inner.settings.socket_patience;
            match login {
                Some(login) => {
                    let look_up_token = self.looks.is_multiple_of(LOOKS_PER_LOOK_UP);
                    if let Some(code) = inner.ended(login, look_up_token).await {
                        return Sight::End(Close::Unauthorized(code.as_str()));
                    }
                }
                None if is_late => return Sight::End(Close::InitTimeout),
                None => {}
            }
            if self.heard_at.elapsed() >= GONE_AFTER {
                return Sight::End(Close::Silent);
            }
            if self.heard_at.max(self.asked_at).elapsed() >= ASK_AFTER {
                self.asked_at = Instant::now();
                return Sight::Ask;
            }
        }
    }
}

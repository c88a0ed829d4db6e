//! Being told to end: Ctrl-C at the terminal, SIGTERM from a service manager, and what else ends a process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for both signals from the moment it is made.
#[derive(Debug)]
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    /// Starts to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for SIGTERM alone, for children: the terminal's Ctrl-C reaches them too, but their
    /// parent still needs them while it drains.
    #[cfg(feature = "demo")]
    pub(crate) async fn terminated(&mut self) {
        self.terminate.recv().await;
    }

    /// Waits until the process is told to end.
    pub(crate) async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// From now on a signal that would end the process has this done first, and then ends it with the exit code by
/// which shells know that it was this signal.
pub(super) fn before_ending(last: impl Fn() + Clone + Send + 'static) -> io::Result<()> {
    let (hangup, interrupt) = (SignalKind::hangup(), SignalKind::interrupt());
    for kind in [hangup, interrupt, SignalKind::quit(), SignalKind::terminate()] {
        let (mut signal, last) = (signal(kind)?, last.clone());
        tokio::spawn(async move {
            signal.recv().await;
            last();
            std::process::exit(128 + kind.as_raw_value());
        });
    }
    Ok(())
}

//! Being told to end: Ctrl-C at the terminal, SIGTERM from a service manager.

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

//! The demo's children: this same binary in other roles, ended when the demo ends.
//!
//! A child ends when its standard input closes, so not even a killed parent leaves one behind.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::client::Trouble;

/// How long a child may take to say its first line.
const FIRST_LINE: Duration = Duration::from_secs(15);

/// How long a child may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// A running child.
#[derive(Debug)]
pub(super) struct Role {
    name: &'static str,
    process: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Role {
    /// Starts this binary in another role.
    pub(super) fn start(name: &'static str, arguments: &[&str]) -> Result<Self, Trouble> {
        let failed = |error: std::io::Error| Trouble(format!("the {name} cannot start: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or_else(|| Trouble(format!("the {name} has no output")))?;
        Ok(Self { name, process, input, lines: BufReader::new(output).lines() })
    }

    /// The child's next line.
    pub(super) async fn line(&mut self) -> Result<String, Trouble> {
        match timeout(FIRST_LINE, self.lines.next_line()).await {
            Ok(Ok(Some(line))) => Ok(line),
            _ => Err(Trouble(format!("the {} ended before it was ready; is its port free?", self.name))),
        }
    }

    /// Hands the child a line. What may hold a secret goes this way, never through arguments.
    pub(super) async fn tell(&mut self, line: &str) -> Result<(), Trouble> {
        let gone = |_| Trouble(format!("the {} has gone", self.name));
        let Some(input) = &mut self.input else { return Ok(()) };
        input.write_all(format!("{line}\n").as_bytes()).await.map_err(gone)?;
        input.flush().await.map_err(gone)
    }

    /// Waits until the child ends by itself, which it never should while the demo runs.
    pub(super) async fn ended(&mut self) -> Trouble {
        let status = self.process.wait().await;
        let said = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        Trouble(format!("the {} ended by itself: {said}", self.name))
    }

    /// Lets the child finish what it has begun, and ends it when that takes too long.
    pub(super) async fn finish(&mut self, patience: Duration) {
        // One that has gone needs not be told.
        let _ = self.tell("finish").await;
        self.await_end(patience).await;
    }

    /// Tells the child to end at once.
    pub(super) async fn stop(&mut self) {
        self.input = None;
        self.await_end(STOP_PATIENCE).await;
    }

    async fn await_end(&mut self, patience: Duration) {
        if timeout(patience, self.process.wait()).await.is_err() {
            // It may have ended meanwhile; then there is nothing to kill.
            let _ = self.process.kill().await;
        }
    }
}

/// Waits until this process's standard input closes.
pub(crate) async fn stdin_closed() {
    let mut lines = stdin_lines();
    while lines.recv().await.is_some() {}
}

/// The lines of this process's standard input; the channel closes when that does.
///
/// A thread of its own reads them: the runtime would wait for a pending read before it ends.
pub(super) fn stdin_lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

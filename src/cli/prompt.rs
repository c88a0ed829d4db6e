//! What comes from standard input: a secret, or an answer to "really?".

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::complain;
use super::signal::before_ending;
use crate::domain::Secret;

/// Longest secret that is read.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

/// Reads a secret from standard input, trimmed.
pub(super) fn secret(what: &str) -> Result<Secret, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if io::stdin().is_terminal() {
        complain(&format!("Paste {what}, which is not shown, and end with Enter (a file is better: … < FILE):"));
        let _hidden = Hidden::begin().map_err(Failure::unreachable)?;
        io::stdin().lock().take(SECRET_BYTES_MAX).read_line(&mut text)
    } else {
        io::stdin().lock().take(SECRET_BYTES_MAX).read_to_string(&mut text)
    };
    let trimmed = text.trim();
    if read.is_err() || trimmed.is_empty() {
        return Err(Failure::Usage(format!("standard input holds no text. Give {what} there: … < FILE")));
    }
    Ok(Secret::from(trimmed))
}

/// The terminal shows nothing of what is typed as long as this lives, and the process with it: a terminal left
/// without echo would outlast both.
struct Hidden(Arc<Mutex<Option<Termios>>>);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let hidden = Self(Arc::default());
        let shared = Arc::clone(&hidden.0);
        // A signal that comes from here on waits until it is known what is to be given back.
        let mut before = hidden.0.lock().unwrap_or_else(PoisonError::into_inner);
        before_ending(move || show(&mut shared.lock().unwrap_or_else(PoisonError::into_inner)))?;
        if let Ok(shown) = tcgetattr(io::stdin()) {
            let mut silent = shown.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            *before = tcsetattr(io::stdin(), OptionalActions::Flush, &silent).ok().map(|()| shown);
        }
        drop(before);
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        show(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Gives the terminal back what it had.
fn show(before: &mut Option<Termios>) {
    if let Some(before) = before.take() {
        // A terminal that has gone has nothing to be restored.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

/// Says what will happen and asks, unless `--yes` has agreed to it.
pub(super) fn agree(context: &Context, consequence: &str) -> Outcome {
    if context.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("{consequence} Nobody can be asked here; agree with --yes.")));
    }
    complain(&format!("{consequence} Go on? [y/N]"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::No) }
}

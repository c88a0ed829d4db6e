//! What comes from standard input: a secret, or an answer to "really?".

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::complain;
use crate::domain::Secret;

/// Longest secret that is read.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

/// Reads a secret from standard input, trimmed.
pub(super) fn secret(what: &str) -> Result<Secret, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if io::stdin().is_terminal() {
        complain(&format!("Paste {what}, which is not shown, and end with Enter (a file is better: … < FILE):"));
        let _hidden = Hidden::begin();
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

/// The terminal shows nothing of what is typed as long as this lives.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        Self(tcsetattr(io::stdin(), OptionalActions::Flush, &silent).ok().map(|()| before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that has gone has nothing to be restored.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
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

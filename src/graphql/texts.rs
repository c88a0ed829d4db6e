//! Free texts that callers send: their lengths, and characters that no text of ours has.

use super::error::{ApiError, Result};

/// Most characters of an idempotency key.
const NAME_MAX: usize = 64;
/// Most characters of a task id.
const TASK_ID_MAX: usize = 128;
/// Most characters of a note.
const NOTE_MAX: usize = 200;

/// Checks a caller's own name for a movement of money.
///
/// # Errors
/// BAD_USER_INPUT when it is empty, too long, or has control characters.
pub(crate) fn idempotency_key(text: &str) -> Result<()> {
    line(text, NAME_MAX)
}

/// Checks a caller's own id of a task.
///
/// # Errors
/// BAD_USER_INPUT when it is empty, too long, or has control characters.
pub(crate) fn task_id(text: &str) -> Result<()> {
    line(text, TASK_ID_MAX)
}

/// Checks words that are kept; they may have several lines.
///
/// # Errors
/// BAD_USER_INPUT when there are too many of them, or other control characters.
pub(crate) fn note(text: Option<&str>) -> Result<()> {
    let is_word = |character: char| !character.is_control() || matches!(character, '\n' | '\t');
    let fits = text.is_none_or(|text| text.chars().count() <= NOTE_MAX && text.chars().all(is_word));
    if fits { Ok(()) } else { Err(ApiError::bad_input()) }
}

fn line(text: &str, most: usize) -> Result<()> {
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(ApiError::bad_input()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_lengths() {
        for (text, fits) in [("", false), ("a", true), ("a\0", false), ("two\nlines", false), ("x y-1/я", true)] {
            assert_eq!(idempotency_key(text).is_ok(), fits, "{text:?}");
            assert_eq!(task_id(text).is_ok(), fits, "{text:?}");
        }
        assert!(idempotency_key(&"я".repeat(64)).is_ok() && idempotency_key(&"я".repeat(65)).is_err());
        assert!(task_id(&"я".repeat(128)).is_ok() && task_id(&"я".repeat(129)).is_err());
        assert!(note(None).is_ok() && note(Some("")).is_ok() && note(Some("two\nlines")).is_ok());
        assert!(note(Some(&"я".repeat(200))).is_ok() && note(Some(&"я".repeat(201))).is_err());
        assert!(note(Some("a\0b")).is_err());
    }
}

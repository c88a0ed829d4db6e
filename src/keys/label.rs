//! The owner's own name for a key.

/// Longest label, in characters.
const LENGTH_MAX: usize = 64;

/// So long a word that has letters and digits is no name that people give.
const KEY_LENGTH_MIN: usize = 24;

/// A label that is too long, has control characters, or a word that looks like a key.
pub(super) struct BadLabel;

/// Trims a label; an empty one is none.
pub(super) fn clean(label: Option<String>) -> Result<Option<String>, BadLabel> {
    let Some(label) = label else { return Ok(None) };
    let label = label.trim();
    let is_unfit = label.chars().count() > LENGTH_MAX || label.chars().any(char::is_control);
    if is_unfit || label.split_whitespace().any(looks_like_a_key) {
        return Err(BadLabel);
    }
    Ok((!label.is_empty()).then(|| label.to_owned()))
}

/// Whether the word could be a key, of whatever provider, or a token: pasted into the wrong field, it would be shown
/// from then on.
fn looks_like_a_key(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    word.len() >= KEY_LENGTH_MIN
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn labels_are_short_and_printable() {
        let cleaned = |label: &str| clean(Some(label.to_owned())).ok();
        assert_eq!(cleaned("  work key "), Some(Some("work key".to_owned())));
        assert_eq!(cleaned("   "), Some(None));
        assert_eq!(cleaned(&"я".repeat(64)), Some(Some("я".repeat(64))));
        assert_eq!(cleaned(&"я".repeat(65)), None);
        assert_eq!(cleaned("two\nlines"), None);
    }

    #[test]
    fn no_label_looks_like_a_key() {
        let is_taken = |label: &str| clean(Some(label.to_owned())).is_ok();
        for name in [
            "work key 2026-11",
            "the_one_that_i_bought_first",
            "123456789012345678901234",
            "ключ-от-2captcha-для-работы",
        ] {
            assert!(is_taken(name), "{name}");
        }
        let hex = "0123456789abcdef".repeat(2);
        for key in [hex.clone(), format!("mine: {hex}"), format!("CAP-{}", hex.to_uppercase()), format!("{hex}__7")] {
            assert!(!is_taken(&key), "{key}");
        }
    }
}

//! The owner's own name for a key.

/// Longest label, in characters.
const LENGTH_MAX: usize = 64;

/// A label that is too long or has control characters.
pub(super) struct BadLabel;

/// Trims a label; an empty one is none.
pub(super) fn clean(label: Option<String>) -> Result<Option<String>, BadLabel> {
    let Some(label) = label else { return Ok(None) };
    let label = label.trim();
    if label.chars().count() > LENGTH_MAX || label.chars().any(char::is_control) {
        return Err(BadLabel);
    }
    Ok((!label.is_empty()).then(|| label.to_owned()))
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
}

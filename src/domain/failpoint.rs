//! Named places at which the process can be told to die, for the crash rig, or to panic.
//!
//! Without the feature `failpoints` a place is an empty function and the variable is none of the
//! program's. With it, `KEY_RECYCLING_FAILPOINT=name:count` aborts the process when the place is
//! reached for the `count`-th time: no destructor runs and nothing is flushed, as with a power cut
//! of the process alone. `name:count:panic` panics there instead, which shows what a panic prints.

/// Dies here if the environment says so.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_name: &str) {}

/// Whether an environment variable is the one that names a place.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn is_variable(_name: &str) -> bool {
    false
}

#[cfg(feature = "failpoints")]
pub use armed::reach;

#[cfg(feature = "failpoints")]
pub(crate) use armed::is_variable;

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    const VARIABLE: &str = "KEY_RECYCLING_FAILPOINT";

    /// What the environment asks for.
    struct Armed {
        name: String,
        /// How often the place is still passed before it happens.
        left: AtomicU32,
        panics: bool,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (text, panics) = text.strip_suffix(":panic").map_or((text.as_str(), false), |rest| (rest, true));
        let (name, count) = text.split_once(':').unwrap_or((text, "1"));
        Some(Armed { name: name.to_owned(), left: AtomicU32::new(count.parse().unwrap_or(1)), panics })
    });

    /// Dies or panics here if the environment says so.
    pub fn reach(name: &str) {
        let Some(armed) = &*ARMED else { return };
        if armed.name == name && armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            assert!(!armed.panics, "the place {name} was told to panic");
            std::process::abort();
        }
    }

    /// Whether an environment variable is the one that names a place.
    pub(crate) fn is_variable(name: &str) -> bool {
        name == VARIABLE
    }
}

#[cfg(all(test, not(feature = "failpoints")))]
mod tests {
    #[test]
    fn without_the_feature_no_variable_is_one_of_ours() {
        assert!(!super::is_variable("KEY_RECYCLING_FAILPOINT"));
    }
}

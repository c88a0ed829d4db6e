//! Named places at which the process can be told to die, for the crash rig.
//!
//! Without the feature `failpoints` a place is an empty function and the variable is none of the
//! program's. With it, `KEY_RECYCLING_FAILPOINT=name:count` aborts the process when the place is
//! reached for the `count`-th time: no destructor runs and nothing is flushed, as with a power cut
//! of the process alone.

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

    /// The place, and how often it is still passed before the process dies there.
    static ARMED: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), AtomicU32::new(count.parse().unwrap_or(1))))
    });

    /// Dies here if the environment says so.
    pub fn reach(name: &str) {
        let Some((wanted, left)) = &*ARMED else { return };
        if wanted == name && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    /// Whether an environment variable is the one that names a place.
    pub(crate) fn is_variable(name: &str) -> bool {
        name == VARIABLE
    }
}

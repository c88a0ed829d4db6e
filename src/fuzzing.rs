//! What the fuzz targets in `fuzz/` call of that which is private here, and nothing else.
//!
//! Behind the feature `fuzzing`, which no build of the server has. What a target can reach by the
//! public modules it takes from there.

pub use crate::gateway::fuzzing::legacy_call;
pub use crate::graphql::fuzzing::Guard;
pub use crate::identity::fuzzing::signed_by;
pub use crate::providers::fuzzing::{Bench, Reply};

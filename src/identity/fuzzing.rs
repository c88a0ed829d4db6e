//! The check of init data, for the fuzz targets.

use super::init_data;
use crate::domain::{Secret, Timestamp};

/// The user and the moment that init data is signed for; `None` when it is refused.
#[must_use]
pub fn signed_by(init_data: &str, bot_token: &Secret) -> Option<(i64, Timestamp)> {
    init_data::verify(init_data, bot_token).map(|signed| (signed.user, signed.at))
}

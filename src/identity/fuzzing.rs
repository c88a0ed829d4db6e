//! The check of init data, for the fuzz targets.

use secrecy::SecretString;

use super::init_data;
use crate::domain::Timestamp;

/// The user and the moment that init data is signed for; `None` when it is refused.
#[must_use]
pub fn signed_by(init_data: &str, bot_token: &SecretString) -> Option<(i64, Timestamp)> {
    init_data::verify(init_data, bot_token).map(|signed| (signed.user, signed.at))
}

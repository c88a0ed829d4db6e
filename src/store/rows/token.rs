//! `service_token`, without its hash.

use entity::service_token::Model;

use super::time;
use crate::domain::token::ServiceToken;
use crate::domain::{Scopes, Timestamp};

pub(in crate::store) fn service_token(row: Model) -> ServiceToken {
    ServiceToken {
        id: row.id.into(),
        service: row.service,
        scopes: Scopes::from_text(&row.scopes),
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: time(row.expires_at),
        revoked_at: time(row.revoked_at),
    }
}

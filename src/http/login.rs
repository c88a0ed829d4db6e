//! Who signs in: the value of an `Authorization` header, or of a socket's `connection_init`.

use super::Inner;
use crate::domain::{Actor, ServiceTokenId, Timestamp};
use crate::graphql::{ApiError, Caller, ErrorCode};
use crate::identity::LoginError;

/// A login that is good now.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) caller: Caller,
    /// When it ends by itself.
    expires_at: Option<Timestamp>,
    /// The token that it stands on, which can be revoked.
    token: Option<ServiceTokenId>,
}

impl Inner {
    /// Signs in with the value given: `tma <init data>` or `Bearer <service token>`.
    ///
    /// # Errors
    /// UNAUTHENTICATED or LOGIN_EXPIRED; INTERNAL when the database fails.
    pub(super) async fn login(&self, authorization: &str) -> Result<Login, ApiError> {
        let refused = ApiError::new(ErrorCode::Unauthenticated);
        let (scheme, credentials) = authorization.split_once(' ').ok_or(refused.clone())?;
        if scheme.eq_ignore_ascii_case("tma") {
            let login = self.identity.login_owner(credentials).await.map_err(refusal)?;
            Ok(Login { caller: Caller { actor: login.actor }, expires_at: Some(login.expires_at), token: None })
        } else if scheme.eq_ignore_ascii_case("bearer") {
            let login = self.identity.login_service(credentials).await.map_err(refusal)?;
            let token = Some(login.identity.token);
            let caller = Caller { actor: Actor::Service(login.identity) };
            Ok(Login { caller, expires_at: login.expires_at, token })
        } else {
            Err(refused)
        }
    }

    /// Why the login has ended since, if it has. Asking for revoked tokens costs a query, so it is
    /// done only when told.
    pub(super) async fn ended(&self, login: &Login, look_up_token: bool) -> Option<ErrorCode> {
        if login.expires_at.is_some_and(|until| until <= self.clock.now()) {
            return Some(ErrorCode::LoginExpired);
        }
        let token = login.token.filter(|_| look_up_token)?;
        match self.identity.token_is_good(token).await {
            Ok(true) => None,
            Ok(false) => Some(ErrorCode::Unauthenticated),
            Err(error) => {
                // Not a verdict on the token: the next look asks again.
                tracing::warn!(%error, "a service token could not be looked up");
                None
            }
        }
    }
}

fn refusal(error: LoginError) -> ApiError {
    match error {
        LoginError::Refused => ApiError::new(ErrorCode::Unauthenticated),
        LoginError::Expired => ApiError::new(ErrorCode::LoginExpired),
        LoginError::Store(error) => error.into(),
    }
}

//! Service tokens: 256 bits from the operating system, stored as their SHA-256.

use secrecy::ExposeSecret;

use super::{Identity, LoginError};
use crate::domain::audit::{Target, TargetKind};
use crate::domain::token::{ServiceToken, TokenHash};
use crate::domain::{Actor, Scopes, Secret, ServiceIdentity, ServiceTokenId, Timestamp};
use crate::store::{NewToken, StoreError, Tx};

/// Beginning of every service token, by which people and scanners recognise one.
const PREFIX: &str = "krs_";

/// Good tokens a service may have at once: the one in use and the one that replaces it.
const AT_ONCE: usize = 2;

/// A service that signed in, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLogin {
    /// The service.
    pub identity: ServiceIdentity,
    /// Until when its token is good.
    pub expires_at: Option<Timestamp>,
}

/// A token just made. It is shown once.
#[derive(Debug)]
pub struct NewServiceToken {
    /// The row's id, by which it is revoked.
    pub id: ServiceTokenId,
    /// The token.
    pub token: Secret,
}

/// Why no token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// A service's name has 1 to 64 letters, digits, dots, dashes or underscores.
    Name,
    /// The audit log knows somebody else by this name.
    NameTaken,
    /// A token needs a scope.
    NoScope,
    /// The service has two good tokens already.
    TwoAlready,
}

impl Identity {
    /// Signs a service in by its bearer token.
    ///
    /// # Errors
    /// The token is unknown or revoked, has expired, or the database fails.
    pub async fn login_service(&self, bearer: &str) -> Result<ServiceLogin, LoginError> {
        if !bearer.starts_with(PREFIX) || bearer.len() > 128 {
            return Err(LoginError::Refused);
        }
        let (hash, now) = (TokenHash::of(bearer), self.clock.now());
        let token = match self.recent.get(&hash, now) {
            Some(token) => token,
            None => {
                let found = self.store.service_token_by_hash(&hash).await?;
                let token = found.filter(|token| token.revoked_at.is_none()).ok_or(LoginError::Refused)?;
                self.recent.keep(hash, token.clone(), now);
                token
            }
        };
        if !token.is_good(now) {
            return Err(LoginError::Expired);
        }
        let identity = ServiceIdentity { name: token.service, token: token.id, scopes: token.scopes };
        Ok(ServiceLogin { identity, expires_at: token.expires_at })
    }

    /// Whether a token that signed in earlier still admits its bearer.
    ///
    /// # Errors
    /// The database fails.
    pub async fn token_is_good(&self, id: ServiceTokenId) -> Result<bool, StoreError> {
        let found = self.store.service_token(id).await?;
        Ok(found.is_some_and(|token| token.is_good(self.clock.now())))
    }

    /// Makes a token for a service.
    ///
    /// # Errors
    /// The database fails.
    pub async fn create_token(
        &self,
        service: &str,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<Result<NewServiceToken, TokenRefusal>, StoreError> {
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(1..=64).contains(&service.len()) || !service.bytes().all(is_name_byte) {
            return Ok(Err(TokenRefusal::Name));
        }
        if Actor::is_named(service) {
            return Ok(Err(TokenRefusal::NameTaken));
        }
        if scopes.iter().next().is_none() {
            return Ok(Err(TokenRefusal::NoScope));
        }
        let now = self.clock.now();
        let good = |token: &&ServiceToken| token.service == service && token.is_good(now);
        if self.store.service_tokens().await?.iter().filter(good).count() >= AT_ONCE {
            return Ok(Err(TokenRefusal::TwoAlready));
        }
        let token = self.random_token();
        let hash = TokenHash::of(token.expose_secret());
        let note = format!("{service}: {scopes}");
        let new = NewToken { service: service.to_owned(), hash, scopes, expires_at };
        let made = self.store.write("create token", move |tx| {
            Box::pin(async move {
                let id = tx.insert_token(new).await?;
                record(tx, "token.created", id, Some(note)).await?;
                Ok::<_, StoreError>(id)
            })
        });
        let id = made.await?;
        Ok(Ok(NewServiceToken { id, token }))
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn tokens(&self) -> Result<Vec<ServiceToken>, StoreError> {
        self.store.service_tokens().await
    }

    /// Revokes a token; open sockets of it end within seconds. Answers whether there was one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn revoke_token(&self, id: ServiceTokenId) -> Result<bool, StoreError> {
        let revoked = self.store.write("revoke token", move |tx| {
            Box::pin(async move {
                let was_good = tx.revoke_token(id).await?;
                if was_good {
                    record(tx, "token.revoked", id, None).await?;
                }
                Ok(was_good)
            })
        });
        let revoked = revoked.await;
        // Forgotten after the commit: whoever looks it up from now on finds it revoked.
        self.recent.forget(id);
        revoked
    }

    fn random_token(&self) -> Secret {
        let mut bytes = zeroize::Zeroizing::new([0; 32]);
        self.entropy.fill(&mut *bytes);
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}{digits}").into()
    }
}

/// Tokens are made and revoked from the command line alone.
async fn record(tx: &mut Tx, action: &str, id: ServiceTokenId, note: Option<String>) -> Result<(), StoreError> {
    let target = Target { kind: TargetKind::ServiceToken, id: id.0 };
    tx.append_audit(&Actor::Operator.audit_name(), action, Some(target), note).await
}

//! Who calls: Telegram init data and service tokens become an [`Actor`].

mod freeze;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod init_data;
mod recent;
mod service;

use std::time::Duration;

use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::domain::{AccountRef, Actor, Secret, Timestamp};
use crate::store::{Store, StoreError};

pub use init_data::{mini_app_link, sign_init_data};
pub use service::{NewServiceToken, ServiceLogin, TokenRefusal};

/// Settings of the login.
pub struct Settings {
    /// The bot's token, by which Telegram signs; without it no owner can sign in.
    pub bot_token: Option<Secret>,
    /// How long a login is good after Telegram signed it.
    pub login_max_age: Duration,
    /// How far Telegram's clock may be ahead of ours.
    pub clock_skew: Duration,
}

/// An owner who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerLogin {
    /// The owner.
    pub actor: Actor,
    /// Until when the login is good.
    pub expires_at: Timestamp,
}

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The credential is not good; it tells nothing more.
    #[error("the credential is not good")]
    Refused,
    /// The credential was good once.
    #[error("the login has expired")]
    Expired,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use cases around signing in; shared by reference.
pub struct Identity {
    store: Store,
    clock: SharedClock,
    entropy: SharedEntropy,
    settings: Settings,
    recent: recent::Recent,
}

impl Identity {
    /// The use cases over the database.
    #[must_use]
    pub fn new(store: Store, clock: SharedClock, entropy: SharedEntropy, settings: Settings) -> Self {
        Self { store, clock, entropy, settings, recent: recent::Recent::default() }
    }

    /// Signs an owner in by Telegram's init data; the account is made at the first login.
    ///
    /// # Errors
    /// The init data is forged, malformed, from the future or too old; the database fails.
    pub async fn login_owner(&self, init_data: &str) -> Result<OwnerLogin, LoginError> {
        let bot_token = self.settings.bot_token.as_ref().ok_or(LoginError::Refused)?;
        let now = self.clock.now();
        let signed = init_data::verify(init_data, bot_token).ok_or(LoginError::Refused)?;
        if signed.at > now.plus(self.settings.clock_skew) {
            return Err(LoginError::Refused);
        }
        let expires_at = signed.at.plus(self.settings.login_max_age);
        if now >= expires_at {
            return Err(LoginError::Expired);
        }
        let user = AccountRef::Telegram(signed.user);
        let known = self.store.account_by_ref(user).await?;
        let account = match known {
            Some(account) => account,
            None => {
                let made = self.store.write("first login", move |tx| {
                    Box::pin(async move {
                        tx.make_owner_account(signed.user).await?;
                        tx.lock_account(user).await
                    })
                });
                made.await?.ok_or(StoreError::Stale)?
            }
        };
        Ok(OwnerLogin { actor: Actor::Owner(account.id), expires_at })
    }
}

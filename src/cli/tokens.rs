//! Tokens of services: made, listed, ended.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::domain::{Scope, Scopes, ServiceTokenId};
use crate::identity::TokenRefusal;

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::{Listing, complain};

pub(super) async fn create(context: &Context, service: &str, scopes: &[Scope], expires: Option<Duration>) -> Outcome {
    let parts = context.parts().await?;
    let until = expires.map(|length| context.clock.now().plus(length));
    let scopes = Scopes::of(scopes);
    let made = parts.identity.create_token(service, scopes, until).await.map_err(Failure::unreachable)?;
    let made = made.map_err(|refusal| Failure::Usage(refused(refusal, service)))?;
    complain("The token is shown this once; only its hash is stored.");
    Ok(context.out.record(
        &["id", "service", "scopes", "expires", "token"],
        [
            Some(made.id.to_string()),
            Some(service.to_owned()),
            Some(scopes.to_string()),
            until.map(|moment| moment.to_rfc3339()),
            Some(made.token.expose_secret().to_owned()),
        ],
    )?)
}

pub(super) async fn list(context: &Context) -> Outcome {
    let store = context.store().await?;
    let now = context.clock.now();
    let mut listing = Listing::new(&["id", "service", "scopes", "created", "expires", "state"]);
    for token in store.service_tokens().await.map_err(Failure::unreachable)? {
        let state = match token.revoked_at {
            Some(_) => "revoked",
            None if token.is_good(now) => "good",
            None => "expired",
        };
        listing.row([
            Some(token.id.to_string()),
            Some(token.service),
            Some(token.scopes.to_string()),
            Some(token.created_at.to_rfc3339()),
            token.expires_at.map(|moment| moment.to_rfc3339()),
            Some(state.to_owned()),
        ]);
    }
    Ok(context.out.list(&listing)?)
}

pub(super) async fn revoke(context: &Context, id: ServiceTokenId) -> Outcome {
    let parts = context.parts().await?;
    if parts.identity.revoke_token(id).await.map_err(Failure::unreachable)? {
        return Ok(context.out.line(&format!("Token {id} is good for nothing any more."))?);
    }
    complain(&format!("There is no token {id}. See them all: key-recycling token list"));
    Err(Failure::No)
}

fn refused(refusal: TokenRefusal, service: &str) -> String {
    match refusal {
        TokenRefusal::Name => "A service's name has 1 to 64 letters, digits, dots, dashes or underscores. \
             Try again: key-recycling token create NAME --scope dispatch"
            .to_owned(),
        TokenRefusal::NameTaken => format!(
            "{service} is how the audit log names the command line, the server or an owner. \
             Choose another name: key-recycling token create operations --scope operate"
        ),
        TokenRefusal::NoScope => {
            format!("A token needs a scope: key-recycling token create {service} --scope dispatch")
        }
        TokenRefusal::TwoAlready => {
            format!("{service} has two good tokens already. End one: key-recycling token list, then token revoke ID")
        }
    }
}

//! A signed login for an owner, for development on the server's own machine.

use url::{Host, Url};

use crate::config::Needs;
use crate::identity;

use super::context::Context;
use super::failure::{Failure, Outcome};

pub(super) fn link(context: &Context, telegram_user_id: i64) -> Outcome {
    let config = context.config(Needs { ring: false, bot_token: true })?;
    let origin = &config.server.public_url;
    if !is_loopback(origin) {
        return Err(Failure::Usage(
            "server.public_url is not on loopback (KEY_RECYCLING_SERVER_PUBLIC_URL), and logins are signed for \
             development only. See where it is set: key-recycling config show"
                .to_owned(),
        ));
    }
    let Some(bot_token) = &config.secrets.bot_token else {
        return Err(Failure::Usage("telegram.bot_token_file is not set. See: key-recycling config check".to_owned()));
    };
    let init_data = identity::sign_init_data(bot_token, telegram_user_id, context.clock.now());
    Ok(context.out.record(
        &["link", "authorization"],
        [Some(identity::mini_app_link(origin, &init_data)), Some(format!("tma {init_data}"))],
    )?)
}

fn is_loopback(origin: &Url) -> bool {
    match origin.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (origin, expected) in [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
            ("https://keys.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(origin).expect("an origin")), expected, "{origin}");
        }
    }
}

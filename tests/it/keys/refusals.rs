//! What a refusal without a call asks of the database: the same, whatever its reason.

use key_recycling::domain::{Actor, ProviderCode};
use serde_json::json;

use super::{calm, lively, only_error};
use crate::support::keys::fresh_key;
use crate::support::statements::transactions;
use crate::support::wiretap::Wiretap;
use crate::support::{Caller, Database, Server};

const SLUG: &str = "two_captcha";

/// How often each key is handed over, in turns.
const TURNS: usize = 3;

/// A server whose database can be listened to.
async fn tapped_server() -> (Server, Wiretap) {
    let database = Database::postgres().await;
    let (_, rest) = database.url.split_once('@').expect("a user");
    let (host, _) = rest.split_once('/').expect("a database");
    let (host, tap) = (host.to_owned(), Wiretap::before_host(host));
    let address = tap.address.clone();
    let server = Server::start_edited(database, |text| calm(&text).replace(&host, &address)).await;
    (server, tap)
}

/// The transactions so far that asked whether a key is blocked, as handing one over does.
fn hand_overs(tap: &Wiretap) -> Vec<Vec<String>> {
    let all = tap.heard_by_connection().into_iter().flat_map(|sent| transactions(&sent));
    all.filter(|it| it.iter().any(|text| text.starts_with("SELECT") && text.contains("\"blocked_key\""))).collect()
}

/// What handing the key over asks of the database, which refuses it.
async fn asked(tap: &Wiretap, owner: &Caller, key: &str) -> Vec<String> {
    let before = hand_overs(tap);
    let refused = owner.submit("TWO_CAPTCHA", key).await;
    assert_eq!(only_error(&refused)["code"], "KEY_NOT_ACCEPTED", "{refused}");
    let mut after = hand_overs(tap);
    for known in &before {
        let place = after.iter().position(|it| it == known).expect("what was heard stays heard");
        after.swap_remove(place);
    }
    assert_eq!(after.len(), 1, "one hand-over, {after:#?}");
    after.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_asks_the_same_of_the_database() {
    let (mut server, tap) = tapped_server().await;
    let (ada, bo) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
    let block = async |key: &str| {
        let blocked = server.app().keys.block(&Actor::Operator, ProviderCode::TwoCaptcha, &key.into()).await;
        assert!(blocked.expect("the database works").expect("it is a key").changed);
    };
    let (live, _) = lively(&server, &ada, SLUG, "1").await;
    let (live_blocked, _) = lively(&server, &ada, SLUG, "1").await;
    let [bad, bad_blocked] = [(); 2].map(|()| fresh_key(SLUG));
    for key in [&bad, &bad_blocked] {
        assert_eq!(ada.submit("TWO_CAPTCHA", key).await["key"]["status"], json!("INVALID"));
    }
    let blocked = server.providers.key(SLUG, "1").await;
    for key in [&live_blocked, &bad_blocked, &blocked] {
        block(key).await;
    }
    // Whoever has a row of the key knows that already; the reason is still not to be told apart.
    for (owner, keys) in
        [(&bo, &[&live, &live_blocked, &bad, &bad_blocked, &blocked][..]), (&ada, &[&bad, &bad_blocked])]
    {
        let first = asked(&tap, owner, keys[0]).await;
        assert!(first.len() > 5, "{first:#?}");
        for _ in 0..TURNS {
            for key in keys {
                assert_eq!(asked(&tap, owner, key).await, first);
            }
        }
    }
    server.stop().await;
}

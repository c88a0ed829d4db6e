//! Logins: Telegram's init data and service tokens, good and bad.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{ADA, Raw, ask, post};
use crate::support::server::BOT_TOKEN;
use crate::support::{Server, sql};
use key_recycling::domain::clock::SharedClock;
use key_recycling::domain::{Clock, OsEntropy, Scope, Scopes, Secret, Timestamp};
use key_recycling::identity::{Identity, Settings, sign_init_data};
use key_recycling::store::{DatabaseSettings, Store};

const VIEWER: &str = "{ viewer { telegramUserId balance } }";

async fn viewer(server: &Server, authorization: &str) -> Raw {
    ask(&format!("{}/graphql", server.public()), authorization, VIEWER, Value::Null).await
}

fn assert_refused(answer: &Raw, code: &str, what: &str) {
    assert_eq!((answer.status, answer.code()), (401, code.into()), "{what}: {}", answer.body);
    assert!(answer.json().get("data").is_none_or(Value::is_null), "{what}");
}

fn signed(server: &Server, bot_token: &str) -> String {
    sign_init_data(&bot_token.into(), ADA, server.clock.now())
}

/// One second inside and one outside of each end of the window, by a clock that stands still.
async fn edges_of_the_window() {
    let database = crate::support::Database::sqlite();
    let settings = DatabaseSettings { url: database.url.clone(), connections: 2, exclusive: false };
    let clock: SharedClock = Arc::new(StandingClock);
    let store = Store::open(&settings, clock.clone(), Arc::new(OsEntropy)).await.expect("it opens");
    store.migrate().await.expect("it migrates");
    let (day, skew) = (Duration::from_secs(24 * 3_600), Duration::from_secs(60));
    let settings = Settings { bot_token: Some(BOT_TOKEN.into()), login_max_age: day, clock_skew: skew };
    let identity = Identity::new(store, clock, Arc::new(OsEntropy), settings);
    let (now, second) = (StandingClock.now(), Duration::from_secs(1));
    for (signed_at, what) in [
        (now.minus(day).plus(second), None),
        (now.minus(day).minus(second), Some("the login has expired")),
        (now.plus(skew).minus(second), None),
        (now.plus(skew).plus(second), Some("the credential is not good")),
    ] {
        let login = identity.login_owner(&sign_init_data(&BOT_TOKEN.into(), ADA, signed_at)).await;
        assert_eq!(login.err().map(|error| error.to_string()).as_deref(), what, "{}", signed_at.to_rfc3339());
    }
}

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }
}

on_both_databases! {
    async fn the_first_login_makes_the_account(database) {
        let mut server = Server::start(database).await;
        let rows = server.database.connect().await;
        let owners = "SELECT count(*) FROM account WHERE kind = 'OWNER'";
        assert_eq!(sql::number(&rows, owners).await, 0);
        let login = format!("tma {}", signed(&server, BOT_TOKEN));
        // All at once: one account.
        let all = futures_util::future::join_all((0..8).map(|_| viewer(&server, &login))).await;
        for answer in all {
            assert_eq!(answer.json()["data"]["viewer"]["telegramUserId"], ADA.to_string(), "{}", answer.body);
        }
        assert_eq!(sql::number(&rows, owners).await, 1);
        let service = server.service("dispatcher", &[Scope::Dispatch]).await;
        let answer = viewer(&server, &service.authorization).await;
        assert_eq!((answer.status, answer.json()["data"]["viewer"].clone()), (200, Value::Null));
        server.stop().await;
    }

    async fn bad_logins_of_owners_are_refused(database) {
        let mut server = Server::start(database).await;
        let good = signed(&server, BOT_TOKEN);
        assert_eq!(viewer(&server, &format!("TMA {good}")).await.status, 200, "a scheme has no case");
        let of_another_bot = signed(&server, "1234567890:another-bot-token-made-up-for-the-tests");
        let forged = good.replace("5000000001", "5000000002");
        let doubled = good.replacen("auth_date=", "auth_date=1&auth_date=", 1);
        let user = good.split('&').find(|pair| pair.starts_with("user=")).expect("a user");
        let twice = format!("{good}&{user}");
        for (what, authorization) in [
            ("another bot's", format!("tma {of_another_bot}")),
            ("another user", format!("tma {forged}")),
            ("a pair twice", format!("tma {doubled}")),
            ("the same pair twice", format!("tma {twice}")),
            ("no hash", format!("tma {}", good.split("&hash").next().expect("a part"))),
            ("nothing", "tma ".to_owned()),
            ("no scheme", good.clone()),
            ("another scheme", format!("Basic {good}")),
            ("as a bearer", format!("Bearer {good}")),
        ] {
            assert_refused(&viewer(&server, &authorization).await, "UNAUTHENTICATED", what);
        }
        let endpoint = format!("{}/graphql", server.public());
        let login = format!("tma {good}");
        let headers = [("content-type", "application/json"), ("authorization", &login), ("authorization", &login)];
        let body = serde_json::json!({ "query": VIEWER }).to_string();
        assert_refused(&post(&endpoint, &headers, body).await, "UNAUTHENTICATED", "two logins");
        server.stop().await;
    }

    async fn a_login_has_its_time(database) {
        let mut server = Server::start(database).await;
        let now = server.clock.now();
        let at = |moment| format!("tma {}", sign_init_data(&BOT_TOKEN.into(), ADA, moment));
        let hours = |count: u64| Duration::from_secs(count * 3_600);
        edges_of_the_window().await;
        let login = at(now);
        assert_eq!(viewer(&server, &login).await.status, 200);
        server.pass_time(hours(25)).await;
        assert_refused(&viewer(&server, &login).await, "LOGIN_EXPIRED", "grown old");
        server.stop().await;
    }

    async fn service_tokens_come_and_go(database) {
        let mut server = Server::start(database).await;
        let identity = server.app().identity.clone();
        let now = server.clock.now();
        let make = async |expires| {
            let made = identity.create_token("dispatcher", Scopes::of(&[Scope::Dispatch]), expires).await;
            made.expect("the database works")
        };
        let lasting = make(None).await.expect("a token");
        let short = make(Some(now.plus(Duration::from_secs(60)))).await.expect("a second token");
        assert!(make(None).await.is_err(), "two at a time");
        let bearer = |token: &Secret| format!("Bearer {}", token.expose_secret());
        let pool = async |authorization: &str| {
            let endpoint = format!("{}/graphql", server.public());
            ask(&endpoint, authorization, "{ pool { held } attempts { totalCount } }", Value::Null).await
        };
        for token in [&lasting.token, &short.token] {
            let answer = pool(&bearer(token)).await;
            assert_eq!(answer.code(), Value::Null, "{}", answer.body);
        }
        let mut bent = bearer(&lasting.token);
        let last = bent.pop().expect("a digit");
        bent.push(if last == '0' { '1' } else { '0' });
        assert_refused(&pool(&bent).await, "UNAUTHENTICATED", "a wrong token");
        assert_refused(&pool("Bearer krs_").await, "UNAUTHENTICATED", "an empty token");
        server.pass_time(Duration::from_secs(61)).await;
        assert_refused(&pool(&bearer(&short.token)).await, "LOGIN_EXPIRED", "an expired token");
        assert!(identity.revoke_token(lasting.id).await.expect("the database works"));
        assert_refused(&pool(&bearer(&lasting.token)).await, "UNAUTHENTICATED", "a revoked token");
        let next = make(None).await.expect("a place is free");
        assert_eq!(pool(&bearer(&next.token)).await.code(), Value::Null);
        let log = "{ auditLog { nodes { actor action note } } }";
        let operator = server.service("operations", &[Scope::Operate]).await;
        let log = operator.run(log, Value::Null).await.data();
        let made = |service: &str, scope: &str| {
            json!({ "actor": "operator", "action": "token.created", "note": format!("{service}: {scope}") })
        };
        let again = made("dispatcher", "dispatch");
        let revoked = json!({ "actor": "operator", "action": "token.revoked", "note": null });
        let expected = json!([made("operations", "operate"), again, revoked, again, again]);
        assert_eq!(log["auditLog"]["nodes"], expected, "newest first");
        server.stop().await;
    }
}

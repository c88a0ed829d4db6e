//! Panics, at the places where a key, a token or a provider's reply was just at hand: neither what is printed
//! nor what callers get has anything of them.
//!
//! The places are compiled into the program that `FAILPOINTS_PROGRAM` names, which `tests/leaks` builds.

use serde_json::{Value, json};

use super::scenario::{self, Callers, Planted};
use super::witness::Witness;
use crate::support::Database;
use crate::support::plan::say;
use crate::support::sandbox::code;

/// Places, and how often each is passed before the panic: a key is read when it is submitted, and its task
/// follows.
const PLACES: [&str; 7] = ["claimed", "read", "sent", "created", "submitted", "ended", "settled"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_shows_no_secret() {
    let Ok(program) = std::env::var("FAILPOINTS_PROGRAM") else {
        say("panics are not looked at: FAILPOINTS_PROGRAM names no program");
        return;
    };
    for place in PLACES {
        let armed = format!("{place}:1:panic");
        let environment = [("KEY_RECYCLING_FAILPOINT", armed.as_str()), ("RUST_BACKTRACE", "full")];
        let mut witness = Witness::start_program(&program, Database::sqlite(), &environment).await;
        let planted = Planted::default();
        let callers = scenario::sign_in(&witness, &planted).await;
        // A panic leaves this key's reading claimed, or its task alone; the second is whole.
        for _ in 0..2 {
            let key = planted.key(&witness.providers.key("anti_captcha", "5").await);
            let input = json!({ "input": { "provider": code("anti_captcha"), "key": key, "label": null } });
            witness.ask("submitKey", &callers.owner, scenario::SUBMIT, input).await;
            if can_be_lent(&witness, &callers, "anti_captcha").await {
                scenario::attempt(&witness, &planted, &callers, "anti_captcha", None, 20).await;
            }
        }
        let everything = "{ viewer { keys(first: 5) { nodes { status problem { code message } } } } }";
        witness.ask("an account", &callers.owner, everything, Value::Null).await;
        witness.look_at_admin().await;
        let log = witness.stop().await;
        witness.look_at_database("at the end").await;
        let text = String::from_utf8_lossy(&log);
        assert!(text.contains(&format!("the place {place} was told to panic")), "{place} was reached: {text}");
        witness.saw("log", log);
        assert_eq!(super::leaks(&planted, &witness.seen()), Vec::<String>::new(), "{place}");
    }
}

/// Whether the provider's keys can be lent; what ails them may last.
async fn can_be_lent(witness: &Witness, callers: &Callers, slug: &str) -> bool {
    let document = "query($route: RouteInput!) { bestKey(route: $route) { choice { keyId } } }";
    let route = scenario::turnstile_at(slug, None);
    let answer = witness.ask("bestKey", &callers.dispatcher, document, json!({ "route": route })).await;
    !answer["data"]["bestKey"]["choice"].is_null()
}

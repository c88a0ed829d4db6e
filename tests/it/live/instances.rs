//! Several servers on one PostgreSQL: a stream of one hears what another commits.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::events::deposit;
use super::{ADA, Stream, assert_gapless, rename};
use crate::support::{Caller, Database, Server};
use key_recycling::domain::Scope;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_server_commits_is_heard_within_seconds() {
    let mut first = Server::start(Database::postgres().await).await;
    let second = first.second().await;
    let second_public = format!("http://{}", second.public_addr());
    let billing = first.service("billing", &[Scope::Billing]).await;
    let owner = first.owner(ADA);
    let elsewhere = |caller: &Caller| Caller::new(&second_public, caller.authorization.clone());
    let key = first.providers.key("two_captcha", "1").await;
    let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
    let (mut stream, snapshot) = Stream::fresh(&first, &owner).await;
    let mut events = vec![snapshot.clone()];
    for round in 1..=5 {
        let before = Instant::now();
        if round % 2 == 0 {
            rename(&elsewhere(&owner), &id, &format!("round {round}")).await;
        } else {
            deposit(&elsewhere(&billing), ADA, &round.to_string()).await;
        }
        events.push(stream.next().await);
        assert!(before.elapsed() < Duration::from_millis(2_500), "{:?}", before.elapsed());
    }
    assert_gapless(&events);
    // A cursor of one is good at the other.
    let mut resumed = Stream::open_at(&second_public, &owner, snapshot["cursor"].clone()).await;
    for event in &events[1..] {
        assert_eq!(resumed.next().await, *event);
    }
    let whole = elsewhere(&owner).run("{ viewer { balance } }", Value::Null).await.data();
    assert_eq!(whole["viewer"]["balance"], "9");
    second.shutdown().await;
    first.stop().await;
}

//! Whoever comes without a good login may come only so often from one address.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, Raw, ask, post};
use crate::support::Server;
use crate::support::socket::{Heard, Socket};

/// What comes without any login.
async fn stranger(endpoint: &str) -> Raw {
    let body = json!({ "query": "{ __typename }" }).to_string();
    post(endpoint, &[("content-type", "application/json"), ("x-forwarded-for", "192.0.2.77")], body).await
}

fn retry_after(answer: &Raw) -> Option<u64> {
    let found = answer.headers.iter().find(|(name, _)| name == "retry-after");
    found.map(|(_, value)| value.parse().expect("seconds"))
}

async fn failed_init(server: &Server) -> Heard {
    let mut socket = Socket::open(&server.public()).await;
    socket.sign_in("tma nonsense").await;
    socket.next().await
}

on_both_databases! {
    async fn an_address_may_fail_to_sign_in_only_so_often(database) {
        let mut server = Server::start_with(database, "[limits]\nunauthenticated_per_minute = 6\n").await;
        let endpoint = format!("{}/graphql", server.public());
        let ada = server.owner(ADA);
        for _ in 0..2 {
            assert_eq!(stranger(&endpoint).await.status, 200);
            assert_eq!(ask(&endpoint, "Bearer nonsense", "{ __typename }", Value::Null).await.status, 401);
            assert_eq!(failed_init(&server).await, Heard::Closed(4403, "UNAUTHENTICATED".to_owned()));
        }
        for refused in [stranger(&endpoint).await, ask(&endpoint, "tma nonsense", "{ __typename }", Value::Null).await] {
            assert_eq!((refused.status, refused.code()), (429, json!("RATE_LIMITED")), "{}", refused.body);
            let seconds = retry_after(&refused).expect("when to come again");
            assert!((1..=11).contains(&seconds), "{seconds}");
            assert!(refused.json().get("data").is_none(), "{}", refused.body);
        }
        assert_eq!(failed_init(&server).await, Heard::Closed(4403, "RATE_LIMITED".to_owned()));
        for _ in 0..10 {
            let answer = ask(&endpoint, &ada.authorization, "{ viewer { id } }", Value::Null).await;
            assert_eq!(answer.status, 200, "who signs in is not held up: {}", answer.body);
        }
        Socket::signed_in(&server.public(), &ada.authorization).await;
        server.pass_time(Duration::from_secs(11)).await;
        assert_eq!(stranger(&endpoint).await.status, 200, "it comes back little by little");
        assert_eq!(stranger(&endpoint).await.status, 429);
        server.stop().await;
    }
}

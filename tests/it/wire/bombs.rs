//! Small documents that ask for much (`documents`): each is refused with a code, and costs next to nothing.

mod documents;

use std::time::{Duration, Instant};

use serde_json::Value;

use self::documents::bombs;
use crate::support::Server;
use crate::support::plan::say;

const ADA: i64 = 5_000_000_001;

/// Far above what any of them takes, and far below what one of them would take unguarded.
const AT_MOST: Duration = Duration::from_secs(3);

on_both_databases! {
    async fn no_document_holds_the_server(database) {
        let mut server = Server::start(database).await;
        let bombs = bombs();
        assert!(bombs.len() >= 30);
        for (number, (name, document, variables)) in bombs.into_iter().enumerate() {
            // An owner each, so that none is refused for another's cost.
            let owner = server.owner(ADA + i64::try_from(number).expect("few bombs"));
            assert!(document.len() <= 64 * 1024, "{name} is larger than a body may be");
            let start = Instant::now();
            let answer = owner.run(&document, variables).await;
            let took = start.elapsed();
            let code = answer.code();
            let fine = ["QUERY_TOO_COSTLY", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"];
            // A string of any length is no id of anything, and fields that repeat are one field.
            let may_pass = ["a huge string", "fragments nobody spreads", "a circle nobody spreads"].contains(&name);
            assert!(fine.contains(&code) || (may_pass && code == "none"), "{name}: {code}");
            let size = answer.0.to_string().len();
            assert!(took < AT_MOST && size < 20_000, "{name}: {took:?}, {size} bytes");
            say(&format!("{name}: {code} after {took:?}"));
        }
        assert!(server.owner(ADA + 1_000).run("{ viewer { id } }", Value::Null).await.0["data"]["viewer"].is_object());
        server.stop().await;
    }
}

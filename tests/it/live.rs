//! Live streams over real sockets: each change once and in order, resumed without gap or repeat.

mod doors;
mod events;
mod instances;
mod pool;
mod resuming;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::socket::{Heard, Socket};
use crate::support::{Caller, Server};

/// Two owners of these tests.
const ADA: i64 = 5_000_000_001;
const BO: i64 = 5_000_000_002;

/// Everything an account event carries.
const EVENTS: &str = "subscription($after: String) { accountEvents(after: $after) { __typename cursor occurredAt
    ... on AccountSnapshot { missedEvents account { id balance eventCursor keys { nodes { id status } } } }
    ... on KeyChanged { key { id status label balance credited outsideSpending version problem { code } } }
    ... on TransactionPosted { transaction { id kind amount balanceAfter } } } }";

/// A stream of an owner's events.
struct Stream {
    socket: Socket,
}

impl Stream {
    /// Begins a stream after a cursor, or anew.
    async fn open(server: &Server, owner: &Caller, after: Value) -> Self {
        Self::open_at(&server.public(), owner, after).await
    }

    async fn open_at(public: &str, owner: &Caller, after: Value) -> Self {
        let mut socket = Socket::signed_in(public, &owner.authorization).await;
        socket.subscribe("1", EVENTS, json!({ "after": after })).await;
        Self { socket }
    }

    /// A stream begun anew, with its snapshot read.
    async fn fresh(server: &Server, owner: &Caller) -> (Self, Value) {
        let mut stream = Self::open(server, owner, Value::Null).await;
        let snapshot = stream.next().await;
        assert_eq!(snapshot["__typename"], "AccountSnapshot");
        assert_eq!(snapshot["missedEvents"], false);
        (stream, snapshot)
    }

    async fn next(&mut self) -> Value {
        self.socket.data("accountEvents").await
    }

    /// Events until one satisfies the condition, that one included.
    async fn until(&mut self, what: &str, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            events.push(self.next().await);
            if is_last(&events[events.len() - 1]) {
                return events;
            }
            assert!(events.len() < 500, "{what} did not come: {events:?}");
        }
    }

    /// Fails when an event comes within the time given.
    async fn stays_silent(&mut self, time: Duration) {
        if let Some(heard) = self.socket.next_within(time).await {
            panic!("an event too many: {heard:?}");
        }
    }
}

/// The sequence numbers inside cursors, which only these tests look into: that they grow by one is
/// how a gap would show.
fn sequence(events: &[Value]) -> Vec<u64> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let number = |event: &Value| {
        let cursor = URL_SAFE_NO_PAD.decode(event["cursor"].as_str().expect("a cursor")).expect("base64");
        u64::from_be_bytes(cursor[9..17].try_into().expect("eight bytes"))
    };
    events.iter().map(number).collect()
}

/// Fails unless the events follow each other without gap or repeat.
fn assert_gapless(events: &[Value]) {
    let numbers = sequence(events);
    for pair in numbers.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "{numbers:?}");
    }
}

/// Changes the label of a key.
async fn rename(owner: &Caller, key: &Value, label: &str) {
    let document = "mutation($id: ID!, $label: String) { renameKey(input: { keyId: $id, label: $label }) {
        userErrors { code } } }";
    let answer = owner.run(document, json!({ "id": key, "label": label })).await.data();
    assert_eq!(answer["renameKey"]["userErrors"], json!([]));
}

fn closed(code: u16, reason: &str) -> Heard {
    Heard::Closed(code, reason.to_owned())
}

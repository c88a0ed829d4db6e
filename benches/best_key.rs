//! `bestKey` over GraphQL against the same answer over plain axum JSON, in one run.
//!
//! `cargo bench --bench best_key` starts a server with one key at a provider, and beside it a bare
//! axum handler that reads a JSON body and answers the very data that the server answered. Rounds of
//! both take turns, so that whatever else the machine does meets both. The ratio is the result;
//! rates by themselves depend on the machine. Two documents are asked with: one for the choice alone,
//! and one for all that explains it. The latter also with a text that is new every time, which shows
//! what the kept documents are worth. A word as an argument (`-- choice`) runs only the kinds whose
//! names have it, for a profiler.

mod stage;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpStream;

use self::stage::{CHOICE, ask, dispatcher, exchange, request, routed, say, serve};

const EXPLAINED: &str = "query Explained($route: RouteInput!) { bestKey(route: $route) { summary speedWeight
    choice { keyId provider { code } keyClass estimate } candidates { provider { code } score baseScore
    reliability bias cost solveSeconds successRate } } }";

/// Connections that ask at the same time.
const CONNECTIONS: usize = 8;

/// Length of a round, and how many there are of each kind.
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, _sandbox) = serve(folder.path()).await;
    let authorization = dispatcher(&app).await;
    let plainly = request("/best-key", &authorization, r#"{"route":{"taskType":"TURNSTILE"}}"#);
    let mut kinds = Vec::new();
    for (name, text) in [("choice", CHOICE), ("explained", EXPLAINED)] {
        let known = request("/graphql", &authorization, &routed(text));
        let answer = ask(app.public_addr(), &known).await;
        let answered: Value = serde_json::from_slice(&answer).expect("JSON");
        assert!(answered["data"]["bestKey"]["choice"]["keyId"].is_string(), "{answered}");
        let plain = plain(answered["data"].clone()).await;
        kinds.push((format!("{name}: plain axum JSON"), plain, Question::Same(plainly.clone())));
        kinds.push((format!("{name}: GraphQL"), app.public_addr(), Question::Same(known)));
    }
    kinds.push(("explained: GraphQL, new text".to_owned(), app.public_addr(), Question::Fresh(authorization)));
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let kinds: Vec<_> = kinds.into_iter().filter(|(name, ..)| name.contains(&wanted)).collect();
    let mut rates = vec![Vec::new(); kinds.len()];
    for _ in 0..ROUNDS {
        for (kind, rates) in kinds.iter().zip(&mut rates) {
            rates.push(round(kind.1, &kind.2).await);
        }
    }
    let middle = |mut rates: Vec<u64>| {
        rates.sort_unstable();
        rates[rates.len() / 2]
    };
    let rates: Vec<u64> = rates.into_iter().map(middle).collect();
    say(&format!("\n| kind | requests a second (median of {ROUNDS}) | of plain |\n|---|---|---|"));
    let mut plain = 1;
    for ((name, ..), rate) in kinds.iter().zip(rates) {
        if name.ends_with("JSON") {
            plain = rate;
        }
        say(&format!("| {name} | {rate} | {}.{:02} |", rate / plain, rate * 100 / plain % 100));
    }
    app.shutdown().await;
}

/// What is asked again and again.
enum Question {
    Same(Vec<u8>),
    Fresh(String),
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Question {
    fn next(&self) -> std::borrow::Cow<'_, [u8]> {
        match self {
            Self::Same(request) => request.into(),
            Self::Fresh(authorization) => {
                let text = format!("{EXPLAINED} # {}", NUMBER.fetch_add(1, Ordering::Relaxed));
                request("/graphql", authorization, &routed(&text)).into()
            }
        }
    }
}

/// Requests answered in a round, for each second.
async fn round(address: SocketAddr, question: &Question) -> u64 {
    let count = AtomicU64::new(0);
    let start = Instant::now();
    let clients = (0..CONNECTIONS).map(|_| async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        while start.elapsed() < ROUND {
            exchange(&mut stream, &question.next()).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    futures_util::future::join_all(clients).await;
    let nanos = u64::try_from(start.elapsed().as_nanos()).expect("a short time");
    count.load(Ordering::Relaxed) * 1_000_000_000 / nanos
}

/// A bare handler that answers the data given.
async fn plain(data: Value) -> SocketAddr {
    let data = Arc::new(data);
    let router = axum::Router::new().route(
        "/best-key",
        post(move |body: Bytes| {
            let data = data.clone();
            async move {
                let asked: Value = serde_json::from_slice(&body).expect("JSON");
                assert_eq!(asked["route"]["taskType"], "TURNSTILE");
                ([(CONTENT_TYPE, "application/json")], serde_json::to_vec(&*data).expect("JSON"))
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

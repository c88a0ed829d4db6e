//! `bestKey` over GraphQL against the same answer over plain axum JSON, in one run.
//!
//! `cargo bench --bench best_key` starts a server with one key at a provider, and beside it a bare
//! axum handler that reads a JSON body and answers the very data that the server answered. Rounds of
//! both take turns, so that whatever else the machine does meets both. The ratio is the result;
//! rates by themselves depend on the machine. A third row asks with a text that is new every time,
//! and so shows what the kept documents are worth.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use key_recycling::app::App;
use key_recycling::config::{self, Needs, Sources};
use key_recycling::domain::{Clock as _, OsEntropy, Scope, Scopes, SystemClock};
use key_recycling::identity::sign_init_data;
use key_recycling::vault::init_ring_file;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BOT_TOKEN: &str = "1234567890:bench-bot-token-made-up-for-the-bench";
const QUERY: &str = "query Best($route: RouteInput!) { bestKey(route: $route) { summary speedWeight
    choice { keyId provider { code } keyClass estimate } candidates { provider { code } score baseScore
    reliability bias cost solveSeconds successRate } } }";

/// Connections that ask at the same time.
const CONNECTIONS: usize = 8;

/// Length of a round, and how many there are of each kind.
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let (app, _sandbox) = serve(folder.path()).await;
    let token = app.identity.create_token("bench", Scopes::of(&[Scope::Dispatch]), None).await;
    let token = token.expect("the database works").expect("a token").token;
    let authorization = format!("Bearer {}", token.expose_secret());
    let body = |text: &str| json!({ "query": text, "variables": { "route": { "taskType": "TURNSTILE" } } }).to_string();
    let known = request("/graphql", &authorization, &body(QUERY));
    let answer = ask(app.public_addr(), &known).await;
    let answered: Value = serde_json::from_slice(&answer).expect("JSON");
    assert!(answered["data"]["bestKey"]["choice"]["keyId"].is_string(), "{answered}");
    let plain = plain(answered["data"].clone()).await;
    let kinds: [(&str, SocketAddr, Question); 3] = [
        (
            "plain axum JSON",
            plain,
            Question::Same(request("/best-key", &authorization, r#"{"route":{"taskType":"TURNSTILE"}}"#)),
        ),
        ("GraphQL, known text", app.public_addr(), Question::Same(known)),
        ("GraphQL, new text", app.public_addr(), Question::Fresh(authorization.clone())),
    ];
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (kind, rates) in kinds.iter().zip(&mut rates) {
            rates.push(round(kind.1, &kind.2).await);
        }
    }
    let middle = |rates: &mut Vec<u64>| {
        rates.sort_unstable();
        rates[rates.len() / 2]
    };
    let rates = rates.each_mut().map(middle);
    say(&format!("\n| kind | requests a second (median of {ROUNDS}) | of plain |\n|---|---|---|"));
    for ((name, ..), rate) in kinds.iter().zip(rates) {
        say(&format!("| {name} | {rate} | {}.{:02} |", rate / rates[0], rate * 100 / rates[0] % 100));
    }
    app.shutdown().await;
}

/// A line for people.
fn say(line: &str) {
    // Without anybody reading there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
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
                let text = format!("{QUERY} # {}", NUMBER.fetch_add(1, Ordering::Relaxed));
                let body = json!({ "query": text, "variables": { "route": { "taskType": "TURNSTILE" } } });
                request("/graphql", authorization, &body.to_string()).into()
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

fn request(path: &str, authorization: &str, body: &str) -> Vec<u8> {
    let mut text = format!("POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n");
    write!(text, "authorization: {authorization}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("a string");
    text.into_bytes()
}

async fn ask(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    exchange(&mut TcpStream::connect(address).await.expect("a connection"), request).await
}

/// Sends a request and reads its answer's body.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).await.expect("it is sent");
    let mut read = Vec::with_capacity(4096);
    loop {
        assert!(stream.read_buf(&mut read).await.expect("an answer") > 0, "the connection ended");
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&read[..end]).expect("a head is text");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        let length: usize = length.parse().expect("a number");
        if read.len() == end + 4 + length {
            return read.split_off(end + 4);
        }
    }
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

/// A server with one key at one provider, in a folder.
async fn serve(folder: &Path) -> (App, sandbox::Sandbox) {
    let options = sandbox::Options { listen: ([127, 0, 0, 1], 0).into(), seed: 7, tls: None };
    let sandbox = sandbox::start(options).await.expect("the sandbox starts");
    let provider = "two_captcha".parse().expect("a provider");
    let (ring, token) = (folder.join("ring.toml"), folder.join("bot-token"));
    init_ring_file(&ring, &SystemClock, &OsEntropy).expect("a ring is made");
    std::fs::write(&token, BOT_TOKEN).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&token, mode).expect("its mode is set");
    let address = format!("http://{}", sandbox.provider(provider));
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[gateway]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [database]\nurl = \"sqlite:{}\"\n[vault]\nring_file = \"{}\"\n[telegram]\nbot_token_file = \"{}\"\n\
         [providers.two_captcha]\nbase_url = \"{address}\"\nlegacy_base_url = \"{address}\"\n",
        folder.join("bench.sqlite").display(),
        ring.display(),
        token.display(),
    );
    let file = folder.join("key-recycling.toml");
    std::fs::write(&file, text).expect("a file");
    let sources = Sources { file: Some(file), ..Sources::default() };
    let config = config::load(&sources, Needs::SERVER).unwrap_or_else(|faults| panic!("{faults}")).config;
    let app = App::start_at(&config, Arc::new(SystemClock)).await.expect("the server starts");
    hand_over_key(&app, &sandbox).await;
    (app, sandbox)
}

/// An owner hands a key over, and it is there to be lent.
async fn hand_over_key(app: &App, sandbox: &sandbox::Sandbox) {
    let key = "0123456789abcdef".repeat(2);
    let books = format!("http://{}/admin/two_captcha/keys/{key}", sandbox.base());
    #[expect(clippy::disallowed_methods, reason = "an outside caller")]
    let client = reqwest::Client::new();
    let made = client.put(books).header(CONTENT_TYPE, "application/json").body(r#"{"balance":"5"}"#).send().await;
    assert!(made.expect("the sandbox answers").status().is_success());
    let owner = format!("tma {}", sign_init_data(&BOT_TOKEN.into(), 7_000_000_001, SystemClock.now()));
    let query =
        format!("mutation {{ submitKey(input: {{ provider: TWO_CAPTCHA, key: \"{key}\" }}) {{ key {{ status }} }} }}");
    let answer = ask(app.public_addr(), &request("/graphql", &owner, &json!({ "query": query }).to_string())).await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["data"]["submitKey"]["key"]["status"], "ACTIVE", "{answer}");
}

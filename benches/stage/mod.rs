//! What the benches share: a server with one key at a provider, and requests to it byte by byte.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
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

/// The choice alone, as a dispatcher asks for it.
pub(crate) const CHOICE: &str = "query Choice($route: RouteInput!) { bestKey(route: $route) {
    choice { keyId provider { code } keyClass estimate } } }";

/// A line for people.
pub(crate) fn say(line: &str) {
    // Without anybody reading there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What a new dispatcher sends as `Authorization`.
pub(crate) async fn dispatcher(app: &App) -> String {
    let token = app.identity.create_token("bench", Scopes::of(&[Scope::Dispatch]), None).await;
    let token = token.expect("the database works").expect("a token").token;
    format!("Bearer {}", token.expose_secret())
}

/// What an owner sends as `Authorization`.
pub(crate) fn owner(telegram_user: i64) -> String {
    format!("tma {}", sign_init_data(&BOT_TOKEN.into(), telegram_user, SystemClock.now()))
}

/// The body of a request for a route.
pub(crate) fn routed(text: &str) -> String {
    json!({ "query": text, "variables": { "route": { "taskType": "TURNSTILE" } } }).to_string()
}

/// A request as it goes over the wire.
pub(crate) fn request(path: &str, authorization: &str, body: &str) -> Vec<u8> {
    let mut text = format!("POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n");
    write!(text, "authorization: {authorization}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("a string");
    text.into_bytes()
}

/// Sends a request on a connection of its own and reads its answer's body.
pub(crate) async fn ask(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    exchange(&mut TcpStream::connect(address).await.expect("a connection"), request).await
}

/// Sends a request and reads its answer's body.
pub(crate) async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Vec<u8> {
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

/// A server with one key at one provider, in a folder.
pub(crate) async fn serve(folder: &Path) -> (App, sandbox::Sandbox) {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
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
    let owner = owner(7_000_000_001);
    let query =
        format!("mutation {{ submitKey(input: {{ provider: TWO_CAPTCHA, key: \"{key}\" }}) {{ key {{ status }} }} }}");
    let answer = ask(app.public_addr(), &request("/graphql", &owner, &json!({ "query": query }).to_string())).await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["data"]["submitKey"]["key"]["status"], "ACTIVE", "{answer}");
}

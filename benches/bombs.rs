//! What small documents that ask for much cost the server and everybody else, in one run.
//!
//! `cargo bench --bench bombs` asks for the best key again and again, first in quiet, then while
//! another client throws every bomb of the tests, one after the other without a pause. It reports the
//! time until each bomb is answered, by how much the process has grown at its largest, and what the
//! asking felt like. Answers are held against nothing here; the tests do that.

#[path = "../tests/it/wire/bombs/documents.rs"]
mod documents;
mod stage;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;

use self::stage::{CHOICE, ask, dispatcher, exchange, owner, request, routed, say, serve};

/// How often all bombs are thrown.
const ROUNDS: i64 = 5;

/// How long is asked in quiet.
const QUIET: Duration = Duration::from_secs(5);

/// Between a request for the best key and the next.
const PAUSE: Duration = Duration::from_millis(2);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, _sandbox) = serve(folder.path()).await;
    let question = request("/graphql", &dispatcher(&app).await, &routed(CHOICE));
    let address = app.public_addr();
    let over = AtomicBool::new(false);
    let (quiet, ()) = tokio::join!(feel(address, &question, &over), async {
        tokio::time::sleep(QUIET).await;
        over.store(true, Ordering::Relaxed);
    });
    // From here on the kernel's mark of the largest size is of what is now.
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux keeps such a mark");
    let before = kibibytes("VmRSS:");
    over.store(false, Ordering::Relaxed);
    let (beside, bombs) = tokio::join!(feel(address, &question, &over), async {
        let bombs = throw(address).await;
        over.store(true, Ordering::Relaxed);
        bombs
    });
    let grown = kibibytes("VmHWM:").saturating_sub(before);
    say(&format!("\n{} bombs, each {ROUNDS} times", bombs.len() / usize::try_from(ROUNDS).expect("a few")));
    let slowest = bombs.iter().max().expect("there are bombs");
    say(&format!("slowest answer {:.1?} ({})", slowest.0, slowest.1));
    say(&format!("grown by {}.{} MiB at the most", grown / 1024, grown % 1024 * 10 / 1024));
    for (name, times) in [("quiet", quiet), ("beside bombs", beside)] {
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        say(&format!("best key, {name}: p50 {:.2?}, p99 {:.2?} of {}", at(50), at(99), times.len()));
    }
    app.shutdown().await;
}

/// How long each of many questions takes until it is `over`, in order of length.
async fn feel(address: SocketAddr, question: &[u8], over: &AtomicBool) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let start = Instant::now();
        exchange(&mut stream, question).await;
        times.push(start.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    times.sort_unstable();
    times
}

/// Throws every bomb, each by an owner of its own, and says how long its answer took.
async fn throw(address: SocketAddr) -> Vec<(Duration, &'static str)> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        for ((name, query, variables), number) in documents::bombs().into_iter().zip(0_i64..) {
            let body = json!({ "query": query, "variables": variables }).to_string();
            let request = request("/graphql", &owner(6_000_000_000 + round * 1_000 + number), &body);
            let start = Instant::now();
            ask(address, &request).await;
            times.push((start.elapsed(), name));
        }
    }
    times
}

/// A figure of this process, as Linux counts it.
fn kibibytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the figure is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

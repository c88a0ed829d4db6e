//! Log lines and metrics.
//!
//! Whatever filter is asked for, nothing passes that could hold a provider key or a password: the
//! HTTP libraries print headers and bodies at their finer levels, the database libraries print
//! addresses and values. What is logged and counted is the business of the parts.

use std::fs::File;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// Libraries whose finer levels print what has to stay inside: headers and bodies (HTTP), messages
/// (WebSocket), documents (GraphQL), addresses and values (database).
const TALKATIVE: [&str; 16] = [
    "async_graphql",
    "axum",
    "h2",
    "http",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "sea_orm",
    "sea_orm_migration",
    "sea_query",
    "sqlx",
    "sqlx_core",
    "tokio_tungstenite",
    "tower_http",
    "tungstenite",
];

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Where log lines go.
#[derive(Debug)]
pub enum Target {
    /// Standard error.
    StandardError {
        /// Whether lines are coloured.
        color: bool,
    },
    /// A file.
    File(File),
}

/// Starts the log of this process.
///
/// # Errors
/// A log was started before.
pub fn start(format: Format, filter: &str, target: Target) -> Result<(), TryInitError> {
    // The configuration has judged the directives; what still fails here falls back to the default.
    let asked = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let (writer, color) = match target {
        Target::StandardError { color } => (BoxMakeWriter::new(std::io::stderr), color),
        Target::File(file) => (BoxMakeWriter::new(Mutex::new(file)), false),
    };
    log(format, asked, writer, color).try_init()
}

/// What writes the lines that are asked for, as far as they may be written.
fn log(format: Format, asked: EnvFilter, writer: BoxMakeWriter, color: bool) -> impl Subscriber + Send + Sync {
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(color);
    let layer = match format {
        Format::Pretty => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let harmless = filter_fn(|metadata: &Metadata<'_>| is_harmless(metadata.target(), *metadata.level()));
    tracing_subscriber::registry().with(layer.with_filter(harmless).with_filter(asked))
}

/// Whether standard error is a terminal.
#[must_use]
pub fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether a line or span of this origin may ever be written.
fn is_harmless(target: &str, level: Level) -> bool {
    let library = target.split("::").next().unwrap_or(target);
    // `sqlx::query` reports slow statements as warnings, with their text but without values.
    level <= Level::WARN || !TALKATIVE.contains(&library)
}

/// The counters and gauges of this process.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
}

impl Metrics {
    /// An empty registry whose names begin with `key_recycling_`.
    #[must_use]
    pub fn new() -> Self {
        Self { registry: Arc::new(Mutex::new(Registry::with_prefix("key_recycling"))) }
    }

    /// A new counter; its name gets `_total` at its end.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.register(name, help, counter.clone());
        counter
    }

    /// A new gauge.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.register(name, help, gauge.clone());
        gauge
    }

    /// Takes any metric up, such as a family with labels or a histogram.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register(name, help, metric);
    }

    /// Everything in the `OpenMetrics` text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if prometheus_client::encoding::text::encode(&mut text, &registry).is_err() {
            // Writing to a String fails only when a metric's own encoder does.
            tracing::error!("a metric cannot be written");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn what_could_hold_a_key_is_never_written() {
        for (target, level) in [
            ("sea_orm::driver::sqlx_postgres", Level::TRACE),
            ("sea_orm", Level::INFO),
            ("sqlx::query", Level::DEBUG),
            ("hyper::proto::h1::io", Level::TRACE),
            ("reqwest::connect", Level::DEBUG),
            ("h2::codec::framed_write", Level::DEBUG),
            ("tungstenite::protocol", Level::TRACE),
        ] {
            assert!(!is_harmless(target, level), "{target} {level}");
        }
        for (target, level) in [
            ("key_recycling::jobs", Level::TRACE),
            ("sqlx::query", Level::WARN),
            ("hyper::server", Level::ERROR),
            ("hyperfast", Level::DEBUG),
        ] {
            assert!(is_harmless(target, level), "{target} {level}");
        }
    }

    #[test]
    fn finer_lines_of_talkative_libraries_are_dropped_although_asked_for() {
        for target in TALKATIVE.iter().flat_map(|name| [(*name).to_owned(), format!("{name}::inner")]) {
            for level in [Level::INFO, Level::DEBUG, Level::TRACE] {
                assert!(!is_harmless(&target, level), "{target} {level}");
            }
        }
        let file = tempfile::tempfile().expect("a file");
        let written = file.try_clone().expect("the same file");
        let log = log(Format::Json, EnvFilter::new("trace"), BoxMakeWriter::new(Mutex::new(file)), false);
        tracing::subscriber::with_default(log, || {
            tracing::trace!("ours");
            tracing::trace!(target: "hyper::proto::h1::io", "a header");
            tracing::trace!(target: "sqlx::query", "a value");
            tracing::trace!(target: "tungstenite::protocol", "a message");
        });
        let mut text = [0; 4096];
        let length = written.read_at(&mut text, 0).expect("the file is read");
        let lines: Vec<_> = String::from_utf8_lossy(&text[..length]).lines().map(str::to_owned).collect();
        assert!(lines.len() == 1 && lines[0].contains("TRACE") && lines[0].contains("ours"), "{lines:?}");
    }

    #[test]
    fn metrics_are_rendered_as_openmetrics() {
        let metrics = Metrics::new();
        metrics.counter("attempts", "Attempts opened").inc_by(3);
        metrics.gauge("keys", "Keys in the pool").set(-2);
        let text = metrics.render();
        assert!(text.contains("key_recycling_attempts_total 3\n"), "{text}");
        assert!(text.contains("# HELP key_recycling_keys Keys in the pool.\n"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}

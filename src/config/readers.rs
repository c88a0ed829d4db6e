//! How one setting's text becomes a value, and how the rule is told to people.
//!
//! A reader answers `None` and nothing else about a text it refuses: the text may hold a password,
//! so no fault ever quotes it.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use url::Url;

use crate::domain::{Secret, Usd};

/// Reads the text of one setting.
pub(super) trait Reader {
    /// What comes of it.
    type Value;

    /// Whether TOML writes it without quotes.
    const BARE: bool = false;

    /// The value of the text, `None` when it breaks the rule.
    fn read(&self, text: &str) -> Option<Self::Value>;

    /// The rule in words that complete "has to be …".
    fn rule(&self) -> String;

    /// The value of a setting that nothing sets and that has no default.
    fn absent(&self) -> Option<Self::Value> {
        None
    }

    /// How a value in force is shown.
    fn shown(&self, text: &str) -> String {
        text.to_owned()
    }
}

/// A setting that may be left out.
pub(super) struct Maybe<R>(pub(super) R);

impl<R: Reader> Reader for Maybe<R> {
    type Value = Option<R::Value>;

    const BARE: bool = R::BARE;

    fn read(&self, text: &str) -> Option<Self::Value> {
        self.0.read(text).map(Some)
    }

    fn rule(&self) -> String {
        self.0.rule()
    }

    fn absent(&self) -> Option<Self::Value> {
        Some(None)
    }

    fn shown(&self, text: &str) -> String {
        self.0.shown(text)
    }
}

/// Address and port of a listener.
pub(super) struct Address;

impl Reader for Address {
    type Value = SocketAddr;

    fn read(&self, text: &str) -> Option<SocketAddr> {
        text.parse().ok()
    }

    fn rule(&self) -> String {
        "an IP address with a port, such as 127.0.0.1:8080".to_owned()
    }
}

/// An http(s) origin, with or without a path.
pub(super) struct Origin {
    path_allowed: bool,
}

/// Scheme, host and port alone.
pub(super) const ORIGIN: Origin = Origin { path_allowed: false };
/// An address under which calls are made.
pub(super) const BASE_ADDRESS: Origin = Origin { path_allowed: true };

impl Reader for Origin {
    type Value = Url;

    fn read(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        (is_plain && (self.path_allowed || url.path() == "/")).then_some(url)
    }

    fn rule(&self) -> String {
        if self.path_allowed {
            "an http or https address without a query, such as https://api.example.com".to_owned()
        } else {
            "an http or https origin without a path, such as https://keys.example.com".to_owned()
        }
    }
}

/// On or off.
pub(super) struct Switch;

impl Reader for Switch {
    type Value = bool;

    const BARE: bool = true;

    fn read(&self, text: &str) -> Option<bool> {
        text.parse().ok()
    }

    fn rule(&self) -> String {
        "true or false".to_owned()
    }
}

/// A setting with a fixed set of words.
pub(super) trait Choice: Copy + 'static {
    /// Every value with its word.
    const WORDS: &'static [(&'static str, Self)];
}

/// One of the words of a [`Choice`].
pub(super) struct OneOf<C>(PhantomData<C>);

impl<C> OneOf<C> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: Choice> Reader for OneOf<C> {
    type Value = C;

    fn read(&self, text: &str) -> Option<C> {
        C::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    fn rule(&self) -> String {
        let words: Vec<&str> = C::WORDS.iter().map(|(word, _)| *word).collect();
        format!("one of {}", words.join(", "))
    }
}

/// A length of time between two bounds.
pub(super) struct Span {
    least: Duration,
    most: Duration,
}

/// A length of time from so many to so many seconds.
pub(super) const fn seconds(least: u64, most: u64) -> Span {
    millis(least * 1_000, most * 1_000)
}

/// A length of time from so many to so many milliseconds.
pub(super) const fn millis(least: u64, most: u64) -> Span {
    Span { least: Duration::from_millis(least), most: Duration::from_millis(most) }
}

impl Reader for Span {
    type Value = Duration;

    fn read(&self, text: &str) -> Option<Duration> {
        parse_span(text).filter(|span| (self.least..=self.most).contains(span))
    }

    fn rule(&self) -> String {
        format!("a duration with a unit from {} to {}", span_text(self.least), span_text(self.most))
    }
}

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a duration such as `10s`, `1h30m` or `250ms`; `None` without a unit.
#[must_use]
pub fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut millis = 0_u64;
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        millis = number.parse::<u64>().ok()?.checked_mul(*factor)?.checked_add(millis)?;
        rest = tail;
    }
    Some(Duration::from_millis(millis))
}

/// Writes a duration in the largest unit that divides it.
#[must_use]
pub fn span_text(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let fitting = UNITS.iter().rev().find(|(_, factor)| millis.is_multiple_of(*factor) && millis >= *factor);
    fitting.map_or_else(|| format!("{millis}ms"), |(unit, factor)| format!("{}{unit}", millis / factor))
}

/// A whole number between two bounds.
pub(super) struct Count<N> {
    least: u64,
    most: u64,
    number: PhantomData<N>,
}

/// A whole number from `least` to `most`.
pub(super) const fn count<N>(least: u64, most: u64) -> Count<N> {
    Count { least, most, number: PhantomData }
}

impl<N: TryFrom<u64>> Reader for Count<N> {
    type Value = N;

    const BARE: bool = true;

    fn read(&self, text: &str) -> Option<N> {
        let number = text.parse::<u64>().ok().filter(|number| (self.least..=self.most).contains(number))?;
        N::try_from(number).ok()
    }

    fn rule(&self) -> String {
        format!("a whole number from {} to {}", self.least, self.most)
    }
}

/// An amount of dollars above zero.
pub(super) struct Amount;

impl Reader for Amount {
    type Value = Usd;

    fn read(&self, text: &str) -> Option<Usd> {
        text.parse().ok().filter(|amount: &Usd| amount.is_positive())
    }

    fn rule(&self) -> String {
        "a decimal amount of dollars above zero in quotes, such as \"0.003\"".to_owned()
    }
}

/// Path of a file.
pub(super) struct File;

impl Reader for File {
    type Value = PathBuf;

    fn read(&self, text: &str) -> Option<PathBuf> {
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    fn rule(&self) -> String {
        "the path of a file".to_owned()
    }
}

/// Directives of the log filter.
pub(super) struct Directives;

impl Reader for Directives {
    type Value = String;

    fn read(&self, text: &str) -> Option<String> {
        tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned())
    }

    fn rule(&self) -> String {
        "a log filter such as info or info,key_recycling=debug".to_owned()
    }
}

/// Where the database is; it may hold a password, so it is never printed as it stands.
pub struct DatabaseUrl(Secret);

impl DatabaseUrl {
    /// The address with its password, for the one place that connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it names a SQLite file.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.expose().starts_with("sqlite:")
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&without_password(self.expose()))
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&without_password(self.expose()))
    }
}

/// Address of a database.
pub(super) struct Database;

impl Reader for Database {
    type Value = DatabaseUrl;

    fn read(&self, text: &str) -> Option<DatabaseUrl> {
        let is_sqlite = text.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty());
        let is_postgres =
            Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql") && url.has_host());
        (is_sqlite || is_postgres).then(|| DatabaseUrl(Secret::from(text)))
    }

    fn rule(&self) -> String {
        "sqlite:FILE or postgres://USER@HOST/NAME".to_owned()
    }

    fn shown(&self, text: &str) -> String {
        without_password(text)
    }
}

fn without_password(text: &str) -> String {
    if text.starts_with("sqlite:") {
        return text.to_owned();
    }
    let Ok(mut url) = Url::parse(text) else { return "set".to_owned() };
    // A query may carry a password as well; its names alone tell nothing of use.
    url.set_query(None);
    if url.password().is_some() && url.set_password(Some("set")).is_err() {
        return "set".to_owned();
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_their_unit() {
        for (text, millis) in
            [("5m", 300_000), ("10s", 10_000), ("1h30m", 5_400_000), ("250ms", 250), ("7d", 604_800_000)]
        {
            assert_eq!(parse_span(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "m", "5 m", "-5m", "5min", "1.5h", "99999999999999999999s", "99999999999999999d"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
        assert_eq!(span_text(Duration::from_secs(90)), "90s");
        assert_eq!(span_text(Duration::from_secs(86_400)), "1d");
        assert_eq!(span_text(Duration::ZERO), "0ms");
    }

    #[test]
    fn a_database_password_is_not_shown() {
        let url = Database.read("postgres://app:hunter2@db.example/keys?password=hunter2").expect("an address");
        assert_eq!(url.to_string(), "postgres://app:set@db.example/keys");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert!(Database.read("mysql://db.example/keys").is_none());
        assert!(Database.read("sqlite:").is_none());
    }

    #[test]
    fn origins_have_no_path() {
        assert!(ORIGIN.read("https://keys.example.com").is_some());
        for text in ["https://keys.example.com/app", "ftp://x", "keys.example.com", "https://a:b@x", "http://x/?q"] {
            assert!(ORIGIN.read(text).is_none(), "{text}");
        }
        assert!(BASE_ADDRESS.read("http://127.0.0.1:8083/capsolver").is_some());
    }
}

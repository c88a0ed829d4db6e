//! Every setting there is: its section, name, type, default, rule and description.
//!
//! This is the one table. The typed sections, the names in files and in the environment, the
//! commented example and the reference table all come from it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::domain::Usd;

use super::readers::{
    Address, Amount, BASE_ADDRESS, Choice, Database, DatabaseUrl, Directives, File, Maybe, ORIGIN, OneOf, Switch,
    count, millis, seconds,
};
use super::table::{Row, Values};

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl Choice for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        }
    )*};
}

choices! {
    /// Who may ask the API about itself.
    Introspection {
        /// Nobody.
        None = "none",
        /// Services only.
        Services = "services",
        /// Owners too.
        All = "all",
    }
    /// Whose requests have to be trusted documents.
    TrustedDocuments {
        /// Nobody's.
        Off = "off",
        /// Those of owners.
        Owners = "owners",
    }
    /// How log lines are written.
    LogFormat {
        /// For people on a terminal, JSON elsewhere.
        Auto = "auto",
        /// For people.
        Pretty = "pretty",
        /// For programs.
        Json = "json",
    }
}

/// Declares the sections: the typed structures and their rows in the table.
macro_rules! sections {
    ($(
        $(#[doc = $section_doc:literal])*
        $section:ident {
            $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr, $reader:expr;)*
        }
    )*) => {$(
        $(#[doc = $section_doc])*
        #[derive(Debug)]
        pub struct $section { $($(#[doc = $doc])+ pub $key: $type),* }

        impl $section {
            pub(super) fn rows(section: &str, rows: &mut Vec<Row>) {
                $(
                    rows.push(Row::new(section, stringify!($key), $default, &$reader, &[$($doc),+]));
                )*
            }

            pub(super) fn read(section: &str, values: &mut Values<'_>) -> Option<Self> {
                $(
                    let $key = values.take(section, stringify!($key), $default, &$reader);
                )*
                Some(Self { $($key: $key?),* })
            }
        }
    )*};
}

sections! {
    /// The public listener: GraphQL over HTTP and WebSocket.
    Server {
        /// Where the public listener listens.
        listen: SocketAddr = Some("127.0.0.1:8080"), Address;
        /// Origin under which people reach it.
        public_url: Url = Some("http://127.0.0.1:8080"), ORIGIN;
        /// Whether /graphiql is served.
        graphiql: bool = Some("false"), Switch;
        /// Who may ask the API about itself: none, services or all.
        introspection: Introspection = Some("services"), OneOf::<Introspection>::new();
        /// Whose requests have to be trusted documents, the Mini App's own operations: off or owners.
        trusted_documents: TrustedDocuments = Some("off"), OneOf::<TrustedDocuments>::new();
        /// How long a shutdown waits for what is under way.
        shutdown_grace: Duration = Some("20s"), seconds(1, 600);
    }

    /// The listener that speaks the providers' own protocols.
    Gateway {
        /// Where the gateway listens.
        listen: SocketAddr = Some("127.0.0.1:8081"), Address;
        /// Origin that leases answer as endpoint.
        public_url: Url = Some("http://127.0.0.1:8081"), ORIGIN;
        /// Certificate chain (PEM) for TLS; some client packages insist on https.
        tls_certificate_file: Option<PathBuf> = None, Maybe(File);
        /// Private key (PEM) of the certificate.
        tls_key_file: Option<PathBuf> = None, Maybe(File);
    }

    /// The listener for operators.
    Admin {
        /// Where /metrics, /healthz and /readyz are served.
        listen: SocketAddr = Some("127.0.0.1:8082"), Address;
    }

    /// The database.
    DatabaseSettings {
        /// sqlite:FILE for one server, postgres://USER@HOST/NAME for several.
        url: DatabaseUrl = Some("sqlite:data/key-recycling.sqlite"), Database;
        /// Most connections that read at once.
        connections: u32 = Some("8"), count::<u32>(1, 256);
    }

    /// The key ring; the ring itself is a secret.
    VaultSettings {
        /// File that holds the key ring; made by: key-recycling vault init FILE.
        ring_file: Option<PathBuf> = None, Maybe(File);
    }

    /// The Telegram bot whose Mini App owners use; the bot's token is a secret.
    Telegram {
        /// File that holds the bot's token from @BotFather.
        bot_token_file: Option<PathBuf> = None, Maybe(File);
        /// How long a login is good.
        login_max_age: Duration = Some("24h"), seconds(60, 604_800);
        /// How far ahead of this machine's clock a login may be dated.
        clock_skew: Duration = Some("60s"), seconds(0, 60);
    }

    /// Keys handed over by owners.
    Keys {
        /// How long submitKey waits for the provider's verdict.
        validation_wait: Duration = Some("10s"), seconds(0, 30);
        /// Pause between two checks of one key by its owner.
        check_cooldown: Duration = Some("30s"), seconds(1, 3_600);
        /// Most keys of one account.
        per_account: u64 = Some("100"), count::<u64>(1, 100_000);
        /// Most submissions of one account in an hour.
        submissions_per_hour: u32 = Some("20"), count::<u32>(1, 10_000);
        /// Most balance checks by one account in an hour; beyond it the figure at hand is the answer.
        checks_per_hour: u32 = Some("200"), count::<u32>(1, 100_000);
    }

    /// Reading balances.
    Sync {
        /// Time between two readings of a key.
        interval: Duration = Some("5m"), seconds(1, 3_600);
        /// Longest time between two readings of a depleted key.
        depleted_interval_max: Duration = Some("6h"), seconds(1, 86_400);
    }

    /// Choosing a key for a task.
    Routing {
        /// Most that an own key's balance adds to a score, in percent.
        bias_cap_percent: u32 = Some("15"), count::<u32>(0, 100);
        /// Age at which an observation counts half.
        statistics_half_life: Duration = Some("1h"), seconds(60, 604_800);
    }

    /// Leases and the attempts behind them.
    Leases {
        /// How long a lease may stay unused.
        lifetime: Duration = Some("60s"), seconds(5, 600);
        /// Most leases a service may hold open.
        open_per_service: u64 = Some("1000"), count::<u64>(1, 1_000_000);
        /// When an attempt of unknown outcome goes to an operator.
        review_after: Duration = Some("11m"), seconds(60, 86_400);
    }

    /// Credits.
    LedgerSettings {
        /// Highest amount of one deposit or payment, in dollars.
        amount_max: Usd = Some("10000"), Amount;
        /// Accounts that are recomputed at each start.
        audit_sample: u64 = Some("1000"), count::<u64>(0, 1_000_000_000);
    }

    /// Events for live streams.
    Events {
        /// How long events can be replayed.
        retention: Duration = Some("7d"), seconds(3_600, 31_536_000);
    }

    /// Limits on what one request may ask for.
    Limits {
        /// Largest request body, in KiB.
        body_kib: usize = Some("64"), count::<usize>(1, 1_024);
        /// Highest cost of a document.
        cost: u64 = Some("5000"), count::<u64>(1, 1_000_000);
        /// Deepest nesting of fields.
        depth: u32 = Some("12"), count::<u32>(1, 100);
        /// Most aliases.
        aliases: u32 = Some("30"), count::<u32>(0, 10_000);
        /// Most tokens.
        tokens: u32 = Some("2000"), count::<u32>(10, 100_000);
        /// Most sockets of one owner.
        sockets_per_owner: u32 = Some("5"), count::<u32>(1, 10_000);
        /// Most operations on one socket.
        operations_per_socket: u32 = Some("20"), count::<u32>(1, 10_000);
        /// Most requests and sockets without a good login from one address (of IPv6, one /64) in a minute. Behind
        /// a proxy all share its address.
        unauthenticated_per_minute: u32 = Some("600"), count::<u32>(1, 1_000_000);
    }

    /// The log on standard error.
    Log {
        /// auto, pretty or json; auto is pretty on a terminal and JSON elsewhere.
        format: LogFormat = Some("auto"), OneOf::<LogFormat>::new();
        /// What is logged, as tracing directives.
        filter: String = Some("info"), Directives;
    }

    /// One provider; what is left out comes from the catalogue.
    Provider {
        /// Whether the provider is used.
        enabled: bool = Some("true"), Switch;
        /// Address of its JSON protocol.
        base_url: Option<Url> = None, Maybe(BASE_ADDRESS);
        /// Address of its in.php and res.php.
        legacy_base_url: Option<Url> = None, Maybe(BASE_ADDRESS);
        /// Most calls in a second.
        requests_per_second: Option<u32> = None, Maybe(count::<u32>(1, 100_000));
        /// Most calls at once.
        concurrency: Option<usize> = None, Maybe(count::<usize>(1, 10_000));
        /// A balance below this counts as used up, in dollars.
        dust: Option<Usd> = None, Maybe(Amount);
        /// Highest believable cost of one task, in dollars.
        max_cost: Option<Usd> = None, Maybe(Amount);
        /// Pause before and between looks for a result, in place of the catalogue's.
        poll_interval: Option<Duration> = None, Maybe(millis(100, 60_000));
        /// Nano-dollars that one token is worth; without it the provider's keys are not lent.
        nano_usd_per_token: Option<u64> = None, Maybe(count::<u64>(1, 1_000_000_000_000));
    }
}

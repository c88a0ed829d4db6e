//! The server under test, in this process, on ports of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use key_recycling::app::{App, Parts};
use key_recycling::config::{self, Config, Needs, Sources};
use key_recycling::domain::clock::SharedClock;
use key_recycling::domain::{Clock, OsEntropy, Scope, Scopes, SystemClock};
use key_recycling::identity::sign_init_data;
use key_recycling::store::{DatabaseSettings, Store};
use key_recycling::vault::init_ring_file;

use super::caller::http_client;
use super::clock::MovedClock;
use super::database::Database;
use super::sandbox::SLUGS;
use super::{Caller, Providers, eventually};

/// The bot token of the tests.
pub(crate) const BOT_TOKEN: &str = "1234567890:test-bot-token-made-up-for-the-tests";

/// How long the server's claim on a reading stands.
const CLAIM: Duration = Duration::from_secs(60);

/// A running server with the providers it talks to.
pub(crate) struct Server {
    pub(crate) app: Option<App>,
    pub(crate) providers: Providers,
    pub(crate) database: Database,
    pub(crate) clock: MovedClock,
    config: Config,
}

impl Server {
    /// A server with quick readings and polls, and room for many submissions.
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, "").await
    }

    /// The same with more lines of configuration.
    pub(crate) async fn start_with(database: Database, more: &str) -> Self {
        Self::start_edited(database, |text| format!("{text}{more}")).await
    }

    /// The same over a configuration that was edited.
    pub(crate) async fn start_edited(database: Database, edit: impl FnOnce(String) -> String) -> Self {
        let providers = Providers::start().await;
        let config = configuration(&database, &providers, edit);
        if !database.is_sqlite() {
            migrate(&database).await;
        }
        let clock = MovedClock::default();
        let app = App::start_at(&config, Arc::new(clock.clone())).await.expect("the server starts");
        Self { app: Some(app), providers, database, clock, config }
    }

    /// Ends the server in order and starts it again over the same database.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let app = App::start_at(&self.config, Arc::new(self.clock.clone())).await.expect("the server starts again");
        self.app = Some(app);
    }

    /// A second server over the same database, which has to be PostgreSQL.
    pub(crate) async fn second(&self) -> App {
        App::start_at(&self.config, Arc::new(self.clock.clone())).await.expect("a second server starts")
    }

    /// What works beside the server over the same database and the same ring, without its jobs.
    pub(crate) async fn parts(&self) -> Parts {
        Parts::open(&self.config).await.expect("the parts open")
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            app.shutdown().await;
        }
    }

    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().expect("the server runs")
    }

    pub(crate) fn public(&self) -> String {
        format!("http://{}", self.app().public_addr())
    }

    pub(crate) fn gateway(&self) -> String {
        format!("http://{}", self.app().gateway_addr())
    }

    /// A Telegram user, signed in.
    pub(crate) fn owner(&self, telegram_user_id: i64) -> Caller {
        let init_data = sign_init_data(&BOT_TOKEN.into(), telegram_user_id, self.clock.now());
        Caller::new(&self.public(), format!("tma {init_data}"))
    }

    /// A service with a token of the scopes given.
    pub(crate) async fn service(&self, name: &str, scopes: &[Scope]) -> Caller {
        use secrecy::ExposeSecret;
        let made = self.app().identity.create_token(name, Scopes::of(scopes), None).await;
        let token = made.expect("the database works").expect("a token is made").token;
        Caller::new(&self.public(), format!("Bearer {}", token.expose_secret()))
    }

    /// What a metric says of a provider.
    pub(crate) async fn metric(&self, name: &str, slug: &str) -> Option<u64> {
        let url = format!("http://{}/metrics", self.app().admin_addr());
        let text = http_client().get(url).send().await.expect("metrics").text().await.expect("a text");
        let line = format!("{name}{{provider=\"{slug}\"}} ");
        text.lines().find_map(|it| it.split_once(&line)?.1.parse().ok())
    }

    /// Moves the server's clock once the readings under way have ended and what they prove is decided. By that clock
    /// the claim on a reading lapses, whose figure would be dropped, and the next reading comes, which may overturn
    /// what was proven; both take the real time that they take.
    pub(crate) async fn pass_time(&self, by: Duration) {
        let undecided = "SELECT count(*) FROM attempt JOIN provider_key ON provider_key.id = attempt.key_id \
                         WHERE attempt.state = 'UNKNOWN' AND provider_key.evidence_confirmed";
        eventually("what readings prove is decided", || async {
            // In this order: a decision may take a second, in which readings begin.
            let is_decided = self.database.number(undecided).await == Some(0);
            self.until_readings_end().await;
            is_decided.then_some(())
        })
        .await;
        self.leap(by);
    }

    /// Waits until the readings that are under way have ended, whatever begins meanwhile.
    pub(crate) async fn until_readings_end(&self) {
        let newest = self.clock.now().plus(CLAIM).micros();
        eventually("the readings under way end", || async {
            let now = self.clock.now().micros();
            let sql =
                format!("SELECT count(*) FROM provider_key WHERE claimed_until > {now} AND claimed_until <= {newest}");
            (self.database.number(&sql).await == Some(0)).then_some(())
        })
        .await;
    }

    /// Moves the server's clock whatever is under way.
    pub(crate) fn leap(&self, by: Duration) {
        self.clock.advance(by);
    }
}

async fn migrate(database: &Database) {
    let settings = DatabaseSettings { url: database.url.clone(), connections: 2, exclusive: false };
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(&settings, clock, Arc::new(OsEntropy)).await.expect("the database opens");
    store.migrate().await.expect("the migrations run");
}

fn configuration(database: &Database, providers: &Providers, edit: impl FnOnce(String) -> String) -> Config {
    let file = write_configuration(database, providers, "");
    let text = std::fs::read_to_string(&file).expect("the configuration is read");
    std::fs::write(&file, edit(text)).expect("the configuration is written");
    let sources = Sources { file: Some(file), ..Sources::default() };
    config::load(&sources, Needs::SERVER).unwrap_or_else(|faults| panic!("{faults}")).config
}

/// Writes the configuration file of a test, with its ring and its bot token beside it.
pub(crate) fn write_configuration(database: &Database, providers: &Providers, more: &str) -> PathBuf {
    let folder = database.folder();
    let ring = folder.join("ring.toml");
    if !ring.exists() {
        init_ring_file(&ring, &SystemClock, &OsEntropy).expect("a ring is made");
        write_secret(&folder.join("bot-token"), BOT_TOKEN);
    }
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nintrospection = \"all\"\nshutdown_grace = \"5s\"\n\
         [gateway]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [database]\nurl = \"{}\"\n[vault]\nring_file = \"{}\"\n[telegram]\nbot_token_file = \"{}\"\n\
         [sync]\ninterval = \"1s\"\n",
        database.url,
        ring.display(),
        folder.join("bot-token").display(),
    );
    for slug in SLUGS {
        let address = providers.address(slug);
        let rate = if slug == "multibot" { "nano_usd_per_token = 1000000\n" } else { "" };
        write!(
            text,
            "[providers.{slug}]\nbase_url = \"{address}\"\nlegacy_base_url = \"{address}\"\npoll_interval = \"100ms\"\n\
             requests_per_second = 1000\n{rate}"
        )
        .expect("writing to a string works");
    }
    text.push_str(more);
    let file = folder.join("key-recycling.toml");
    std::fs::write(&file, text).expect("the configuration is written");
    file
}

fn write_secret(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).expect("a secret file");
    std::io::Write::write_all(&mut file, text.as_bytes()).expect("the secret is written");
}

/// A setting of a provider in the text of a configuration.
pub(crate) fn provider_setting<'a>(text: &'a str, slug: &str, name: &str) -> &'a str {
    let (_, section) = text.split_once(&format!("[providers.{slug}]")).expect("the provider's section");
    let line = section.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).expect("the setting");
    line.trim_matches('"')
}

/// The configuration with another value for a setting of a provider that is text.
pub(crate) fn with_provider_setting(text: &str, slug: &str, name: &str, value: &str) -> String {
    let section = format!("[providers.{slug}]");
    let (before, after) = text.split_once(&section).expect("the provider's section");
    let line = |value: &str| format!("\n{name} = \"{value}\"\n");
    let known = provider_setting(text, slug, name);
    format!("{before}{section}{}", after.replacen(&line(known), &line(value), 1))
}

//! What a command starts from: its configuration, its log, and the parts it opens.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::{Parts, StartError};
use crate::config::{self, Config, Flag, LogFormat, Needs, Sources, variable};
use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::domain::{OsEntropy, SystemClock};
use crate::store::{DatabaseSettings, Store};
use crate::telemetry::{self, Format, Target};

use super::args::{Color, Common};
use super::failure::Failure;
use super::out::{Out, complain};

/// The options that hold for every command, and where its answer goes.
pub(super) struct Context {
    file: Option<PathBuf>,
    flags: Vec<Flag>,
    /// Where the answer goes.
    pub(super) out: Out,
    /// Whether dangerous steps are agreed to.
    pub(super) yes: bool,
    /// Whether to colour.
    pub(super) color: Color,
    /// The time.
    pub(super) clock: SharedClock,
    /// Randomness.
    pub(super) entropy: SharedEntropy,
}

impl Context {
    pub(super) fn new(common: Common) -> Self {
        let log = common.log.map(|value| Flag { setting: "log.filter".to_owned(), value, flag: "--log".to_owned() });
        Self {
            file: common.config,
            flags: log.into_iter().collect(),
            out: Out::new(common.json),
            yes: common.yes,
            color: common.color,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }

    /// What the configuration is made of.
    pub(super) fn sources(&self) -> Sources {
        Sources::of_process(self.file.clone(), self.flags.clone())
    }

    /// The filter that `--log` asks for.
    #[cfg(feature = "demo")]
    pub(super) fn log_filter(&self) -> Option<String> {
        self.flags.first().map(|flag| flag.value.clone())
    }

    /// The configuration in force; warnings go to standard error.
    pub(super) fn config(&self, needs: Needs) -> Result<Config, Failure> {
        let loaded = config::load(&self.sources(), needs)?;
        for warning in &loaded.warnings {
            complain(&format!("warning: {warning}"));
        }
        Ok(loaded.config)
    }

    /// The configuration, with the log started as it says.
    pub(super) fn config_with_log(&self, needs: Needs) -> Result<Config, Failure> {
        let config = self.config(needs)?;
        let on_terminal = telemetry::on_terminal();
        let format = match config.log.format {
            LogFormat::Pretty => Format::Pretty,
            LogFormat::Json => Format::Json,
            LogFormat::Auto if on_terminal => Format::Pretty,
            LogFormat::Auto => Format::Json,
        };
        let color = self.colors(on_terminal);
        telemetry::start(format, &config.log.filter, Target::StandardError { color }).map_err(Failure::unreachable)?;
        Ok(config)
    }

    /// Whether to colour what goes to a stream that is a terminal or not.
    pub(super) fn colors(&self, on_terminal: bool) -> bool {
        match self.color {
            Color::Auto => on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// The parts that commands work with beside a running server.
    pub(super) async fn parts(&self) -> Result<Parts, Failure> {
        let config = self.config_with_log(Needs::VAULT)?;
        Ok(Parts::open(&config).await?)
    }

    /// The database alone, up to date.
    pub(super) async fn store(&self) -> Result<Store, Failure> {
        let store = self.store_as_it_is().await?;
        let migrations = store.migrations().await.map_err(Failure::unreachable)?;
        if migrations.iter().all(|(_, applied)| *applied) { Ok(store) } else { Err(StartError::NotMigrated.into()) }
    }

    /// The database alone, whatever its version.
    pub(super) async fn store_as_it_is(&self) -> Result<Store, Failure> {
        let config = self.config_with_log(Needs::NONE)?;
        let settings = DatabaseSettings {
            url: config.database.url.expose().to_owned(),
            connections: config.database.connections,
            exclusive: false,
        };
        let opened = Store::open(&settings, self.clock.clone(), self.entropy.clone()).await;
        opened.map_err(|error| Failure::Unreachable(format!("database.url ({}): {error}", variable("database.url"))))
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        if error.exit_code() == 2 { Self::usage(error) } else { Self::unreachable(error) }
    }
}

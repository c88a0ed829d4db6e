//! Configuration: flag over environment over file over default, read and judged as a whole.
//!
//! One table (`sections`) makes the names in the file and in the environment, the typed
//! [`Config`], the commented example and the reference table. Every fault is found in one go, and
//! no fault ever quotes a value. Secrets come from elsewhere (`secrets`) and are masked when
//! shown. What the settings mean is the business of the parts they are handed to.

mod describe;
mod fault;
mod layers;
mod places;
mod readers;
mod secrets;
mod sections;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::{ProviderCode, Secret};

pub use describe::{example, reference_markdown};
pub use fault::{Fault, Faults, variable};
pub use layers::{Flag, Sources};
pub use readers::{DatabaseUrl, parse_span, span_text};
pub use secrets::SecretSource;
pub use sections::{
    Admin, DatabaseSettings, Events, Gateway, Introspection, Keys, Leases, LedgerSettings, Limits, Log, LogFormat,
    Provider, Routing, Server, Sync, Telegram, TrustedDocuments, VaultSettings,
};
pub use table::{Effective, Origin, Row};

use secrets::Found;
use table::Values;

/// Declares the configuration's sections by name, in the order they are shown.
macro_rules! config {
    ($($(#[$doc:meta])* $section:ident: $type:ty),* $(,)?) => {
        /// The configuration in force.
        #[derive(Debug)]
        pub struct Config {
            $($(#[$doc])* pub $section: $type,)*
            /// The providers.
            pub providers: BTreeMap<ProviderCode, Provider>,
            /// What no file or argument gives.
            pub secrets: Secrets,
        }

        /// Every setting there is, section by section.
        #[must_use]
        pub fn rows() -> Vec<Row> {
            let mut rows = Vec::new();
            $(<$type>::rows(stringify!($section), &mut rows);)*
            for code in ProviderCode::ALL {
                Provider::rows(&provider_section(*code), &mut rows);
            }
            let is_meaningful = |row: &Row| row.key != TOKEN_RATE || row.section == provider_section(ProviderCode::Multibot);
            rows.retain(is_meaningful);
            rows
        }

        fn read(values: &mut Values<'_>, secrets: Secrets) -> Option<Config> {
            $(let $section = <$type>::read(stringify!($section), values);)*
            let mut providers = BTreeMap::new();
            for code in ProviderCode::ALL {
                if let Some(provider) = Provider::read(&provider_section(*code), values) {
                    providers.insert(*code, provider);
                }
            }
            Some(Config { $($section: $section?,)* providers, secrets })
        }
    };
}

/// The only setting that not every provider has: one of them counts in tokens.
const TOKEN_RATE: &str = "nano_usd_per_token";

config! {
    /// The public listener.
    server: Server,
    /// The listener that speaks the providers' protocols.
    gateway: Gateway,
    /// The operators' listener.
    admin: Admin,
    /// The database.
    database: DatabaseSettings,
    /// The key ring.
    vault: VaultSettings,
    /// The bot behind the Mini App.
    telegram: Telegram,
    /// Keys handed over.
    keys: Keys,
    /// Reading balances.
    sync: Sync,
    /// Choosing a key.
    routing: Routing,
    /// Leases.
    leases: Leases,
    /// Credits.
    ledger: LedgerSettings,
    /// Events.
    events: Events,
    /// Limits on requests.
    limits: Limits,
    /// The log.
    log: Log,
}

/// Secrets in force.
#[derive(Debug, Default)]
pub struct Secrets {
    /// Where the key ring is.
    pub ring: Option<SecretSource>,
    /// The bot's token.
    pub bot_token: Option<Secret>,
}

/// The secrets that a command cannot do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The key ring.
    pub ring: bool,
    /// The bot's token.
    pub bot_token: bool,
}

impl Needs {
    /// What a server needs.
    pub const SERVER: Self = Self { ring: true, bot_token: true };
    /// What a command needs that opens the vault.
    pub const VAULT: Self = Self { ring: true, bot_token: false };
    /// Nothing.
    pub const NONE: Self = Self { ring: false, bot_token: false };
}

/// A configuration, and what was noticed while it was read.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every setting with its value and where that came from.
    pub effective: Vec<Effective>,
    /// What works but should be different.
    pub warnings: Vec<String>,
}

/// Reads and judges the configuration as a whole.
///
/// # Errors
/// Everything that is wrong or missing, one line each.
pub fn load(sources: &Sources, needs: Needs) -> Result<Loaded, Faults> {
    let mut faults = Vec::new();
    let given = sources.gather(&rows(), &mut faults).map_err(|fault| Faults(vec![fault]))?;
    let mut warnings = Vec::new();
    let mut shown_secrets = Vec::new();
    let mut secret = |name: &secrets::SecretName, needed: bool, faults: &mut Vec<Fault>| {
        let file = given.get(&name.file_setting()).map(|given| std::path::PathBuf::from(&given.text));
        let found = name.find(file.as_deref(), sources).unwrap_or_else(|fault| {
            // A file that is named but not there yet must not keep other commands from running.
            if needed {
                faults.push(fault);
            }
            None
        });
        if found.is_none() && needed && file.is_none() {
            faults.push(name.missing());
        }
        let found = found?;
        warnings.extend(found.warning(name));
        shown_secrets.push(found.effective(name));
        Some(found)
    };
    let ring = secret(&secrets::RING, needs.ring, &mut faults);
    let bot_token = secret(&secrets::BOT_TOKEN, needs.bot_token, &mut faults);
    let mut values = Values::new(&given);
    let secrets = Secrets { ring: ring.map(Found::into_source), bot_token: bot_token.map(|found| found.secret) };
    let config = read(&mut values, secrets);
    let Values { faults: value_faults, mut effective, .. } = values;
    faults.extend(value_faults);
    faults.extend(config.iter().flat_map(judge));
    match config {
        Some(config) if faults.is_empty() => {
            effective.extend(shown_secrets);
            Ok(Loaded { config, effective, warnings })
        }
        _ => Err(Faults(faults)),
    }
}

/// Rules that hold between settings.
fn judge(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Gateway { tls_certificate_file, tls_key_file, .. } = &config.gateway;
    let half = match (tls_certificate_file, tls_key_file) {
        (Some(_), None) => Some(("gateway.tls_key_file", "gateway.tls_certificate_file")),
        (None, Some(_)) => Some(("gateway.tls_certificate_file", "gateway.tls_key_file")),
        _ => None,
    };
    if let Some((missing, present)) = half {
        let problem = format!("is not set although {present} is");
        faults.push(Fault::of(missing, &problem, "Set both or none, then: key-recycling config check"));
    }
    let listeners = [
        ("server.listen", config.server.listen),
        ("gateway.listen", config.gateway.listen),
        ("admin.listen", config.admin.listen),
    ];
    for (place, (name, address)) in listeners.iter().enumerate() {
        let twin = listeners.iter().take(place).find(|(_, other)| other == address && other.port() != 0);
        if let Some((other, _)) = twin {
            let problem = format!("is the address of {other} as well");
            faults.push(Fault::of(name, &problem, "Give each its own, then: key-recycling config check"));
        }
    }
    if config.sync.depleted_interval_max < config.sync.interval {
        let repair = "Raise it, then: key-recycling config check";
        faults.push(Fault::of("sync.depleted_interval_max", "is shorter than sync.interval", repair));
    }
    faults.extend(places::judge(config));
    faults
}

fn provider_section(code: ProviderCode) -> String {
    format!("providers.{}", code.slug())
}

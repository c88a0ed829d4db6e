use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;

/// A folder with files, and the sources of a process that runs in it.
struct Place {
    folder: TempDir,
    sources: Sources,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = Sources { folder: Some(folder.path().to_owned()), ..Sources::default() };
        Self { folder, sources }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn with_file(self, text: &str) -> Self {
        fs::write(self.path("key-recycling.toml"), text).expect("a file");
        self
    }

    fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn with_flag(mut self, setting: &str, value: &str) -> Self {
        let flag = Flag { setting: setting.to_owned(), value: value.to_owned(), flag: "--flag".to_owned() };
        self.sources.flags.push(flag);
        self
    }

    fn secret_file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        path
    }

    fn load(&self, needs: Needs) -> Result<Loaded, Faults> {
        load(&self.sources, needs)
    }

    fn config(&self) -> Config {
        self.load(Needs::NONE).expect("a good configuration").config
    }

    fn lines(&self, needs: Needs) -> Vec<String> {
        self.load(needs).expect_err("a bad configuration").0.iter().map(Fault::to_string).collect()
    }

    /// The only fault, which names the setting.
    fn fault(&self) -> String {
        let lines = self.lines(Needs::NONE);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines[0].clone()
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_bare_first_start_lists_all_that_is_missing() {
    assert_eq!(
        Place::new().lines(Needs::SERVER),
        [
            "vault.ring_file is not set (KEY_RECYCLING_VAULT_RING_FILE). \
             Make one: key-recycling vault init data/ring.toml",
            "telegram.bot_token_file is not set (KEY_RECYCLING_TELEGRAM_BOT_TOKEN_FILE). \
             Put the token from @BotFather into a file only you can read.",
        ]
    );
}

#[test]
fn flags_win_over_environment_over_file_over_default() {
    let interval = |place: &Place| place.config().sync.interval.as_secs();
    let place = Place::new();
    assert_eq!(interval(&place), 300);
    let place = place.with_file("[sync]\ninterval = \"4m\"\n[routing]\nbias_cap_percent = 7\n");
    assert_eq!(interval(&place), 240);
    let place = place.with_variable("KEY_RECYCLING_SYNC_INTERVAL", "3m");
    assert_eq!(interval(&place), 180);
    let place = place.with_flag("sync.interval", "2m");
    assert_eq!(interval(&place), 120);
    assert_eq!(place.config().routing.bias_cap_percent, 7);
}

#[test]
fn a_named_file_wins_over_the_variable_and_both_over_the_folder() {
    let mut place = Place::new().with_file("[sync]\ninterval = \"4m\"\n");
    let other = place.secret_file("other.toml", "[sync]\ninterval = \"9m\"\n", 0o600);
    place = place.with_variable("KEY_RECYCLING_CONFIG", &shown(&other));
    assert_eq!(place.config().sync.interval, Duration::from_secs(540));
    place.sources.file = Some(place.path("missing.toml"));
    assert!(place.fault().contains("missing.toml cannot be read"), "{}", place.fault());
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let file = Place::new().with_file("[sync]\nintervall = \"4m\"\n");
    assert!(file.fault().contains("sync.intervall in "), "{}", file.fault());
    assert!(file.fault().contains("is no setting; the nearest is sync.interval."), "{}", file.fault());
    let section = Place::new().with_file("[databse]\n");
    assert!(section.fault().starts_with("databse in "), "{}", section.fault());
    let provider = Place::new().with_file("[providers.two_captca]\ndust = \"0.1\"\n");
    assert!(provider.fault().contains("the nearest is providers.two_captcha."), "{}", provider.fault());
    let variable = Place::new().with_variable("KEY_RECYCLING_SINC_INTERVAL", "4m");
    assert_eq!(
        variable.fault(),
        "KEY_RECYCLING_SINC_INTERVAL is no variable of this program; the nearest is KEY_RECYCLING_SYNC_INTERVAL. \
         Take it away: unset KEY_RECYCLING_SINC_INTERVAL"
    );
    assert_eq!(Place::new().with_variable("OTHER_PROGRAM", "1").config().leases.open_per_service, 1_000);
}

#[test]
fn only_one_provider_counts_in_tokens() {
    let good = Place::new().with_file("[providers.multibot]\nnano_usd_per_token = 1000000\n");
    assert_eq!(good.config().providers[&ProviderCode::Multibot].nano_usd_per_token, Some(1_000_000));
    let bad = Place::new().with_file("[providers.capsolver]\nnano_usd_per_token = 1000000\n");
    assert!(bad.fault().contains("is no setting"), "{}", bad.fault());
}

#[test]
fn values_that_break_their_rule_are_refused_unquoted() {
    for (setting, value, rule) in [
        ("server.listen", "localhost", "an IP address with a port"),
        ("server.public_url", "https://example.com/app", "origin without a path"),
        ("server.graphiql", "yes", "true or false"),
        ("server.introspection", "everybody", "one of none, services, all"),
        ("sync.interval", "300", "a duration with a unit from 1s to 1h"),
        ("sync.interval", "2d", "a duration with a unit from 1s to 1h"),
        ("routing.bias_cap_percent", "101", "a whole number from 0 to 100"),
        ("ledger.amount_max", "1e4", "a decimal amount of dollars above zero"),
        ("database.url", "mysql://app:hunter2@db/keys", "sqlite:FILE or postgres://"),
        ("providers.capsolver.dust", "-1", "a decimal amount"),
        ("log.filter", "info,,=x=y", "a log filter"),
    ] {
        let fault = Place::new().with_variable(&variable(setting), value).fault();
        assert!(fault.starts_with(setting) && fault.contains(rule), "{fault}");
        assert!(fault.contains(&variable(setting)) && fault.contains("key-recycling "), "{fault}");
        assert!(!fault.contains(value) || setting == "server.graphiql", "{fault}");
    }
}

#[test]
fn all_faults_come_at_once() {
    let place = Place::new()
        .with_file("[server]\nlisten = 5\ncolour = \"red\"\n[sync]\ninterval = 1.5\n")
        .with_variable("KEY_RECYCLING_KEYS_PER_ACCOUNT", "many")
        .with_variable("KEY_RECYCLING_NOTHING", "1");
    assert_eq!(place.lines(Needs::SERVER).len(), 7, "{:#?}", place.lines(Needs::SERVER));
}

#[test]
fn broken_toml_is_named_by_its_line_and_never_quoted() {
    let place = Place::new().with_file("[server]\ngraphiql = false\nlisten = hunter2 secret\n");
    let fault = place.fault();
    assert!(fault.contains("key-recycling.toml line 3 is no TOML"), "{fault}");
    assert!(!fault.contains("hunter2"), "{fault}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let half = Place::new().with_variable("KEY_RECYCLING_GATEWAY_TLS_KEY_FILE", "key.pem");
    assert!(half.fault().starts_with("gateway.tls_certificate_file is not set although"), "{}", half.fault());
    let twins = Place::new().with_variable("KEY_RECYCLING_ADMIN_LISTEN", "127.0.0.1:8080");
    assert!(twins.fault().starts_with("admin.listen is the address of server.listen"), "{}", twins.fault());
    let any_port = Place::new()
        .with_variable("KEY_RECYCLING_ADMIN_LISTEN", "127.0.0.1:0")
        .with_variable("KEY_RECYCLING_GATEWAY_LISTEN", "127.0.0.1:0");
    assert_eq!(any_port.config().admin.listen.port(), 0);
    let short = Place::new().with_variable("KEY_RECYCLING_SYNC_DEPLETED_INTERVAL_MAX", "1m");
    assert!(short.fault().starts_with("sync.depleted_interval_max is shorter"), "{}", short.fault());
}

#[test]
fn a_provider_at_our_own_address_or_nowhere_is_refused() {
    let judged = |setting: &str, value: &str| {
        let place = Place::new()
            .with_file("[server]\nlisten = \"0.0.0.0:8443\"\npublic_url = \"https://keys.example.com\"\n")
            .with_variable(&variable(&format!("providers.{setting}")), value);
        place.load(Needs::NONE).err().map(|_| place.fault())
    };
    for (setting, value, own) in [
        ("ucaptcha_native.base_url", "http://127.0.0.1:8443", "server.listen"),
        ("ucaptcha_native.base_url", "http://localhost:8443/api", "server.listen"),
        ("two_captcha.legacy_base_url", "http://[::1]:8443", "server.listen"),
        ("two_captcha.base_url", "http://0.0.0.0:8081", "gateway.listen"),
        ("two_captcha.base_url", "http://127.0.0.2:8081", "gateway.listen"),
        ("multibot.base_url", "http://[::ffff:127.0.0.1]:8082", "admin.listen"),
        ("capsolver.base_url", "https://KEYS.example.com./", "server.public_url"),
    ] {
        let fault = judged(setting, value).unwrap_or_else(|| panic!("{value} is taken"));
        assert!(fault.starts_with(&format!("providers.{setting} is this deployment's own")), "{fault}");
        assert!(fault.contains(own) && fault.contains("config check") && !fault.contains(value), "{fault}");
    }
    for nowhere in ["http://169.254.169.254", "http://[fe80::1]:80", "http://0.0.0.0:9", "http://[ff02::1]"] {
        let fault = judged("capsolver.base_url", nowhere).unwrap_or_else(|| panic!("{nowhere} is taken"));
        assert!(fault.contains("where no provider is") && !fault.contains(nowhere), "{fault}");
    }
    for other in
        ["http://127.0.0.1:9999", "https://keys.example.com:8444", "https://example.com", "http://10.0.0.9:8443"]
    {
        assert_eq!(judged("ucaptcha_native.base_url", other), None, "{other}");
    }
}

#[test]
fn secrets_never_come_from_the_file_itself() {
    let place = Place::new().with_file("[telegram]\nbot_token = \"1:hunter2\"\n");
    let fault = place.fault();
    assert!(fault.starts_with("telegram.bot_token is a secret and may not stand in "), "{fault}");
    assert!(fault.contains("telegram.bot_token_file") && !fault.contains("hunter2"), "{fault}");
}

#[test]
fn a_secret_comes_from_its_file_then_the_credential_then_the_environment() {
    let token = |place: &Place| {
        let loaded = place.load(Needs::NONE).expect("a good configuration");
        let token = loaded.config.secrets.bot_token.expect("a token");
        (token.expose_secret().to_owned(), loaded.warnings.len())
    };
    let place = Place::new().with_variable("KEY_RECYCLING_TELEGRAM_BOT_TOKEN", "from-environment");
    assert_eq!(token(&place), ("from-environment".to_owned(), 1));
    let folder = shown(place.folder.path());
    let place = place.with_variable("CREDENTIALS_DIRECTORY", &folder);
    place.secret_file("bot_token", "from-credential\n", 0o400);
    assert_eq!(token(&place), ("from-credential".to_owned(), 0));
    let file = place.secret_file("token.txt", " from-file \n", 0o600);
    let place = place.with_variable("KEY_RECYCLING_TELEGRAM_BOT_TOKEN_FILE", &shown(&file));
    assert_eq!(token(&place), ("from-file".to_owned(), 0));
}

#[test]
fn a_secret_that_others_can_read_or_that_is_gone_is_refused() {
    let place = Place::new();
    let open = place.secret_file("ring.toml", "[[key]]", 0o644);
    let place = place.with_variable("KEY_RECYCLING_VAULT_RING_FILE", &shown(&open));
    let lines = place.lines(Needs::VAULT);
    assert!(lines[0].contains("which others can read") && lines[0].contains("chmod 600"), "{lines:?}");
    assert!(place.load(Needs::NONE).is_ok(), "a command that needs no ring does not ask for it");
    let gone = place.path("gone.toml");
    let place = Place::new().with_variable("KEY_RECYCLING_VAULT_RING_FILE", &shown(&gone));
    let expected = format!("Make one: key-recycling vault init {}", gone.display());
    assert!(place.lines(Needs::VAULT)[0].ends_with(&expected), "{:?}", place.lines(Needs::VAULT));
}

#[test]
fn what_is_shown_names_the_origin_and_masks_secrets() {
    let place = Place::new()
        .with_file("[keys]\nper_account = 5\n")
        .with_variable("KEY_RECYCLING_DATABASE_URL", "postgres://app:hunter2@db/keys")
        .with_variable("KEY_RECYCLING_TELEGRAM_BOT_TOKEN", "hunter2")
        .with_flag("log.filter", "debug");
    let loaded = place.load(Needs::NONE).expect("a good configuration");
    let find = |name: &str| loaded.effective.iter().find(|row| row.name == name).expect("a row");
    assert_eq!(find("keys.per_account").origin, Origin::File(place.path("key-recycling.toml")));
    assert_eq!(find("log.filter").origin.to_string(), "--flag");
    assert_eq!(find("sync.interval").origin, Origin::Default);
    assert_eq!(find("providers.capsolver.dust").value, None);
    assert_eq!(find("telegram.bot_token").value.as_deref(), Some("set"));
    assert_eq!(find("database.url").value.as_deref(), Some("postgres://app:set@db/keys"));
    assert!(!format!("{loaded:?}").contains("hunter2"));
    assert_eq!(loaded.effective.len(), rows().len() + 1 + 5, "every row, one secret, and the unused token rates");
}

#[test]
fn the_example_is_a_configuration_once_uncommented() {
    let uncommented: String = example()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.split(' ').nth(1) == Some("=") && !setting.ends_with('=') => {
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(uncommented.contains("\ninterval = \"5m\"\n"), "{uncommented}");
    let place = Place::new().with_file(&uncommented);
    assert_eq!(place.config().server.shutdown_grace, Duration::from_secs(20));
    assert_eq!(Place::new().with_file(&example()).config().keys.per_account, 100);
}

#[test]
fn the_reference_has_every_setting() {
    let table = reference_markdown();
    for row in rows() {
        let name = row.name();
        let general = name.split_once('.').filter(|_| row.section.starts_with("providers."));
        let wanted = match general {
            Some(_) if row.key != TOKEN_RATE => format!("`providers.*.{}`", row.key),
            _ => format!("`{name}`"),
        };
        assert_eq!(table.matches(&format!("| {wanted} |")).count(), 1, "{wanted}");
        assert!(!row.description.is_empty() && row.description.ends_with('.'), "{name}");
    }
    assert!(table.contains("`KEY_RECYCLING_TELEGRAM_BOT_TOKEN`"));
}

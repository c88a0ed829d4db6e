//! What the demo stands on: a data folder, a fresh ring and bot token, free ports, a configuration.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use crate::config::{self, Config, Flag, Needs, Sources};
use crate::domain::{Clock, Entropy, ProviderCode, Secret};
use crate::vault;

use super::Failure;

/// Nano-dollars that a Multibot token is worth here.
pub(super) const NANO_USD_PER_TOKEN: i64 = 1_000_000;

/// Port of the public listener, those of gateway, admin and sandbox after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) public: u16,
    pub(super) gateway: u16,
    pub(super) admin: u16,
    /// 0 lets the sandbox choose.
    pub(super) sandbox: u16,
}

impl Ports {
    /// Four in a row from `first`, or any free ones for 0.
    pub(super) fn choose(first: u16) -> Result<Self, Failure> {
        let after = |offset: u16| {
            let port = first.checked_add(offset).filter(|port| *port <= u16::MAX - 10);
            port.ok_or_else(|| Failure::Usage("--port leaves no room for the ports after it".to_owned()))
        };
        if first != 0 {
            return Ok(Self { public: first, gateway: after(1)?, admin: after(2)?, sandbox: after(3)? });
        }
        // Held until all are known, so that none is given twice.
        let listeners = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)));
        let mut ports = [0; 3];
        for (port, listener) in ports.iter_mut().zip(&listeners) {
            *port = listener.as_ref().ok().and_then(|it| it.local_addr().ok()).map_or(0, |address| address.port());
        }
        let [public, gateway, admin] = ports;
        Ok(Self { public, gateway, admin, sandbox: 0 })
    }
}

/// The demo's folder and what lies in it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) bot_token: Secret,
}

impl Stage {
    /// Makes the folder, the ring and the bot's token.
    pub(super) fn build(wanted: Option<PathBuf>, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self, Failure> {
        let folder = wanted
            .and_then(|folder| std::path::absolute(folder).ok())
            .unwrap_or_else(|| std::env::temp_dir().join(format!("key-recycling-demo-{}", hex(entropy, 6))));
        if folder.join(DATABASE).exists() {
            let shown = folder.display();
            return Err(Failure::Usage(format!(
                "{shown} holds the database of an earlier demo, whose sandbox has gone. Choose a new folder: --data DIR"
            )));
        }
        let failed = |error: io::Error| {
            Failure::Usage(format!("{} cannot be used: {error}. Choose: --data DIR", folder.display()))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let ring = folder.join(RING);
        if !ring.exists() {
            vault::init_ring_file(&ring, clock, entropy).map_err(|error| Failure::Usage(error.to_string()))?;
        }
        let bot_token = Secret::from(format!("7000000001:{}", hex(entropy, 20)));
        write_private(&folder.join(BOT_TOKEN), bot_token.expose_secret()).map_err(failed)?;
        Ok(Self { folder, bot_token })
    }

    /// The server's configuration: nothing but this, whatever the environment says.
    pub(super) fn config(
        &self,
        ports: Ports,
        providers: &[(ProviderCode, String)],
        log: Option<String>,
    ) -> Result<Config, Failure> {
        let mut flags = Flags(Vec::new());
        let path = |name: &str| self.folder.join(name).display().to_string();
        let origin = |port: u16| format!("http://127.0.0.1:{port}");
        let listen = |port: u16| format!("127.0.0.1:{port}");
        flags.set("server", &[("listen", &listen(ports.public)), ("public_url", &origin(ports.public))]);
        flags.set("server", &[("graphiql", "true"), ("introspection", "all")]);
        flags.set("gateway", &[("listen", &listen(ports.gateway)), ("public_url", &origin(ports.gateway))]);
        flags.set("admin", &[("listen", &listen(ports.admin))]);
        flags.set("database", &[("url", &format!("sqlite:{}", path(DATABASE)))]);
        flags.set("vault", &[("ring_file", &path(RING))]);
        flags.set("telegram", &[("bot_token_file", &path(BOT_TOKEN))]);
        // Answering at once lets people see keys arrive PENDING.
        flags.set("keys", &[("validation_wait", "100ms"), ("check_cooldown", "5s")]);
        flags.set("sync", &[("interval", "1s"), ("depleted_interval_max", "10s")]);
        flags.set("log", &[("filter", log.as_deref().unwrap_or("info"))]);
        for (code, address) in providers {
            let section = format!("providers.{}", code.slug());
            flags.set(&section, &[("base_url", address), ("legacy_base_url", address)]);
            flags.set(&section, &[("requests_per_second", "500"), ("concurrency", "64"), ("poll_interval", "1s")]);
        }
        flags.set("providers.multibot", &[("nano_usd_per_token", &NANO_USD_PER_TOKEN.to_string())]);
        let sources = Sources { flags: flags.0, ..Sources::default() };
        let loaded = config::load(&sources, Needs::SERVER).map_err(|faults| Failure::Usage(faults.to_string()))?;
        Ok(loaded.config)
    }

    /// The file that the server logs to, since the terminal shows the table.
    pub(super) fn log_file(&self) -> Result<std::fs::File, Failure> {
        let path = self.folder.join("server.log");
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Failure::Usage(format!("{} cannot be written: {error}", path.display())))
    }
}

const DATABASE: &str = "key-recycling.sqlite";
const RING: &str = "ring.toml";
const BOT_TOKEN: &str = "bot-token";

struct Flags(Vec<Flag>);

impl Flags {
    fn set(&mut self, section: &str, values: &[(&str, &str)]) {
        self.0.extend(values.iter().map(|(key, value)| Flag {
            setting: format!("{section}.{key}"),
            value: (*value).to_owned(),
            flag: "the demo".to_owned(),
        }));
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn hex(entropy: &dyn Entropy, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    entropy.fill(&mut buffer);
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}

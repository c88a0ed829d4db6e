//! The server as a child process: its configuration, its commands, its lives and deaths.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use key_recycling::domain::{OsEntropy, SystemClock};
use key_recycling::vault::init_ring_file;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::oracle::{NANO_USD_PER_TOKEN, Oracle, SLUGS};
use crate::trouble::{Outcome, Trouble};

/// The bot token of the rig: made up.
pub(crate) const BOT_TOKEN: &str = "1234567890:bot-token-made-up-for-the-crash-rig";

/// Longest wait for a server to say where it listens.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Longest wait for a server that was told to end.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Longest run of a command.
const COMMAND_PATIENCE: Duration = Duration::from_secs(120);

/// The program in a folder of its own, with nothing of this process's environment.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// The same with the named places compiled in.
    pub(crate) points: Option<PathBuf>,
    pub(crate) folder: PathBuf,
    /// Variables of servers, not of commands.
    pub(crate) environment: Vec<(String, String)>,
}

/// What runs of different kinds configure differently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    pub(crate) sync_interval: &'static str,
    pub(crate) lease_lifetime: &'static str,
    pub(crate) review_after: &'static str,
    pub(crate) poll_interval: &'static str,
    /// Requests of a provider at once.
    pub(crate) concurrency: u32,
    /// Requests of a provider in a second.
    pub(crate) requests_per_second: u32,
}

/// Where a server listens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) public: String,
    pub(crate) gateway: String,
    pub(crate) admin: String,
}

/// A server that was started.
pub(crate) struct Server {
    child: Child,
}

impl Program {
    /// Writes configuration, key ring and bot token.
    pub(crate) fn prepare(&self, database: &str, oracle: &Oracle, tuning: Tuning) -> Outcome<()> {
        let ring = self.folder.join("ring.toml");
        init_ring_file(&ring, &SystemClock, &OsEntropy).map_err(|error| Trouble(error.to_string()))?;
        let bot_token = self.folder.join("bot-token");
        write_secret(&bot_token, BOT_TOKEN)?;
        let mut text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nshutdown_grace = \"10s\"\n[gateway]\nlisten = \"127.0.0.1:0\"\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"{database}\"\n[vault]\nring_file = \"{}\"\n\
             [telegram]\nbot_token_file = \"{}\"\n[sync]\ninterval = \"{}\"\n\
             [keys]\nper_account = 10000\nsubmissions_per_hour = 10000\n\
             [leases]\nlifetime = \"{}\"\nreview_after = \"{}\"\nopen_per_service = 100000\n",
            ring.display(),
            bot_token.display(),
            tuning.sync_interval,
            tuning.lease_lifetime,
            tuning.review_after,
        );
        for slug in SLUGS {
            let address = oracle.address(slug)?;
            let rate = format!("nano_usd_per_token = {NANO_USD_PER_TOKEN}\n");
            let rate = if slug == "multibot" { &rate } else { "" };
            let written = write!(
                text,
                "[providers.{slug}]\nbase_url = \"{address}\"\nlegacy_base_url = \"{address}\"\n\
                 poll_interval = \"{}\"\nrequests_per_second = {}\nconcurrency = {}\n{rate}",
                tuning.poll_interval, tuning.requests_per_second, tuning.concurrency,
            );
            written.map_err(|error| Trouble::with("writing the configuration")(&error))?;
        }
        std::fs::write(self.folder.join("key-recycling.toml"), text)?;
        Ok(())
    }

    fn command(&self, path: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(path);
        command.args(arguments).current_dir(&self.folder).env_clear().kill_on_drop(true).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; answers whether it was content, and what it said.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Outcome<(bool, String)> {
        let ended = timeout(COMMAND_PATIENCE, self.command(&self.path, arguments).output()).await;
        let output = ended.map_err(|_| Trouble(format!("{arguments:?} does not end")))??;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok((output.status.success(), said))
    }

    /// Makes a token for a service.
    pub(crate) async fn token(&self, service: &str, scope: &str) -> Outcome<String> {
        let output =
            self.command(&self.path, &["token", "create", service, "--scope", scope, "--json"]).output().await?;
        let made: Value = serde_json::from_slice(&output.stdout)
            .map_err(|_| Trouble(String::from_utf8_lossy(&output.stderr).into_owned()))?;
        let token = made["token"].as_str().map(str::to_owned);
        token.ok_or_else(|| Trouble("token create answers no token".to_owned()))
    }

    /// Starts a server without waiting for it. Its log goes to a file in the folder.
    pub(crate) fn spawn(&self) -> Outcome<Server> {
        self.spawn_as(&self.path, None)
    }

    /// The same with a place at which it dies when it comes by for the so-manieth time.
    pub(crate) fn spawn_to_die_at(&self, name: &str, count: u64) -> Outcome<Server> {
        let path = self.points.as_ref().ok_or_else(|| Trouble("places need: --points FILE".to_owned()))?;
        self.spawn_as(path, Some((name, count)))
    }

    /// Starts a server and waits until it serves.
    pub(crate) async fn serve(&self) -> Outcome<(Server, Places)> {
        let mut server = self.spawn()?;
        match server.places().await? {
            Some(places) => Ok((server, places)),
            None => Err(Trouble(format!("the server does not start; {} says why", self.log().display()))),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn spawn_as(&self, path: &Path, point: Option<(&str, u64)>) -> Outcome<Server> {
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command(path, &["serve", "--json", "--log", "warn"]);
        command.stdout(Stdio::piped()).stderr(log);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some((name, count)) = point {
            command.env("KEY_RECYCLING_FAILPOINT", format!("{name}:{count}"));
        }
        let child = command.spawn().map_err(|error| Trouble(format!("{}: {error}", path.display())))?;
        Ok(Server { child })
    }
}

impl Server {
    /// Waits until the server says where it listens; `None` when it ended instead.
    pub(crate) async fn places(&mut self) -> Outcome<Option<Places>> {
        let Some(stdout) = self.child.stdout.take() else { return Ok(None) };
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START_PATIENCE, lines.next_line()).await;
        let Some(line) = line.map_err(|_| Trouble("the server does not say where it listens".to_owned()))?? else {
            return Ok(None);
        };
        let places: Value = serde_json::from_str(&line)?;
        let at = |name: &str| format!("http://{}", places[name].as_str().unwrap_or_default());
        Ok(Some(Places { public: at("public"), gateway: at("gateway"), admin: at("admin") }))
    }

    /// Kills the server: SIGKILL, so nothing of it runs any more. Answers what it died of, which is
    /// something else if it had ended before.
    pub(crate) async fn kill(&mut self) -> Outcome<ExitStatus> {
        if self.child.id().is_some() {
            self.child.start_kill()?;
        }
        Ok(self.child.wait().await?)
    }

    /// Waits until the server has ended by itself; `None` when it did not in time.
    pub(crate) async fn ended(&mut self, patience: Duration) -> Outcome<Option<ExitStatus>> {
        match timeout(patience, self.child.wait()).await {
            Ok(status) => Ok(Some(status?)),
            Err(_) => Ok(None),
        }
    }

    /// Tells the server to end in order, and answers whether it did.
    pub(crate) async fn stop(&mut self) -> Outcome<bool> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        let Some(id) = id else { return Ok(false) };
        rustix::process::kill_process(id, rustix::process::Signal::TERM).map_err(std::io::Error::from)?;
        match self.ended(STOP_PATIENCE).await? {
            Some(status) => Ok(status.success()),
            None => self.kill().await.map(|_| false),
        }
    }
}

fn write_secret(path: &Path, text: &str) -> Outcome<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

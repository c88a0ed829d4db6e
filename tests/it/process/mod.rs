//! The program itself, as a process of its own: commands, exit codes, a server and what works beside it.

mod beside;
mod block;
mod freeze;
mod inside;
mod load;
mod refusals;
mod retiring;
mod ring;
mod rotation;
mod setup;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::support::server::write_configuration;
use crate::support::{Caller, Database, Providers};

/// The program in a folder of its own, with nothing of this process's environment.
struct Program {
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

impl Program {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), environment: Vec::new() }
    }

    /// The same with a variable.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_key-recycling"));
        command.args(arguments).current_dir(&self.folder).env_clear().kill_on_drop(true);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    async fn run(&self, arguments: &[&str]) -> Ended {
        let child = self.command(arguments).spawn().expect("the program starts");
        Ended::of(arguments, child).await
    }

    /// Runs a command with text on its standard input.
    async fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("standard input");
        stdin.write_all(input.as_bytes()).await.expect("the program reads");
        drop(stdin);
        Ended::of(arguments, child).await
    }
}

/// A command that has ended.
struct Ended {
    what: String,
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    async fn of(arguments: &[&str], child: Child) -> Self {
        let patience = std::time::Duration::from_secs(30);
        let ended = tokio::time::timeout(patience, child.wait_with_output()).await;
        let Output { status, stdout, stderr } = ended.expect("the command ends in time").expect("the command runs");
        Self {
            what: arguments.join(" "),
            code: status.code().expect("the command ended by itself"),
            out: String::from_utf8(stdout).expect("text"),
            err: String::from_utf8(stderr).expect("text"),
        }
    }

    /// What it said, when it is done.
    fn done(self) -> String {
        assert_eq!(self.code, 0, "{}: {}{}", self.what, self.out, self.err);
        self.out
    }

    /// The JSON it answered.
    fn json(self) -> Value {
        let text = self.done();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }

    /// The one line of a refusal with this exit code.
    fn refusal(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{}: {}{}", self.what, self.out, self.err);
        let lines: Vec<&str> = self.err.lines().collect();
        assert_eq!(lines.len(), 1, "{}: {}", self.what, self.err);
        lines[0]
    }
}

/// A server as a process.
struct Serving {
    child: Child,
    public: String,
    gateway: String,
    admin: String,
    said: JoinHandle<String>,
}

impl Serving {
    /// Starts `serve` and waits until it says where it listens.
    async fn start(program: &Program) -> Self {
        let mut child = program.command(&["serve", "--json"]).spawn().expect("the program starts");
        let mut stderr = child.stderr.take().expect("standard error");
        let said = tokio::spawn(async move {
            let mut text = String::new();
            // A server that ends early has said why.
            let _ = stderr.read_to_string(&mut text).await;
            text
        });
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output"));
        let patience = std::time::Duration::from_secs(60);
        let read = tokio::time::timeout(patience, stdout.read_line(&mut line)).await;
        if !matches!(read, Ok(Ok(1..))) {
            // Only now: it may be hanging, and would say nothing more.
            let _ = child.kill().await;
            panic!("the server does not serve ({read:?}): {}", said.await.expect("its words"));
        }
        let places: Value = serde_json::from_str(&line).expect("where it listens");
        let at = |name: &str| format!("http://{}", places[name].as_str().expect("an address"));
        Self { public: at("public"), gateway: at("gateway"), admin: at("admin"), child, said }
    }

    fn caller(&self, authorization: &str) -> Caller {
        Caller::new(&self.public, authorization.to_owned())
    }

    /// Ends the server in order and answers its log.
    async fn log(mut self) -> String {
        assert_eq!(self.signal("TERM").await, Some(0));
        self.said.await.expect("its words")
    }

    /// Sends a signal and answers the exit code.
    async fn end_by(mut self, signal: &str) -> Option<i32> {
        self.signal(signal).await
    }

    async fn signal(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().expect("the server runs").to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().await.expect("kill runs");
        assert!(sent.success());
        let patience = std::time::Duration::from_secs(30);
        let ended = tokio::time::timeout(patience, self.child.wait()).await.expect("the server ends in time");
        ended.expect("the server ran").code()
    }
}

/// A folder with a configuration that serves, and the providers it names.
async fn ready_to_serve(database: &Database) -> (Program, Providers) {
    let providers = Providers::start().await;
    write_configuration(database, &providers, "");
    (Program::new(database.folder()), providers)
}

/// A Telegram user, signed in by a link.
async fn owner(program: &Program, serving: &Serving, user: &str) -> Caller {
    let link = program.run(&["login-link", "--telegram-user", user, "--json"]).await.json();
    serving.caller(link["authorization"].as_str().expect("a login"))
}

/// A service that dispatches.
async fn dispatcher(program: &Program, serving: &Serving) -> Caller {
    let made = program.run(&["token", "create", "dispatcher", "--scope", "dispatch", "--json"]).await.json();
    let token = made["token"].as_str().expect("a token");
    serving.caller(&format!("Bearer {token}"))
}

/// What the admin listener answers: status and text.
async fn admin(serving: &Serving, path: &str) -> (u16, String) {
    let response = crate::support::caller::http_client().get(format!("{}{path}", serving.admin)).send();
    let response = response.await.expect("the admin listener answers");
    (response.status().as_u16(), response.text().await.expect("a text"))
}

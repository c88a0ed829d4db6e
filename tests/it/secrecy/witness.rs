//! The real binary as a process of its own, and everything that comes out of it.

use std::cell::{Ref, RefCell};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sea_orm::DbBackend;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use super::coverage::Coverage;
use crate::support::server::write_configuration;
use crate::support::socket::Socket;
use crate::support::{Database, Providers, sql};

/// What was seen, by where it was seen.
pub(super) type Seen = Vec<(String, Vec<u8>)>;

/// A server in a process of its own, with all it says written down.
pub(super) struct Witness {
    pub(super) providers: Providers,
    pub(super) database: Database,
    pub(super) public: String,
    pub(super) gateway: String,
    admin: String,
    configuration: PathBuf,
    child: Child,
    log: tokio::task::JoinHandle<Vec<u8>>,
    client: reqwest::Client,
    seen: RefCell<Seen>,
    /// What was driven so far.
    pub(super) coverage: Coverage,
    /// Whether the database is looked at again and again under way.
    pub(super) looks_often: bool,
}

/// Where the server's own secrets have to be.
const HOMES: [&str; 2] = ["ring.toml", "bot-token"];

/// A command that has ended: whether it did what it says, and its answer.
pub(super) struct Ran {
    pub(super) is_done: bool,
    pub(super) out: String,
}

/// All files below a folder. One that is gone meanwhile holds nothing.
fn files_below(folder: &Path) -> Seen {
    let mut seen = Seen::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            seen.extend(files_below(&entry));
        } else if let Ok(bytes) = std::fs::read(&entry) {
            seen.push((format!("file {}", entry.display()), bytes));
        }
    }
    seen
}

/// The program that is tested.
const PROGRAM: &str = env!("CARGO_BIN_EXE_key-recycling");

/// A program with a configuration, and its log at the finest level for every library there is.
fn with_configuration(program: &str, configuration: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env_remove("KEY_RECYCLING_CONFIG").env_remove("TEST_POSTGRES_URL").kill_on_drop(true);
    command.arg("--config").arg(configuration).args(["--json", "--log", "trace"]).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn read_all(mut stderr: ChildStderr) -> Vec<u8> {
    let mut log = Vec::new();
    stderr.read_to_end(&mut log).await.expect("the log can be read");
    log
}

impl Witness {
    /// Starts the binary with its log at the finest level for every library there is.
    pub(super) async fn start(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The same with settings from the environment.
    pub(super) async fn start_with(database: Database, environment: &[(&str, &str)]) -> Self {
        Self::start_program(PROGRAM, database, environment).await
    }

    /// The same with another program than the one that is tested everywhere else.
    pub(super) async fn start_program(program: &str, database: Database, environment: &[(&str, &str)]) -> Self {
        let providers = Providers::start().await;
        let configuration = write_configuration(&database, &providers, "[keys]\nsubmissions_per_hour = 10000\n");
        let with = |words: &[&str]| {
            let mut command = with_configuration(program, &configuration, words);
            command.env("TMPDIR", database.folder().join("tmp")).envs(environment.iter().copied());
            command
        };
        std::fs::create_dir(database.folder().join("tmp")).expect("a folder for temporary files");
        let migrated = with(&["migrate"]).output().await.expect("the binary runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let mut child = with(&["serve"]).spawn().expect("the binary runs");
        let log = tokio::spawn(read_all(child.stderr.take().expect("a pipe")));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        let line = line.expect("the server starts in time").expect("a pipe").expect("a line of addresses");
        let addresses: Value = serde_json::from_str(&line).expect("JSON");
        let address = |name: &str| format!("http://{}", addresses[name].as_str().expect("an address"));
        let (public, gateway, admin) = (address("public"), address("gateway"), address("admin"));
        let client = crate::support::caller::http_client();
        let seen = RefCell::new(vec![("migration".to_owned(), [migrated.stdout, migrated.stderr].concat())]);
        let coverage = Coverage::default();
        for command in ["migrate", "serve"] {
            coverage.ran(&[command]);
        }
        Self {
            providers,
            database,
            public,
            gateway,
            admin,
            configuration,
            child,
            log,
            client,
            seen,
            coverage,
            looks_often: false,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.database.folder()
    }

    /// Writes down what was seen.
    pub(super) fn saw(&self, place: &str, what: impl Into<Vec<u8>>) {
        self.seen.borrow_mut().push((place.to_owned(), what.into()));
    }

    /// Writes down what a socket's server has said.
    pub(super) fn heard(&self, socket: &Socket) {
        for text in &socket.heard {
            self.saw("message of a socket", text.clone());
        }
    }

    /// Everything that was seen so far.
    pub(super) fn seen(&self) -> Ref<'_, Seen> {
        self.seen.borrow()
    }

    /// Runs a command beside the server, with text on its standard input, and writes down what it logs. What it
    /// prints may be a secret at its one place, and is the caller's to write down.
    pub(super) async fn command(&self, words: &[&str], input: &str) -> Ran {
        self.command_by(&self.configuration, words, input).await
    }

    /// The same by another configuration.
    pub(super) async fn command_by(&self, configuration: &Path, words: &[&str], input: &str) -> Ran {
        let mut command = with_configuration(PROGRAM, configuration, words);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary runs");
        // A command that reads nothing may have ended by now.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await.expect("the binary runs");
        let is_done = output.status.success();
        if is_done {
            self.coverage.ran(words);
        }
        self.saw(&format!("complaints of {}", words.join(" ")), output.stderr);
        Ran { is_done, out: String::from_utf8(output.stdout).expect("text") }
    }

    /// A new token of a service: one of the two things of which a command prints a secret.
    pub(super) async fn service_token(&self, service: &str, scope: &str) -> (String, String) {
        let made = self.command(&["token", "create", service, "--scope", scope], "").await;
        let mut made: Value = serde_json::from_str(&made.out).expect("JSON");
        let token = made["token"].take().as_str().expect("a token").to_owned();
        self.saw("token create", made.to_string());
        (token, made["id"].as_str().expect("an id").to_owned())
    }

    /// Sends a request, writes the whole answer down, and answers its body.
    pub(super) async fn send(&self, what: &str, request: reqwest::RequestBuilder) -> String {
        let (head, body) = Self::exchange(request).await;
        self.saw(&format!("answer to {what}"), format!("{head}\n{body}"));
        body
    }

    async fn exchange(request: reqwest::RequestBuilder) -> (String, String) {
        let response = request.send().await.expect("the server answers");
        let head = format!("{} {:?}", response.status(), response.headers());
        (head, response.text().await.expect("a text"))
    }

    pub(super) fn get(&self, address: &str) -> reqwest::RequestBuilder {
        self.client.get(address)
    }

    pub(super) fn post(&self, address: &str, body: String) -> reqwest::RequestBuilder {
        self.client.post(address).header("content-type", "application/json").body(body)
    }

    /// Sends a document as a caller.
    pub(super) async fn ask(&self, what: &str, caller: &str, document: &str, variables: Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let request = self.post(&format!("{}/graphql", self.public), body).header("authorization", caller);
        let answer: Value = serde_json::from_str(&self.send(what, request).await).expect("JSON");
        self.coverage.answered(document, &answer["data"]);
        answer
    }

    /// Opens a lease. Its token is the one secret that ever leaves, at its one place.
    pub(super) async fn open_lease(&self, caller: &str, task_id: &str, route: &Value) -> (String, Value) {
        let document = "mutation($input: OpenLeaseInput!) { openLease(input: $input) {
            lease { token endpoint expiresAt attempt { id state keyId decision { summary } } }
            decision { summary candidates { score } exclusions { reason } } userErrors { code message } } }";
        let body = json!({ "query": document, "variables": { "input": { "taskId": task_id, "route": route } } });
        let request = self.post(&format!("{}/graphql", self.public), body.to_string()).header("authorization", caller);
        let (head, body) = Self::exchange(request).await;
        let mut answer: Value = serde_json::from_str(&body).expect("JSON");
        let place = answer.pointer_mut("/data/openLease/lease/token").map(Value::take);
        self.saw("answer to openLease", format!("{head}\n{answer}"));
        self.coverage.answered(document, &answer["data"]);
        let token = place.and_then(|token| token.as_str().map(str::to_owned));
        (token.unwrap_or_else(|| panic!("no lease by {route}: {answer}")), answer["data"]["openLease"].take())
    }

    /// What operators and scrapers see.
    pub(super) async fn look_at_admin(&self) {
        for path in ["metrics", "healthz", "readyz"] {
            let request = self.get(&format!("{}/{path}", self.admin));
            let body = self.send(path, request).await;
            assert!(!body.is_empty(), "{path}");
        }
    }

    /// Every row of every table as text, and on SQLite the files themselves.
    pub(super) async fn look_at_database(&self, when: &str) {
        let text = self.database_text().await;
        for (place, text) in text {
            self.saw(&format!("{place} {when}"), text);
        }
    }

    /// The same, only looked at.
    pub(super) async fn database_text(&self) -> Seen {
        let mut seen = Seen::new();
        let rows = self.database.connect().await;
        let is_postgres = rows.get_database_backend() == DbBackend::Postgres;
        let tables = if is_postgres {
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        };
        let tables = sql::texts(&rows, tables).await;
        assert!(tables.len() >= 12, "{tables:?}");
        for table in tables {
            let select = if is_postgres {
                format!("SELECT t::text FROM {table} t")
            } else {
                let columns = sql::texts(&rows, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
                format!("SELECT {} FROM {table}", quoted.join(" || ',' || "))
            };
            let text = sql::texts(&rows, &select).await.join("\n");
            seen.push((format!("table {table}"), text.into_bytes()));
        }
        if !is_postgres {
            for ending in ["", "-wal", "-shm"] {
                let file = self.folder().join(format!("key-recycling.sqlite{ending}"));
                if let Ok(bytes) = std::fs::read(&file) {
                    seen.push((format!("file sqlite{ending}"), bytes));
                }
            }
        }
        seen
    }

    /// Every file that the server has left, a backup of its database among them. Where PostgreSQL keeps
    /// its own is looked at in a long plan alone: in a usual run many tests share it.
    pub(super) async fn look_at_files(&self) {
        let rows = self.database.connect().await;
        if self.database.is_sqlite() {
            let backup = self.folder().join("backup.sqlite");
            sql::run(&rows, &format!("VACUUM INTO '{}'", backup.display())).await;
            assert!(backup.exists(), "a backup");
        } else if self.looks_often {
            let data = sql::texts(&rows, "SHOW data_directory").await.remove(0);
            let seen = files_below(Path::new(&data));
            assert!(seen.iter().any(|(name, _)| name.contains("pg_wal")), "PostgreSQL's files can be read");
            self.seen.borrow_mut().extend(seen);
        }
        let own = files_below(self.folder());
        let elsewhere = own.into_iter().filter(|(name, _)| !HOMES.iter().any(|home| name.ends_with(home)));
        self.seen.borrow_mut().extend(elsewhere);
    }

    /// The server's process.
    pub(super) fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends the server as an operator does, and answers its whole log.
    pub(super) async fn stop(&mut self) -> Vec<u8> {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.process()).expect("an id"));
        rustix::process::kill_process(id.expect("an id"), rustix::process::Signal::TERM).expect("it can be told");
        let status = self.child.wait().await.expect("it ends");
        assert!(status.success(), "{status}");
        std::mem::replace(&mut self.log, tokio::spawn(async { Vec::new() })).await.expect("the log is read")
    }
}

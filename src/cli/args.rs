//! The command line as clap reads it: nouns with verbs, and no secret among the arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use crate::config::parse_span;
use crate::domain::{AccountId, AccountRef, ProviderCode, Scope};

/// Turn leftover CAPTCHA balance into credits.
#[derive(Debug, Parser)]
#[command(name = "key-recycling", version, about, disable_help_subcommand = true)]
pub(super) struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub(super) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What holds for every command.
#[derive(Args, Debug)]
pub(super) struct Common {
    /// Configuration file; else $KEY_RECYCLING_CONFIG, else ./key-recycling.toml.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// What to log, such as info,key_recycling=debug.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(super) log: Option<String>,
    /// Whether to colour what goes to a terminal.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// Do not ask before dangerous steps.
    #[arg(short, long, global = true)]
    pub(super) yes: bool,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal.
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Everything on this machine: sandbox, server, dispatcher.
    #[cfg(feature = "demo")]
    Demo(DemoArguments),
    /// The server.
    Serve,
    /// The six providers alone.
    #[cfg(feature = "demo")]
    Sandbox(SandboxArguments),
    /// The demo's dispatcher; its orders come through standard input.
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    DemoDispatcher,
    /// Validate, show or explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Bring the database up to date.
    Migrate {
        /// Only tell which migrations are applied.
        #[arg(long)]
        status: bool,
    },
    /// Make, inspect or rotate the key ring.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Tokens of services.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Keys that the platform itself owns.
    #[command(subcommand)]
    PlatformKey(PlatformKeyCommand),
    /// A signed Mini App link for an owner, on loopback only.
    LoginLink {
        /// Telegram's id of the owner.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        telegram_user: i64,
    },
    /// Recompute the ledger; exit 1 when anything is not as it should be.
    Audit {
        /// Only so many accounts.
        #[arg(long, value_name = "N")]
        sample: Option<u64>,
    },
    /// Accounts.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Keys of all accounts.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Attempts at tasks.
    #[command(subcommand)]
    Attempt(AttemptCommand),
    /// Who did what, newest first.
    Log {
        /// Only this action, such as refund.suspected.
        #[arg(long)]
        action: Option<String>,
        /// Only entries about the object of this id.
        #[arg(long, value_name = "ID")]
        target: Option<Uuid>,
        /// Most entries.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// The GraphQL schema.
    Schema {
        /// Compare with a file instead of printing; exit 1 when they differ.
        #[arg(long, value_name = "FILE")]
        check: Option<PathBuf>,
    },
}

/// How the demo runs.
#[cfg(feature = "demo")]
#[derive(Args, Debug)]
pub(super) struct DemoArguments {
    /// End by itself after this time, such as 30s.
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    pub(super) length: Option<Duration>,
    /// Write the closing account to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Port of the public listener; gateway, admin and sandbox follow. 0 takes free ones.
    #[arg(long, default_value_t = 8080)]
    pub(super) port: u16,
    /// Folder for database, key ring and log; a fresh temporary one by default.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Seed of keys, tasks and the sandbox.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Lines instead of a live table; the default without a terminal.
    #[arg(long)]
    pub(super) plain: bool,
}

/// How the sandbox runs.
#[cfg(feature = "demo")]
#[derive(Args, Debug)]
pub(super) struct SandboxArguments {
    /// Base port; the six providers follow. 0 takes free ones.
    #[arg(long, default_value_t = 8083)]
    pub(super) port: u16,
    /// Seed of solve times, failures and answers.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// End when standard input closes, which is how a child notices that its parent has gone.
    #[arg(long, hide = true)]
    pub(super) until_stdin_closes: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Validate the configuration as the server needs it.
    Check,
    /// Values in force and where they come from; secrets are masked.
    Show,
    /// A commented file with every setting.
    Example,
}

#[derive(Debug, Subcommand)]
pub(super) enum VaultCommand {
    /// Make a key ring in a new file that only you can read.
    Init {
        /// The new file.
        file: PathBuf,
    },
    /// The ring's keys, what hangs on each, and which may be taken out of the ring.
    Status,
    /// Seal every stored key anew under a new ring key, beside running servers.
    ///
    /// Adds a random key to the ring file and seals every stored key anew under it. Where an earlier
    /// rotation is unfinished, or a key was added and not used yet, that one is gone on with instead.
    /// It may be killed at any moment and run again. Servers that read the same ring file follow
    /// by themselves within a second. Where servers have ring files of their own, run
    /// `vault rotate --add-only`, give every server the new file, then run `vault rotate --resume`.
    /// Older ring keys stay in the file; `vault status` says which of them may be taken out.
    Rotate {
        /// Add no ring key: only go on with one that was added before.
        #[arg(long, conflicts_with = "add_only")]
        resume: bool,
        /// Only add a ring key, for every server to get to know before it is used.
        #[arg(long)]
        add_only: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token; it is shown once.
    Create {
        /// Name of the service: the principal of its leases and payments.
        service: String,
        /// What the token is good for; may be given several times.
        #[arg(long = "scope", required = true, value_parser = scope, value_name = "dispatch|billing|operate")]
        scopes: Vec<Scope>,
        /// After which time it ends, such as 90d.
        #[arg(long, value_name = "TIME", value_parser = span)]
        expires: Option<Duration>,
    },
    /// All tokens; the tokens themselves are not stored.
    List,
    /// End a token now.
    Revoke {
        /// Id of the token, as `token list` shows it.
        id: Uuid,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum PlatformKeyCommand {
    /// Take a key of the platform's own, from standard input.
    Add {
        /// The provider that issued it.
        #[arg(value_parser = provider)]
        provider: ProviderCode,
        /// A name for it.
        #[arg(long)]
        label: Option<String>,
    },
    /// The platform's own keys.
    List,
    /// Take a key out of routing and erase it.
    Remove {
        /// Id of the key.
        id: Uuid,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// One account with its keys.
    Show {
        /// Its id, or telegram:5000000001.
        #[arg(value_parser = account, value_name = "REF")]
        account: AccountRef,
    },
    /// Stop an account's submissions and spending; its keys are lent on and earn on.
    ///
    /// Counts at once in every server. To stop a key as well: key-recycling key block.
    Freeze {
        /// Its id, or telegram:5000000001.
        #[arg(value_parser = account, value_name = "REF")]
        account: AccountRef,
    },
    /// Let a frozen account submit and spend again.
    Unfreeze {
        /// Its id, or telegram:5000000001.
        #[arg(value_parser = account, value_name = "REF")]
        account: AccountRef,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// The newest keys.
    List {
        /// Most keys.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// One key.
    Show {
        /// Its id.
        id: Uuid,
    },
    /// Stop a key for good, from standard input: it is lent, read and taken no more, whoever holds it.
    ///
    /// Also for a key that nobody has handed over yet. Tasks under way still settle. A block that was
    /// wrong is taken back by: key-recycling key unblock PROVIDER < FILE
    Block {
        /// The provider that issued it.
        #[arg(value_parser = provider)]
        provider: ProviderCode,
        /// Take back what the key has earned, as far as its owners still have it.
        #[arg(long)]
        reverse_credits: bool,
    },
    /// Take a wrong block back; the key comes through standard input.
    ///
    /// Keys in the pool are read at once and lent again; credits that were reversed stay reversed.
    Unblock {
        /// The provider that issued it.
        #[arg(value_parser = provider)]
        provider: ProviderCode,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum AttemptCommand {
    /// The newest attempts.
    List {
        /// Most attempts.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// One attempt.
    Show {
        /// Its id.
        id: Uuid,
    },
}

fn span(text: &str) -> Result<Duration, String> {
    parse_span(text).ok_or_else(|| "a duration has a unit: 30s, 5m, 90d".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_code(text).ok_or_else(|| "a scope is dispatch, billing or operate".to_owned())
}

/// A provider by its name in the configuration or in the API.
fn provider(text: &str) -> Result<ProviderCode, String> {
    let found = ProviderCode::ALL.iter().find(|code| code.slug() == text || code.as_str() == text);
    let slugs = || ProviderCode::ALL.iter().map(|code| code.slug()).collect::<Vec<_>>().join(", ");
    found.copied().ok_or_else(|| format!("a provider is one of {}", slugs()))
}

fn account(text: &str) -> Result<AccountRef, String> {
    let reference = match text.strip_prefix("telegram:") {
        Some(id) => id.parse().ok().filter(|id| *id > 0).map(AccountRef::Telegram),
        None => text.parse::<Uuid>().ok().map(|id| AccountRef::Id(AccountId(id))),
    };
    reference.ok_or_else(|| "an account is its id or telegram:5000000001".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command)
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn commands_read_as_documented() {
        for line in [
            "key-recycling serve",
            "key-recycling migrate --status",
            "key-recycling token create dispatcher --scope dispatch --scope operate --expires 90d",
            "key-recycling token revoke 018f2f6e-7a1c-7b3e-9d1e-0a2b3c4d5e6f",
            "key-recycling platform-key add two_captcha --label spare",
            "key-recycling platform-key add TWO_CAPTCHA",
            "key-recycling config show --json",
            "key-recycling vault init data/ring.toml",
            "key-recycling vault rotate --resume",
            "key-recycling login-link --telegram-user 5000000001",
            "key-recycling audit --sample 10 --log debug -c other.toml -y --color never",
            "key-recycling account show telegram:5000000001",
            "key-recycling account freeze telegram:5000000001",
            "key-recycling account unfreeze 018f2f6e-7a1c-7b3e-9d1e-0a2b3c4d5e6f",
            "key-recycling key block two_captcha --reverse-credits --yes",
            "key-recycling key unblock TWO_CAPTCHA",
            "key-recycling log --action refund.suspected",
            "key-recycling schema --check schema.graphql",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_matter_of_usage() {
        for line in [
            "key-recycling",
            "key-recycling token create dispatcher",
            "key-recycling token create dispatcher --scope everything",
            "key-recycling token create dispatcher --scope dispatch --expires 90",
            "key-recycling platform-key add nobody",
            "key-recycling account show 5000000001",
            "key-recycling account freeze 5000000001",
            "key-recycling key block",
            "key-recycling key block two_captcha a-key-as-an-argument",
            "key-recycling login-link --telegram-user 0",
            "key-recycling vault rotate --resume --add-only",
            "key-recycling serve --port 80",
        ] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
    }

    #[cfg(feature = "demo")]
    #[test]
    fn the_demo_reads_as_documented() {
        let line = "key-recycling demo --for 30s --report out.json --port 9000 --data dir --seed 7 --plain";
        let Ok(Command::Demo(demo)) = parse(line) else { panic!("the demo") };
        assert_eq!((demo.length, demo.port, demo.seed, demo.plain), (Some(Duration::from_secs(30)), 9_000, 7, true));
    }
}

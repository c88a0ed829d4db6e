//! The command line as clap reads it: nouns with verbs, and no secret among the arguments.

#[cfg(feature = "demo")]
mod demo;
mod keys;
mod people;
mod values;
mod vault;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

#[cfg(feature = "demo")]
pub(super) use demo::{DemoArguments, SandboxArguments};
pub(super) use keys::{KeyCommand, PlatformKeyCommand};
pub(super) use people::{AccountCommand, TokenCommand};
pub(super) use vault::VaultCommand;

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

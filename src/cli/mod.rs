//! The command line: nouns with verbs over the use cases.
//!
//! Secrets come from files, standard input or credentials and never from arguments; a refusal is
//! one line that names the setting and the command that repairs it. Exit codes: 0 done, 1 the
//! answer is no, 2 usage or configuration, 3 something needed cannot be reached.

mod args;
mod block;
mod context;
mod failure;
mod freeze;
mod login;
mod look;
pub(crate) mod out;
mod platform_keys;
mod prompt;
mod run;
mod setup;
pub(crate) mod signal;
mod tokens;
mod vault;

use std::process::ExitCode;

use clap::Parser as _;

use args::{
    AccountCommand, Arguments, AttemptCommand, Command, ConfigCommand, KeyCommand, PlatformKeyCommand, TokenCommand,
    VaultCommand,
};
use context::Context;
use failure::Outcome;
use vault::Adding;

use crate::domain::id::new_uuid;
use crate::domain::request_id;

/// Reads the command line of this process and does what it says.
pub async fn main() -> ExitCode {
    let Arguments { common, command } = Arguments::parse();
    let context = Context::new(common);
    // What one command leaves on record is known to be one by this.
    let request = new_uuid(&*context.clock, &*context.entropy).to_string();
    match request_id::within(&request, dispatch(&context, command)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                out::complain(&message);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn dispatch(context: &Context, command: Command) -> Outcome {
    match command {
        #[cfg(feature = "demo")]
        // Boxed: the futures of a whole server are nested deeper than the compiler cares to lay out inline.
        Command::Demo(arguments) => Box::pin(run::demo(context, arguments)).await,
        #[cfg(feature = "demo")]
        Command::Sandbox(arguments) => run::sandbox(context, &arguments).await,
        #[cfg(feature = "demo")]
        Command::DemoDispatcher => run::dispatcher().await,
        Command::Serve => Box::pin(run::serve(context)).await,
        Command::Config(ConfigCommand::Check) => setup::check(context),
        Command::Config(ConfigCommand::Show) => setup::show(context),
        Command::Config(ConfigCommand::Example) => setup::example(context),
        Command::Migrate { status } => setup::migrate(context, status).await,
        Command::Vault(VaultCommand::Init { file }) => vault::init(context, &file),
        Command::Vault(VaultCommand::Status) => vault::status(context).await,
        Command::Vault(VaultCommand::Rotate { resume, add_only }) => {
            let adding = match (resume, add_only) {
                (true, _) => Adding::Never,
                (_, true) => Adding::Only,
                _ => Adding::WhereNeeded,
            };
            vault::rotate(context, adding).await
        }
        Command::Schema { check } => setup::schema(context, check.as_deref()),
        Command::Token(TokenCommand::Create { service, scopes, expires }) => {
            tokens::create(context, &service, &scopes, expires).await
        }
        Command::Token(TokenCommand::List) => tokens::list(context).await,
        Command::Token(TokenCommand::Revoke { id }) => tokens::revoke(context, id.into()).await,
        Command::PlatformKey(PlatformKeyCommand::Add { provider, label }) => {
            platform_keys::add(context, provider, label).await
        }
        Command::PlatformKey(PlatformKeyCommand::List) => platform_keys::list(context).await,
        Command::PlatformKey(PlatformKeyCommand::Remove { id }) => platform_keys::remove(context, id.into()).await,
        Command::LoginLink { telegram_user } => login::link(context, telegram_user),
        Command::Audit { sample } => look::audit(context, sample).await,
        Command::Account(AccountCommand::Show { account }) => look::account(context, account).await,
        Command::Account(AccountCommand::Freeze { account }) => freeze::set(context, account, true).await,
        Command::Account(AccountCommand::Unfreeze { account }) => freeze::set(context, account, false).await,
        Command::Key(KeyCommand::Block { provider, reverse_credits }) => {
            block::block(context, provider, reverse_credits).await
        }
        Command::Key(KeyCommand::Unblock { provider }) => block::unblock(context, provider).await,
        Command::Key(KeyCommand::List { limit }) => look::keys(context, limit).await,
        Command::Key(KeyCommand::Show { id }) => look::key(context, id.into()).await,
        Command::Attempt(AttemptCommand::List { limit }) => look::attempts(context, limit).await,
        Command::Attempt(AttemptCommand::Show { id }) => look::attempt(context, id.into()).await,
        Command::Log { action, target, limit } => look::log(context, action, target, limit).await,
    }
}

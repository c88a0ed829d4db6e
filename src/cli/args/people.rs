//! Arguments around who uses the server: services by their tokens, and accounts.

use std::time::Duration;

use clap::Subcommand;
use uuid::Uuid;

use super::values::{account, scope, span};
use crate::domain::{AccountRef, Scope};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenCommand {
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
pub(in crate::cli) enum AccountCommand {
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

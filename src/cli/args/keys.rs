//! Arguments around providers' keys.

use clap::Subcommand;
use uuid::Uuid;

use super::values::provider;
use crate::domain::ProviderCode;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PlatformKeyCommand {
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
pub(in crate::cli) enum KeyCommand {
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

//! Arguments around the key ring.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum VaultCommand {
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

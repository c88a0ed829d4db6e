//! The `key-recycling` binary: prepares the process, then hands over to the command line.
//!
//! Provider keys pass through this process. Freed memory is zeroed, and neither a crash nor
//! another process of the same user gets a copy of memory: no core files, not dumpable.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    if let Err(reason) = keep_memory_inside() {
        return fail(reason);
    }
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return fail("a TLS provider was installed before");
    }
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(key_recycling::cli::main()),
        Err(_) => fail("the runtime cannot start its threads"),
    }
}

/// Forbids core files, and other processes to look into this one.
fn keep_memory_inside() -> Result<(), &'static str> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|_| "core files cannot be switched off")?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|_| "the process cannot be closed to others")?;
    Ok(())
}

fn fail(reason: &str) -> ExitCode {
    // Nothing that could say it better has started.
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{reason}");
    ExitCode::from(3)
}

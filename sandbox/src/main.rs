//! The sandbox as a process of its own, so that its books outlive whatever is tested against it.
//!
//! Prints one line of JSON with its addresses, then serves until it is told to end.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sandbox::{Options, Provider, Sandbox, TlsOptions, start};
use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;

/// Six CAPTCHA providers on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Base address; the providers' ports follow. Port 0 picks free ports.
    #[arg(long, default_value = "127.0.0.1:8083")]
    listen: SocketAddr,
    /// Seed of solve times, failures and answers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Serve TLS as well, with a made certificate; its authority's certificate goes to this file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tls_certificate", "tls_key"])]
    tls_authority: Option<PathBuf>,
    /// Serve TLS as well, with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// What to log, as in `sandbox=debug`.
    #[arg(long, default_value = "info")]
    log: EnvFilter,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot serve");
            ExitCode::from(3)
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    tracing_subscriber::fmt().with_env_filter(arguments.log).with_writer(io::stderr).init();
    let made = arguments.tls_authority.map(|authority| TlsOptions::SelfMade { authority });
    let given = arguments
        .tls_certificate
        .zip(arguments.tls_key)
        .map(|(certificate, key)| TlsOptions::Files { certificate, key });
    let options = Options { listen: arguments.listen, seed: arguments.seed, tls: made.or(given) };
    let sandbox = start(options).await?;
    writeln!(io::stdout(), "{}", addresses(&sandbox))?;
    sandbox.wait().await
}

/// `base`, one entry per provider, and with TLS one `{slug}_tls` per provider.
fn addresses(sandbox: &Sandbox) -> Value {
    let mut addresses = Map::new();
    addresses.insert("base".to_owned(), format!("http://{}", sandbox.base()).into());
    for provider in Provider::ALL {
        let address = format!("http://{}", sandbox.provider(provider));
        addresses.insert(provider.slug().to_owned(), address.into());
        if let Some(address) = sandbox.provider_tls(provider) {
            let name = format!("{}_tls", provider.slug());
            addresses.insert(name, format!("https://{address}").into());
        }
    }
    Value::Object(addresses)
}

//! A PostgreSQL of the rig's own, with durable commits, that can be stopped without warning.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::trouble::{Outcome, Trouble};

/// A cluster in a folder.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes a cluster and starts it.
    pub(crate) async fn start(programs: &Path, parent: &Path) -> Outcome<Self> {
        let folder = parent.join("postgres");
        std::fs::create_dir(&folder)?;
        if is_root() {
            use std::os::unix::fs::PermissionsExt as _;
            // The cluster's user has to get through to its folder.
            std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o755))?;
            run(Command::new("chown").arg("postgres").arg(&folder)).await?;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cluster = Self { programs: programs.to_owned(), folder, port };
        let data = cluster.data();
        run(cluster.program("initdb").args(["-U", "rig", "--auth=trust", "--no-sync", "-D"]).arg(data)).await?;
        cluster.start_again().await?;
        Ok(cluster)
    }

    /// The database's address.
    pub(crate) fn url(&self) -> String {
        format!("postgres://rig@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts the cluster after a stop; it recovers from its log.
    pub(crate) async fn start_again(&self) -> Outcome<()> {
        let options =
            format!("-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=on", self.port, self.folder.display());
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-w", "-t", "60", "-l"]).arg(self.folder.join("log"));
        run(command.args(["start", "-o", &options])).await
    }

    /// Ends the cluster at once, without a checkpoint: what a crash leaves.
    pub(crate) async fn stop_immediately(&self) -> Outcome<()> {
        run(self.program("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "-w", "stop"])).await
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// PostgreSQL refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]);
        // The part is over; a cluster that is gone already needs no stop.
        let _ = command.as_std_mut().stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a command that has to succeed, and keeps its words for the case that it does not.
pub(crate) async fn run(command: &mut Command) -> Outcome<()> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    // A cluster inherits its starter's output, so a pipe would stay open; a file does not matter.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let status = status.map_err(|error| Trouble(format!("{name}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Trouble(format!("{name} ended with {status}"))) }
}

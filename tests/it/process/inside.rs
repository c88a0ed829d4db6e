//! What other processes of the same user may see of the program's memory: nothing.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Nobody's user id: the kernel keeps nothing from root, so as root the program runs as somebody else.
const NOBODY: &str = "65534";

/// Runs a command as a user who is not root.
fn as_a_user(program: &str, arguments: &[&str]) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn first_line(child: &mut Child) {
    let stdout = child.stdout.take().expect("standard output");
    let line = BufReader::new(stdout).lines().next_line().await.expect("text");
    assert!(line.is_some(), "it says that it runs");
}

/// Who owns what the kernel shows of a process's memory: its user, or root when the process is closed to him.
fn owner_of_its_memory(child: &Child) -> u32 {
    let id = child.id().expect("it runs");
    std::fs::metadata(format!("/proc/{id}/mem")).expect("the process is there").uid()
}

#[tokio::test]
async fn the_program_leaves_no_core_and_is_closed_to_its_own_user() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("it can be entered");
    let program = folder.path().join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_key-recycling"), &program).expect("a copy that anybody can reach");
    let program = program.to_str().expect("a path of text");
    let mut running = as_a_user(program, &["sandbox", "--port", "0"]).spawn().expect("it starts");
    first_line(&mut running).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id().expect("it runs"))).expect("limits");
    let core: Vec<&str> = limits.lines().filter(|line| line.starts_with("Max core file size")).collect();
    let figures: Vec<Vec<&str>> = core.iter().map(|line| line.split_whitespace().skip(4).take(2).collect()).collect();
    assert_eq!(figures, [["0", "0"]], "{limits}");
    assert_eq!(owner_of_its_memory(&running), 0, "a debugger of the same user reads its memory");

    let mut other = as_a_user("sh", &["-c", "echo ready; sleep 60"]).spawn().expect("it starts");
    first_line(&mut other).await;
    assert_ne!(owner_of_its_memory(&other), 0, "of a program that is not closed, it is the user's");
}

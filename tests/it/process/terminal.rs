//! A terminal shows what is typed again, however a command that hid it ends.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Ended, Program};
use crate::support::eventually;

const BLOCK: [&str; 3] = ["key", "block", "two_captcha"];

/// A terminal that controls no process.
struct Terminal {
    /// The side of people.
    people: OwnedFd,
    /// The side of programs.
    programs: OwnedFd,
}

impl Terminal {
    fn new() -> Self {
        let people = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&people).and_then(|()| unlockpt(&people)).expect("its other side");
        let name = ptsname(&people, Vec::new()).expect("its name");
        let programs = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other side");
        Self { people, programs }
    }

    fn shows(&self) -> bool {
        tcgetattr(&self.programs).expect("its modes").local_modes.contains(LocalModes::ECHO)
    }

    /// A command that has asked for a key here.
    async fn asked(&self, program: &Program) -> Child {
        let stdin = File::from(self.programs.try_clone().expect("its other side"));
        let child = program.command(&BLOCK).stdin(stdin).spawn().expect("the program starts");
        eventually("the terminal hides what is typed", || async { (!self.shows()).then_some(()) }).await;
        child
    }
}

#[tokio::test]
async fn a_terminal_shows_what_is_typed_again_whatever_ends_the_prompt() {
    let folder = TempDir::new().expect("a temporary folder");
    let (program, terminal) = (Program::new(folder.path()), Terminal::new());
    assert!(terminal.shows());
    for (signal, code) in [("HUP", 129), ("INT", 130), ("QUIT", 131), ("TERM", 143)] {
        let child = terminal.asked(&program).await;
        let id = child.id().expect("it waits").to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().await.expect("kill runs");
        assert!(sent.success());
        let ended = Ended::of(&BLOCK, child).await;
        assert_eq!(ended.code, code, "{signal}: {}", ended.err);
        assert!(terminal.shows(), "{signal}");
    }

    let child = terminal.asked(&program).await;
    rustix::io::write(&terminal.people, b"a key\n").expect("it is typed");
    let ended = Ended::of(&BLOCK, child).await;
    assert_eq!(ended.code, 2, "it goes on to the configuration, and there is none: {}", ended.err);
    assert!(terminal.shows(), "the prompt has ended");
}

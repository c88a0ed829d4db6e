//! Disks that fail: a small one that can be filled, and one whose fsync answers an error.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::cluster::run;
use crate::trouble::Outcome;

/// Stands before the C library's own functions and fails them while a file exists.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fails(void) {
    const char *file = getenv("RIG_FSYNC_FAILS");
    return file && access(file, F_OK) == 0;
}
int fsync(int fd) { if (fails()) { errno = EIO; return -1; } return (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { if (fails()) { errno = EIO; return -1; } return (int)syscall(SYS_fdatasync, fd); }
"#;

/// A disk of some MiB in memory, gone with the value.
pub(crate) struct SmallDisk {
    pub(crate) folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk; needs root.
    pub(crate) async fn mount(folder: &Path) -> Outcome<Self> {
        let folder = folder.join("disk");
        std::fs::create_dir(&folder)?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(&folder)).await?;
        Ok(Self { folder })
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) -> Outcome<()> {
        let mut file = std::fs::File::create(self.filler())?;
        for chunk in [&[0_u8; 65_536][..], &[0_u8; 512][..]] {
            loop {
                match file.write_all(chunk) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back.
    pub(crate) fn free(&self) -> Outcome<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut command = std::process::Command::new("umount");
        // Lazily: whoever still has a file open keeps it.
        let _ = command.arg("-l").arg(&self.folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// A library for the server alone, in which fsync can be made to fail.
pub(crate) struct FsyncShim {
    library: PathBuf,
    switch: PathBuf,
}

impl FsyncShim {
    /// Builds the library; needs `cc`.
    pub(crate) async fn build(folder: &Path) -> Outcome<Self> {
        let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
        std::fs::write(&source, SHIM)?;
        run(Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source)).await?;
        Ok(Self { library, switch: folder.join("fsync-fails") })
    }

    /// The variables that put it in front of a program.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.display().to_string();
        vec![("LD_PRELOAD".to_owned(), text(&self.library)), ("RIG_FSYNC_FAILS".to_owned(), text(&self.switch))]
    }

    pub(crate) fn fail(&self) -> Outcome<()> {
        std::fs::File::create(&self.switch)?;
        Ok(())
    }

    pub(crate) fn mend(&self) -> Outcome<()> {
        Ok(std::fs::remove_file(&self.switch)?)
    }
}

//! Where the daemon's own files are, and how a socket is reached whose path is longer than the system allows.

use super::error::DaemonError;
use crate::base::Paths;
use rustix::fs::{Mode, OFlags};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

/// Longest path of a socket on all systems, in bytes, the final zero not counted.
const SOCKET_PATH_MAX: usize = 103;

/// The files of one user's daemon, all in the state folder.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// The daemon's files below rtk's state folder.
    pub fn of(paths: &Paths) -> Place {
        Place { folder: paths.state.clone() }
    }

    /// The folder of all of them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The socket that hooks ask.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("daemon.sock")
    }

    /// Held by the daemon as long as it lives.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("daemon.lock")
    }

    /// Process, start time, version and port of the daemon.
    pub fn pid_file(&self) -> PathBuf {
        self.folder.join("daemon.json")
    }

    /// The bearer token of the HTTP face.
    pub fn token(&self) -> PathBuf {
        self.folder.join("token")
    }

    /// A path to the socket that is short enough for the system, and what must stay open while it is used.
    pub(super) fn reachable_socket(&self) -> std::io::Result<(PathBuf, Option<OwnedFd>)> {
        let socket = self.socket();
        if socket.as_os_str().len() <= SOCKET_PATH_MAX {
            return Ok((socket, None));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.folder, flags, Mode::empty())?;
        Ok((PathBuf::from(format!("/proc/self/fd/{}/daemon.sock", folder.as_raw_fd())), Some(folder)))
    }

    pub(super) fn make_folder(&self) -> Result<(), DaemonError> {
        Ok(crate::fs::create_private_dir_all(&self.folder)?)
    }
}

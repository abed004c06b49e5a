//! Where rtk keeps its own files: XDG folders on Linux and macOS alike, all below `RTK_HOME` when that is set.

use super::Env;
use std::path::{Path, PathBuf};

/// The folders that rtk writes to; none of them is created here.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Databases, session records, install receipts: `$XDG_DATA_HOME/rtk` or `~/.local/share/rtk`.
    pub data: PathBuf,
    /// Log, PID, token, locks: `$XDG_STATE_HOME/rtk` or `~/.local/state/rtk`.
    pub state: PathBuf,
    /// `config.toml`: `$XDG_CONFIG_HOME/rtk` or `~/.config/rtk`.
    pub config: PathBuf,
}

impl Paths {
    /// Derives the folders from the environment; `None` without `RTK_HOME` and without a home.
    pub fn of(env: &Env) -> Option<Paths> {
        if let Some(all) = env.os("RTK_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
            return Some(Paths {
                data: all.join("data"),
                state: all.join("state"),
                config: all.join("config"),
            });
        }
        let home = env.home();
        let folder = |key: &str, below_home: &str| {
            let set = env.os(key).map(PathBuf::from).filter(|path| path.is_absolute());
            set.or_else(|| home.as_ref().map(|home| home.join(below_home))).map(|path| path.join("rtk"))
        };
        Some(Paths {
            data: folder("XDG_DATA_HOME", ".local/share")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
            config: folder("XDG_CONFIG_HOME", ".config")?,
        })
    }

    /// The folder of one project's derived data.
    pub fn project(&self, id: &str) -> PathBuf {
        self.data.join("projects").join(id)
    }

    /// The folder that holds one record file per client session.
    pub fn sessions(&self) -> PathBuf {
        self.data.join("sessions")
    }

    /// The log file.
    pub fn log(&self) -> PathBuf {
        self.state.join("rtk.log")
    }

    /// The folder of lock files; targets themselves are never locked.
    pub fn locks(&self) -> PathBuf {
        self.state.join("locks")
    }

    /// Where a batch of writes notes what it is about to do; there only while one runs, or after it was killed.
    pub fn journal(&self) -> PathBuf {
        self.state.join("batch.journal")
    }

    /// The folder of notes by which an edit is taken back to the byte.
    pub fn receipts(&self) -> PathBuf {
        self.state.join("receipts")
    }

    /// The user's settings file.
    pub fn settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Whether `path` is one of rtk's own files.
    pub fn owns(&self, path: &Path) -> bool {
        [&self.data, &self.state, &self.config].iter().any(|own| path.starts_with(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_follow_rtk_home_then_xdg_then_home() {
        let cwd = Path::new("/tmp");
        let all = Paths::of(&Env::of(cwd, [("RTK_HOME", "/r"), ("HOME", "/h")])).unwrap();
        assert_eq!(all.log(), Path::new("/r/state/rtk.log"));
        let xdg = Paths::of(&Env::of(cwd, [("XDG_DATA_HOME", "/x"), ("HOME", "/h")])).unwrap();
        assert_eq!(xdg.project("a"), Path::new("/x/rtk/projects/a"));
        assert_eq!(xdg.settings(), Path::new("/h/.config/rtk/config.toml"));
        assert!(Paths::of(&Env::of(cwd, [("XDG_DATA_HOME", "/x")])).is_none());
    }
}

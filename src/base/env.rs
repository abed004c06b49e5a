//! The process environment, captured once: variables, working folder, arguments, own program.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A snapshot of what the process was started with; rooms take it as an argument, tests build their own.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// As the system has them; of two with the same name the last counts. Few are ever asked for, so nothing is sorted.
    vars: Vec<(OsString, OsString)>,
    cwd: Option<PathBuf>,
    program: Option<PathBuf>,
    args: Vec<OsString>,
}

impl Env {
    /// Captures the real environment of this process.
    #[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
    pub fn capture() -> Env {
        Env {
            vars: std::env::vars_os().collect(),
            cwd: std::env::current_dir().ok(),
            program: std::env::current_exe().ok(),
            args: std::env::args_os().collect(),
        }
    }

    /// An environment made of the given variables, for tests.
    pub fn of<K: Into<OsString>, V: Into<OsString>>(
        cwd: &Path,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Env {
        let vars = vars.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Env { vars, cwd: Some(cwd.to_path_buf()), program: None, args: Vec::new() }
    }

    /// The same with the path of the running program.
    #[must_use]
    pub fn with_program(self, program: &Path) -> Env {
        Env { program: Some(program.to_path_buf()), ..self }
    }

    /// The same with a working folder.
    #[must_use]
    pub fn with_cwd(self, cwd: Option<&Path>) -> Env {
        Env { cwd: cwd.map(Path::to_path_buf), ..self }
    }

    /// The variable's value; an empty one counts as absent.
    pub fn os(&self, key: &str) -> Option<&OsStr> {
        let found = self.vars.iter().rfind(|(name, _)| name == key);
        found.map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// The variable's value if it is valid UTF-8; an empty one counts as absent.
    pub fn var(&self, key: &str) -> Option<&str> {
        self.os(key).and_then(OsStr::to_str)
    }

    /// All variables, in the order of their names.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let sorted: BTreeMap<_, _> =
            self.vars.iter().map(|(key, value)| (key.as_os_str(), value.as_os_str())).collect();
        sorted.into_iter()
    }

    /// The home folder: `HOME`, or `USERPROFILE` where that is what the system has.
    pub fn home(&self) -> Option<PathBuf> {
        self.home_by(cfg!(windows))
    }

    /// On Windows, `HOME` is what a Unix shell there makes of the folder, and the client does not ask for it.
    fn home_by(&self, windows: bool) -> Option<PathBuf> {
        let names = if windows { ["USERPROFILE", "HOME"] } else { ["HOME", "USERPROFILE"] };
        let homes = names.into_iter().filter_map(|name| self.os(name).map(PathBuf::from));
        homes.into_iter().find(|home| home.is_absolute())
    }

    /// The working folder; `None` when it was removed under the process.
    pub fn cwd(&self) -> Option<&Path> {
        self.cwd.as_deref()
    }

    /// The absolute path of the running program.
    pub fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// The arguments, the program's own name first.
    pub fn args(&self) -> &[OsString] {
        &self.args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_absent_and_a_relative_home_is_none() {
        let env = Env::of(Path::new("/tmp"), [("A", ""), ("B", "b"), ("HOME", "relative")]);
        assert_eq!(env.var("A"), None);
        assert_eq!(env.var("B"), Some("b"));
        assert_eq!(env.home(), None);
        let twice = Env::of(Path::new("/tmp"), [("B", "1"), ("A", "a"), ("B", "2")]);
        assert_eq!(twice.var("B"), Some("2"));
        assert!(
            twice
                .vars()
                .eq([("A", "a"), ("B", "2")].map(|(key, value)| (OsStr::new(key), OsStr::new(value))))
        );
        let both = Env::of(Path::new("/tmp"), [("HOME", "/h"), ("USERPROFILE", "/u")]);
        assert_eq!(both.home_by(false).unwrap(), Path::new("/h"));
        assert_eq!(both.home_by(true).unwrap(), Path::new("/u"));
    }
}

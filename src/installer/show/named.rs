//! Which program the name `rtk` means on `PATH`: other programs bear it too.

use super::fire::version;
use crate::base::Env;
use crate::installer::entries::BARE_NAME;
use crate::installer::recognise::{Known, ProgramIs, identify};
use std::path::PathBuf;

/// What a command line finds under the name `rtk`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The running program.
    This(PathBuf),
    /// Another copy or build of it.
    Other {
        /// Where it lies.
        path: PathBuf,
        /// What it says its version is.
        version: Option<String>,
    },
    /// A program of somebody else; it was not started.
    Foreign(PathBuf),
    /// Nothing.
    Nothing,
}

/// Looks the name up on `PATH`.
pub fn named_program(env: &Env) -> Named {
    let running = env.program().map(PathBuf::from).unwrap_or_default();
    let known = Known::new(env, &running, Vec::new());
    let Some(path) = known.find(BARE_NAME) else { return Named::Nothing };
    let real = |path: &PathBuf| path.canonicalize().ok();
    if real(&path).is_some() && real(&path) == real(&running) {
        return Named::This(path);
    }
    match identify(&path) {
        ProgramIs::Rtk => {
            let version = version(&path);
            Named::Other { path, version }
        }
        ProgramIs::Other | ProgramIs::Missing => Named::Foreign(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_name_is_told_from_what_bears_it() {
        let root = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let env = || Env::of(root.path(), [("PATH", root.path())]).with_program(&own);
        assert_eq!(named_program(&env()), Named::Nothing);
        let path = root.path().join("rtk");
        std::fs::write(&path, "#!/bin/sh\ntouch \"${0%/*}/started\"\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(named_program(&env()), Named::Foreign(path.clone()));
        assert!(!root.path().join("started").exists(), "a stranger is never started");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&own, &path).unwrap();
        assert_eq!(named_program(&env()), Named::This(path));
    }
}

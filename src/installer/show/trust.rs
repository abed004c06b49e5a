//! Whether the user trusts the working folder: in interactive sessions the client holds back all hooks until then.

use super::{Finding, Level};
use crate::base::Env;
use crate::fs::read;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The client's own state file.
const FILE: &str = ".claude.json";
/// A larger one is not read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    projects: HashMap<String, Project>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default, rename = "hasTrustDialogAccepted")]
    trusted: bool,
}

/// What is to be said about the working folder; nothing where the client has never run or the folder is trusted.
pub(super) fn finding(env: &Env) -> Option<Finding> {
    let folder = env.os("CLAUDE_CONFIG_DIR").map(PathBuf::from).or_else(|| env.home())?;
    let cwd = env.cwd()?;
    let path = cwd.join(folder).join(FILE);
    let bytes = read(&path, FILE_BYTES_MAX).ok().flatten()?;
    let state: State = serde_json::from_slice(&bytes).ok()?;
    let project = |folder: &Path| state.projects.get(folder.to_str()?);
    if cwd.ancestors().any(|folder| project(folder).is_some_and(|project| project.trusted)) {
        return None;
    }
    let seen = cwd.ancestors().any(|folder| project(folder).is_some());
    let level = if seen { Level::Warning } else { Level::Note };
    let what =
        format!("{} is not trusted yet: interactive sessions run no hook in it until then", cwd.display());
    let fix = "start claude there and accept the question whether you trust the folder";
    Some(Finding::new(level, what, fix).in_file(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(state: &str) -> Option<Level> {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().canonicalize().unwrap();
        let project = home.join("code/src");
        std::fs::create_dir_all(&project).unwrap();
        let state = state.replace("@", &home.display().to_string());
        std::fs::write(home.join(FILE), state).unwrap();
        finding(&Env::of(&project, [("HOME", &home)])).map(|finding| finding.level)
    }

    #[test]
    fn trust_of_a_folder_holds_for_those_below() {
        assert_eq!(level(r#"{"projects":{"@/code":{"hasTrustDialogAccepted":true}}}"#), None);
        assert_eq!(
            level(r#"{"projects":{"@/code/src":{"hasTrustDialogAccepted":false}}}"#),
            Some(Level::Warning)
        );
        assert_eq!(level(r#"{"projects":{"@/else":{"hasTrustDialogAccepted":true}}}"#), Some(Level::Note));
        assert_eq!(level("{}"), Some(Level::Note));
        assert_eq!(level("damaged"), None);
    }
}

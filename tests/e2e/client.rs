//! Finds the Claude Code clients that `install-clients.sh` has put into its folder.

use std::path::{Path, PathBuf};

/// Which of the two clients a case drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// The newest release: native program, the tool is named `Agent`, requests carry the agent's id.
    Newest,
    /// A release before 2.1.63: run by node, the tool is named `Task`, requests carry no agent id.
    Older,
}

impl Client {
    /// Name of the tool that launches a subagent.
    pub(crate) fn launch_tool(self) -> &'static str {
        match self {
            Client::Newest => "Agent",
            Client::Older => "Task",
        }
    }

    /// The program to start. Panics with what to do when it is not installed.
    pub(crate) fn program(self) -> PathBuf {
        let folder = folder();
        let pointer = match self {
            Client::Newest => folder.join("newest"),
            Client::Older => folder.join("older"),
        };
        let version = std::fs::read_to_string(&pointer).unwrap_or_else(|error| {
            panic!(
                "no Claude Code client: {}: {error}\nrun tests/run, or {} first",
                pointer.display(),
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/install-clients.sh"),
            )
        });
        let program = folder.join(version.trim()).join("claude");
        assert!(program.is_file(), "{} names {}, which is not there", pointer.display(), program.display());
        program
    }
}

/// The folder of `install-clients.sh`: the same rule as in the script.
fn folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("RTK_E2E_CLIENTS") {
        return PathBuf::from(folder);
    }
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache")));
    cache.expect("neither RTK_E2E_CLIENTS nor XDG_CACHE_HOME nor HOME is set").join("rtk-tests/clients")
}

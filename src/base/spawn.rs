//! Starts rtk itself in the background, detached from the session that caused it.

use super::Env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Why a background process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The path of the running program is not known.
    #[error("the path of the running program is unknown")]
    NoProgram,
    /// The system refused.
    #[error("cannot start {program}: {source}")]
    Io {
        /// What was to be started.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Stack of the thread that waits for a child, in bytes.
const REAPER_STACK_BYTES: usize = 64 * 1024;

/// Starts this same program with `args` in `cwd`: own process group, no terminal, no pipes of the caller's.
///
/// The caller does not wait for the child, which may outlive it; while the caller lives, a thread takes its end note, so
/// that no zombie stays.
#[expect(clippy::disallowed_methods, reason = "processes are spawned here and in git only")]
pub fn detach<A: AsRef<OsStr>>(env: &Env, cwd: &Path, args: &[A]) -> Result<u32, SpawnError> {
    let program = env.program().ok_or(SpawnError::NoProgram)?;
    let mut command = Command::new(program);
    command.args(args).current_dir(cwd);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_remove("CLAUDE_CODE_MESSAGING_TOKEN").env_remove("ANTHROPIC_API_KEY");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .spawn()
        .map_err(|source| SpawnError::Io { program: program.display().to_string(), source })?;
    let id = child.id();
    // Without a thread it stays a zombie until the caller ends.
    let _ = std::thread::Builder::new().stack_size(REAPER_STACK_BYTES).spawn(move || child.wait());
    Ok(id)
}

/// Lets every other process go first; for background work.
pub fn lower_priority() {
    // Not being allowed to is no reason not to work.
    let _ = rustix::process::nice(10);
}

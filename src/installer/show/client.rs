//! Asks the installed client itself what it thinks of the settings, on copies in a folder of their own.
//!
//! Only a cleared environment, a temporary home and no network are given to it: the user's state cannot be touched.

use crate::base::{Env, ProcessOutput, run_with_input};
use crate::fs::{FsError, WriteOptions, create_folders, read, replace};
use crate::installer::apply::SETTINGS_BYTES_MAX;
use crate::installer::platform::Platform;
use crate::installer::recognise::is_executable;
use crate::installer::scope::Scope;
use serde::Serialize;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The client's program.
const PROGRAM: &str = "claude";
/// Where its installers put it, below the home folder, for a `PATH` that does not name them.
const USUAL_PLACES: [&str; 2] = [".local/bin/claude", ".claude/local/claude"];
/// How long it may take; half a second is usual.
const WAIT: Duration = Duration::from_secs(20);
/// Variables that a program needs to start at all.
const KEPT: [&str; 6] = ["PATH", "LANG", "LC_ALL", "SystemRoot", "SYSTEMROOT", "COMSPEC"];
/// Nothing listens there: what would go out ends at once.
const NOWHERE: &str = "http://127.0.0.1:9";
/// First line of the report; clients that draw theirs on a terminal do not print it.
const REPORT_TITLE: &str = "Claude Code doctor";
/// Title of the part of the report that is about settings.
const SETTINGS_TITLE: &str = "Invalid settings";

/// What the client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientVerdict {
    /// The client's program.
    pub program: PathBuf,
    /// Its version, if it says one.
    pub version: Option<String>,
    /// Its complaints about the settings: file and words; `None` when it could not be asked.
    pub complaints: Option<Vec<(PathBuf, String)>>,
    /// Why it could not be asked.
    pub failure: Option<String>,
}

/// Asks the client that is installed; `None` when there is none.
pub fn ask_client(env: &Env) -> Option<ClientVerdict> {
    let program = find(env)?;
    let mut verdict = ClientVerdict { program, version: None, complaints: None, failure: None };
    match ask(env, &verdict.program) {
        Ok((report, names)) => {
            let running = report.lines().find_map(|line| line.strip_prefix("Running: "));
            verdict.version = running.map(|text| text.trim().to_owned());
            match complaints(&report, &names) {
                Some(complaints) => verdict.complaints = Some(complaints),
                None => verdict.failure = Some("its doctor needs a terminal: an older version".into()),
            }
        }
        Err(failure) => verdict.failure = Some(failure),
    }
    Some(verdict)
}

fn find(env: &Env) -> Option<PathBuf> {
    let search: Vec<PathBuf> =
        env.os("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let usual = env.home().into_iter().flat_map(|home| USUAL_PLACES.map(|place| home.join(place)));
    let names = Platform::current().program_names(PROGRAM);
    let on_path = search.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    on_path.chain(usual).find(|path| is_executable(path))
}

/// The client's report, and for each copied file the name under which the user knows it.
fn ask(env: &Env, program: &Path) -> Result<(String, Vec<(PathBuf, PathBuf)>), String> {
    let folder =
        tempfile::Builder::new().prefix("rtk-doctor-").tempdir().map_err(|error| error.to_string())?;
    let place = folder.path().canonicalize().map_err(|error| error.to_string())?;
    let names = copies(env, &place).map_err(|error| error.to_string())?;
    let output = run_with_input(
        program.as_os_str(),
        &["doctor"],
        &place.join("project"),
        &environment(env, &place),
        b"",
        WAIT,
    );
    let ProcessOutput { stdout, timed_out, .. } = output.map_err(|error| error.to_string())?;
    if timed_out {
        return Err(format!("its doctor did not end within {} s", WAIT.as_secs()));
    }
    Ok((String::from_utf8_lossy(&stdout).into_owned(), names))
}

/// Copies every settings file of the working folder's scopes; returns pairs of copy and original.
fn copies(env: &Env, place: &Path) -> Result<Vec<(PathBuf, PathBuf)>, FsError> {
    let write = |path: &Path, content: &[u8]| {
        create_folders(path.parent().unwrap_or(place), 0o700)?;
        replace(path, content, &WriteOptions::fast(place).unlocked()).map(|_| ())
    };
    write(&place.join("project/.git/HEAD"), b"ref: refs/heads/main\n")?;
    create_folders(&place.join("home"), 0o700)?;
    let mut names = Vec::new();
    for scope in Scope::ALL {
        let Ok(original) = scope.settings_path(env) else { continue };
        let Ok(Some(content)) = read(&original, SETTINGS_BYTES_MAX) else { continue };
        let copy = place.join(match scope {
            Scope::Global => "config/settings.json",
            Scope::Project => "project/.claude/settings.json",
            Scope::Local => "project/.claude/settings.local.json",
        });
        write(&copy, &content)?;
        names.push((copy, original));
    }
    Ok(names)
}

fn environment(env: &Env, place: &Path) -> Vec<(OsString, Option<OsString>)> {
    let kept = |name: &OsStr| KEPT.iter().any(|kept| name == OsStr::new(kept));
    let mut variables: Vec<_> =
        env.vars().filter(|(name, _)| !kept(name)).map(|(name, _)| (name.to_owned(), None)).collect();
    let mut set = |name: &str, value: OsString| variables.push((name.into(), Some(value)));
    for name in ["HOME", "USERPROFILE", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        set(name, place.join("home").into());
    }
    set("CLAUDE_CONFIG_DIR", place.join("config").into());
    for name in ["ANTHROPIC_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        set(name, NOWHERE.into());
    }
    for name in [
        "DISABLE_AUTOUPDATER",
        "DISABLE_TELEMETRY",
        "DISABLE_ERROR_REPORTING",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
    ] {
        set(name, "1".into());
    }
    variables
}

/// The complaints of the report with the originals' names; `None` when it is no report.
fn complaints(report: &str, names: &[(PathBuf, PathBuf)]) -> Option<Vec<(PathBuf, String)>> {
    report.lines().find(|line| line.trim() == REPORT_TITLE)?;
    let lines = report.lines().skip_while(|line| line.trim() != SETTINGS_TITLE).skip(1);
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    for line in lines.take_while(|line| !line.trim().is_empty()) {
        match line.strip_prefix("- ") {
            Some(line) => {
                let named = names.iter().find_map(|(copy, original)| {
                    Some((original.clone(), line.strip_prefix(copy.to_str()?)?))
                });
                let (path, words) = named.unwrap_or_else(|| (PathBuf::new(), line));
                found.push((path, words.trim_start_matches([' ', '›', ':']).to_owned()));
            }
            None => {
                if let Some((_, words)) = found.last_mut() {
                    *words = format!("{words} {}", line.trim());
                }
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn complaints_bear_the_names_of_the_originals() {
        let names =
            [(PathBuf::from("/t/config/settings.json"), PathBuf::from("/home/u/.claude/settings.json"))];
        let report = "Claude Code doctor\n\nRunning: x\n\nInvalid settings\n\
            - /t/config/settings.json › hooks.PreToolUse.0: bad: type\n  Suggested fix: none\n\
            - /etc/claude-code/managed-settings.json: Invalid or malformed JSON\n\nRemote Control\n- Not connected\n";
        let found = complaints(report, &names).unwrap();
        assert_eq!(found[0].0, Path::new("/home/u/.claude/settings.json"));
        assert_eq!(found[0].1, "hooks.PreToolUse.0: bad: type Suggested fix: none");
        assert!(found[1].1.starts_with("/etc/claude-code"), "{found:?}");
        assert_eq!(found.len(), 2);
        assert_eq!(complaints("Claude Code doctor\nall good\n", &names), Some(vec![]));
        assert_eq!(complaints("Raw mode is not supported", &names), None);
    }

    /// A client that tells what it was given: neither secrets, nor the home, nor the settings themselves.
    #[test]
    fn the_client_works_on_copies_without_the_users_environment() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().canonicalize().unwrap();
        for folder in [".claude", "bin"] {
            std::fs::create_dir_all(home.join(folder)).unwrap();
        }
        std::fs::write(home.join(".claude/settings.json"), "{\"a\":1,}").unwrap();
        let script = format!(
            "#!/bin/sh\nenv > {0}/seen; cat \"$CLAUDE_CONFIG_DIR/settings.json\" > {0}/copy; echo x > \"$HOME/.claude.json\"\n\
             echo 'Claude Code doctor'; echo; echo 'Running: test (9.9)'; echo; echo 'Invalid settings'\n\
             echo \"- $CLAUDE_CONFIG_DIR/settings.json: Invalid or malformed JSON\"\n",
            home.display()
        );
        std::fs::write(home.join("bin/claude"), script).unwrap();
        std::fs::set_permissions(home.join("bin/claude"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}/bin:/usr/bin:/bin", home.display());
        let vars = [("HOME", home.display().to_string()), ("PATH", path)];
        let verdict = ask_client(&Env::of(&home, vars)).unwrap();
        assert_eq!(verdict.version.as_deref(), Some("test (9.9)"), "{verdict:?}");
        let complaints = verdict.complaints.unwrap();
        assert_eq!(
            complaints,
            [(home.join(".claude/settings.json"), "Invalid or malformed JSON".to_owned())]
        );
        assert_eq!(std::fs::read_to_string(home.join("copy")).unwrap(), "{\"a\":1,}");
        assert!(!home.join(".claude.json").exists());
        let seen = std::fs::read_to_string(home.join("seen")).unwrap();
        let value =
            |name: &str| seen.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap();
        assert!(!value("HOME").starts_with(home.to_str().unwrap()), "{seen}");
        assert_eq!(value("HTTPS_PROXY"), NOWHERE);
    }

    #[test]
    fn no_client_is_no_verdict() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(ask_client(&Env::of(root.path(), [("HOME", root.path()), ("PATH", root.path())])), None);
    }
}

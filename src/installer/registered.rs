//! Tells whether the user's settings call rtk for an event, so that the plugin's call of it can stand down.
//!
//! The client starts the hooks of settings and plugins side by side, each with the same event, and keeps the reply that
//! comes last. Who stands down follows from the files alone, so that both processes agree without talking.

use super::apply::{SETTINGS_BYTES_MAX, read_receipts};
use super::entries::HttpHook;
use super::error::Ignored;
use super::faults::faults;
use super::matcher::matches;
use super::platform::Platform;
use super::recognise::{Call, Known};
use super::scope::{CLIENT_FOLDER, client_folder, program};
use super::settings::{HandlerAt, SettingsDocument};
use crate::base::{Env, Paths};
use crate::fs::read;
use crate::project::find_root;
use std::path::{Path, PathBuf};

/// Keys of a handler under which it does not run for every event, or its reply does not count.
const CONDITIONS: [&str; 3] = ["if", "async", "asyncRewake"];

/// The settings file whose entry the client runs for this event, if there is one. A file that the client ignores and
/// an entry whose program is gone do not count. `tool` is empty for events without one.
pub fn registered_in_settings(env: &Env, paths: &Paths, event: &str, tool: &str) -> Option<PathBuf> {
    let receipts = read_receipts(paths).ok()?;
    let known = Known::new(env, &program(env).ok()?, receipts.programs);
    session_files(env).into_iter().find(|path| calls(&known, path, event, tool))
}

/// The daemon that the client asks in this session in place of starting the program, if any entry says so.
pub fn http_hook(env: &Env) -> Option<HttpHook> {
    session_files(env).into_iter().find_map(|path| {
        let bytes = read(&path, SETTINGS_BYTES_MAX).ok()??;
        let document = SettingsDocument::parse(&path, &bytes).ok()?;
        document.handlers().into_iter().find_map(|at| HttpHook::of(at.node))
    })
}

/// The settings files that the client has read for this session: the project's own only from the folder in which the
/// session started, the local one also from the work tree's root.
fn session_files(env: &Env) -> Vec<PathBuf> {
    let start = env.os("CLAUDE_PROJECT_DIR").map(Path::new).filter(|path| path.is_absolute()).or(env.cwd());
    let mut files: Vec<PathBuf> =
        client_folder(env).ok().map(|folder| folder.join("settings.json")).into_iter().collect();
    if let Some(start) = start {
        let folder = start.join(CLIENT_FOLDER);
        files.extend([folder.join("settings.json"), folder.join("settings.local.json")]);
        let root = find_root(start, env).ok().flatten();
        let root = root.filter(|_| Platform::current().reads_local_settings_from_below());
        files.extend(root.map(|root| root.path.join(CLIENT_FOLDER).join("settings.local.json")));
    }
    files
}

fn calls(known: &Known, path: &Path, event: &str, tool: &str) -> bool {
    let Ok(Some(bytes)) = read(path, SETTINGS_BYTES_MAX) else { return false };
    let Ok(document) = SettingsDocument::parse(path, &bytes) else { return false };
    let serves = |at: &HandlerAt<'_>| {
        let reached = tool.is_empty() || matches(at.matcher, tool);
        let always = CONDITIONS.iter().all(|key| at.node.get(key).is_none());
        at.event == event
            && reached
            && always
            && known.owns(at.event, at.matcher, at.node)
            && (HttpHook::of(at.node).is_some()
                || Call::of(at.node).is_some_and(|call| known.locate(&call).is_some()))
    };
    document.handlers().iter().any(serves)
        && faults(&document).iter().all(|fault| fault.ignored == Ignored::Entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    struct Machine {
        root: tempfile::TempDir,
    }

    impl Machine {
        fn new() -> Machine {
            let root = tempfile::tempdir().unwrap();
            for folder in ["home/.claude", "work/.git", "work/.claude", "work/src"] {
                std::fs::create_dir_all(root.path().join(folder)).unwrap();
            }
            std::fs::write(root.path().join("work/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
            Machine { root }
        }

        fn write(&self, name: &str, settings: &Value) {
            std::fs::write(self.root.path().join(name), settings.to_string()).unwrap();
        }

        /// Where rtk is registered in the eyes of a session that started in `start` and now works in `work/src`.
        fn registered(&self, start: &str, event: &str, tool: &str) -> Option<PathBuf> {
            let at = |name: &str| self.root.path().join(name).display().to_string();
            let vars = [("HOME", at("home")), ("CLAUDE_PROJECT_DIR", at(start)), ("RTK_HOME", at("rtk"))];
            let env = Env::of(&self.root.path().join("work/src"), vars).with_program(&own());
            let found = registered_in_settings(&env, &Paths::of(&env).unwrap(), event, tool)?;
            Some(found.strip_prefix(self.root.path()).unwrap().to_path_buf())
        }
    }

    fn own() -> PathBuf {
        std::env::current_exe().unwrap()
    }

    fn settings(matcher: &str, program: &Path) -> Value {
        let handler = json!({ "type": "command", "command": program, "args": ["hook"], "timeout": 10 });
        json!({ "hooks": { "PreToolUse": [{ "matcher": matcher, "hooks": [handler] }] } })
    }

    #[test]
    fn entries_that_the_client_runs_are_found_in_the_files_that_it_reads() {
        for (file, start, found) in [
            ("home/.claude/settings.json", "work", true),
            ("work/.claude/settings.json", "work", true),
            ("work/.claude/settings.json", "work/src", false),
            ("work/.claude/settings.local.json", "work/src", true),
        ] {
            let machine = Machine::new();
            machine.write(file, &settings("Task|Agent", &own()));
            let expected = found.then(|| PathBuf::from(file));
            assert_eq!(machine.registered(start, "PreToolUse", "Agent"), expected, "{file} {start}");
            assert_eq!(machine.registered(start, "SubagentStart", ""), None);
            assert_eq!(machine.registered(start, "PreToolUse", "Bash"), None);
        }
    }

    #[test]
    fn entries_that_do_not_work_leave_the_work_to_the_plugin() {
        let good = settings("Task|Agent", &own());
        let mut conditional = good.clone();
        conditional["hooks"]["PreToolUse"][0]["hooks"][0]["if"] = json!("Agent(Explore)");
        let mut ignored = good.clone();
        ignored["hooks"]["PreToolUse"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "hooks": [{ "type": "nosuch" }] }));
        let mut foreign = good.clone();
        foreign["hooks"]["PreToolUse"][0]["hooks"][0]["args"] = json!(["rewrite"]);
        for bad in [
            conditional,
            ignored,
            foreign,
            settings("Explore", &own()),
            settings("*", Path::new("/gone/rtk")),
        ] {
            let machine = Machine::new();
            machine.write("home/.claude/settings.json", &bad);
            assert_eq!(machine.registered("work", "PreToolUse", "Agent"), None, "{bad}");
        }
    }
}

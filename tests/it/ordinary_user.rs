//! What is closed to an ordinary user costs what it holds and nothing else, and the log tells it once.
//!
//! Nothing is closed to the super-user: where the test run has its rights, these programs give them up first.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const TASK: &str = "fix the lantern in harbor_lights";

/// A project without git, three files of which lie in a folder of their own.
fn project() -> Sandbox {
    let sandbox = Sandbox::new().with("GIT_CEILING_DIRECTORIES", "/").with("RTK_HOOK_DEADLINE_MS", "60000");
    sandbox.write("Cargo.toml", "[package]\nname = \"harbor\"\n");
    for number in 0..3 {
        sandbox.write(format!("src/open{number}.rs"), "fn harbor_lights() { lantern(); }\n");
        sandbox.write(format!("src/closed/file{number}.rs"), "fn harbor_lights() { lantern(); } // shut\n");
    }
    sandbox.for_ordinary_user()
}

/// A folder or file whose rights are taken away, and given back at the end.
struct Closed(PathBuf);

impl Closed {
    fn new(path: PathBuf, mode: u32) -> Closed {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Closed(path)
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        let mode = if self.0.is_dir() { 0o755 } else { 0o644 };
        drop(std::fs::set_permissions(&self.0, Permissions::from_mode(mode)));
    }
}

/// The text that a launch in `cwd` is given; exit code 0 and a valid reply, or none.
fn launch(sandbox: &Sandbox, cwd: &Path) -> String {
    let event = json!({
        "hook_event_name": "PreToolUse", "tool_name": "Agent", "session_id": "s", "tool_use_id": "t",
        "cwd": cwd, "transcript_path": "/nowhere", "permission_mode": "default",
        "tool_input": { "description": "d", "prompt": TASK, "subagent_type": "general-purpose" },
    });
    // The client stands elsewhere: nobody can stand in a folder that is closed.
    let run = sandbox.rtk_in(&sandbox.tmp(), &["hook"], event.to_string().as_bytes());
    if run.success().stdout().is_empty() {
        return String::new();
    }
    let reply: Value = run.json();
    let prompt = reply["hookSpecificOutput"]["updatedInput"]["prompt"].as_str().unwrap().to_owned();
    assert!(prompt.starts_with(TASK), "{prompt}");
    prompt
}

fn log(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.home().join(".local/state/rtk/rtk.log")).unwrap_or_default()
}

/// Launches twice; at most one line is added to the log, and none by the second launch.
fn launch_twice(sandbox: &Sandbox) -> [String; 2] {
    let before = log(sandbox).lines().count();
    let first = launch(sandbox, &sandbox.project());
    let lines = log(sandbox).lines().count();
    assert!(lines <= before + 1, "{}", log(sandbox));
    let second = launch(sandbox, &sandbox.project());
    assert_eq!(log(sandbox).lines().count(), lines, "{}", log(sandbox));
    [first, second]
}

#[test]
fn a_closed_project_is_left_alone_and_named() {
    let sandbox = project();
    for known in [false, true] {
        for mode in [0o000, 0o111, 0o444] {
            let _closed = Closed::new(sandbox.project(), mode);
            assert_eq!(launch_twice(&sandbox), ["", ""], "{mode:o}");
            assert!(log(&sandbox).contains(sandbox.project().to_str().unwrap()), "{}", log(&sandbox));
            let place = sandbox.project();
            let args = ["memory", "plan", "--project", place.to_str().unwrap(), TASK];
            let run = sandbox.rtk_in(&sandbox.tmp(), &args, b"");
            run.code(1).complains(place.to_str().unwrap()).complains("ermission denied");
        }
        let text = launch(&sandbox, &sandbox.project());
        assert!(text.contains("src/open1.rs") && text.contains("closed/file1.rs"), "known: {known}\n{text}");
    }
}

#[test]
fn a_closed_folder_costs_its_files_and_comes_back() {
    for mode in [0o000, 0o111, 0o444] {
        let sandbox = project();
        let closed = Closed::new(sandbox.project().join("src/closed"), mode);
        for text in launch_twice(&sandbox) {
            assert!(text.contains("src/open1.rs") && !text.contains("shut"), "{mode:o}\n{text}");
        }
        drop(closed);
        for text in launch_twice(&sandbox) {
            assert!(text.contains("src/open1.rs") && text.contains("closed/file1.rs"), "{mode:o}\n{text}");
        }
        let _closed = Closed::new(sandbox.project().join("src/closed"), mode);
        for text in launch_twice(&sandbox) {
            assert!(text.contains("src/open1.rs") && !text.contains("shut"), "{mode:o}\n{text}");
        }
    }
}

#[test]
fn a_closed_file_is_never_quoted_and_comes_back() {
    let sandbox = project();
    let path = sandbox.project().join("src/closed/file1.rs");
    for known in [false, true] {
        let closed = Closed::new(path.clone(), 0o000);
        for text in launch_twice(&sandbox) {
            assert!(text.contains("src/open1.rs") && !text.contains("file1.rs lines"), "{known}\n{text}");
        }
        drop(closed);
        assert!(launch(&sandbox, &sandbox.project()).contains("closed/file1.rs"));
    }
}

#[test]
fn a_home_that_cannot_be_written_costs_nothing_but_the_index() {
    let sandbox = project();
    let home = Closed::new(sandbox.home(), 0o555);
    for text in launch_twice(&sandbox) {
        assert!(text.contains("src/open1.rs"), "{text}");
    }
    assert_eq!(std::fs::read_dir(sandbox.home()).unwrap().count(), 0);
    drop(home);
    launch(&sandbox, &sandbox.project());
    // Now an index is there and may be read; what changes is seen although it cannot be saved.
    let data = sandbox.home().join(".local/share/rtk");
    let folders = [data.join("projects"), data.join("sessions"), data];
    let projects = std::fs::read_dir(&folders[0]).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<Closed> = projects.chain(folders.clone()).map(|path| Closed::new(path, 0o555)).collect();
    for text in launch_twice(&sandbox) {
        assert!(text.contains("src/open1.rs"), "{text}");
    }
    sandbox.write("src/new_harbor_lights.rs", "fn harbor_lights_new() { lantern(); }\n");
    sandbox.hand_over();
    assert!(launch(&sandbox, &sandbox.project()).contains("new_harbor_lights.rs"));
    drop(folders);
    assert!(launch(&sandbox, &sandbox.project()).contains("new_harbor_lights.rs"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_closed_folder_is_a_warning_and_known_by_its_numbers() {
    use rtk::base::{Deadline, Env};
    use rtk::project::{ScanOptions, find_root, scan};
    let sandbox = project();
    let _closed = Closed::new(sandbox.project().join("src/closed"), 0o000);
    let env = Env::of(&sandbox.project(), [("HOME", sandbox.home().as_os_str())]);
    let outcome = sandbox.with_rights_of_user(|| {
        let root = find_root(&sandbox.project(), &env).unwrap().unwrap();
        let options = ScanOptions { files_max: 1000, threads: 2 };
        scan(&root, &env, &[], &options, Deadline::never()).unwrap()
    });
    let names: Vec<&[u8]> =
        outcome.dirs.iter().flat_map(|dir| &dir.files).map(|(name, _)| name.as_slice()).collect();
    assert_eq!(names, [&b"Cargo.toml"[..], b"open0.rs", b"open1.rs", b"open2.rs"]);
    assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
    assert!(outcome.dirs.iter().any(|dir| dir.path == b"src/closed"));
}

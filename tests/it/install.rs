//! `rtk init`: round trips to the byte, foreign hooks, scopes, refusals, with the real program on real files.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A home, a project in it, and a copy of nothing else of this machine.
struct Place {
    root: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("home/project/.git")).unwrap();
        std::fs::write(root.path().join("home/project/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        Place { root, vars: Vec::new() }
    }

    fn home(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("home")
    }

    fn project(&self) -> PathBuf {
        self.home().join("project")
    }

    fn settings(&self) -> PathBuf {
        self.home().join(".claude/settings.json")
    }

    fn write(&self, content: &[u8]) {
        std::fs::create_dir_all(self.settings().parent().unwrap()).unwrap();
        std::fs::write(self.settings(), content).unwrap();
    }

    fn read(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.settings()).unwrap()).into_owned()
    }

    fn command(&self, program: &Path, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin").current_dir(cwd);
        command.envs(self.vars.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    fn run_as(&self, program: &Path, cwd: &Path, args: &[&str]) -> Run {
        let output = self.command(program, cwd).args(args).output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_as(Path::new(env!("CARGO_BIN_EXE_rtk")), &self.project(), args)
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    /// Everything below the home folder: content, mode and kind.
    fn tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.home()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = std::fs::symlink_metadata(&path).unwrap();
                let content = if meta.is_symlink() {
                    std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else if meta.is_dir() {
                    folders.push(path.clone());
                    Vec::new()
                } else {
                    std::fs::read(&path).unwrap()
                };
                found.insert(path, (content, meta.mode()));
            }
        }
        found
    }
}

/// Asks an independent JSON reader what is registered for the event: program and arguments.
fn registered(text: &str, event: &str) -> Vec<String> {
    // A lone surrogate is fine for the client and not for this reader.
    let text = text.trim_start_matches('\u{feff}').replace("\\ud83d", "");
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let groups = settings["hooks"][event].as_array().cloned().unwrap_or_default();
    let handlers = groups.iter().flat_map(|group| group["hooks"].as_array().cloned().unwrap_or_default());
    handlers.map(|handler| format!("{} {}", handler["command"].as_str().unwrap(), handler["args"])).collect()
}

fn ours() -> String {
    format!("{} [\"hook\"]", env!("CARGO_BIN_EXE_rtk"))
}

const STYLES: &[&str] = &[
    "",
    " ",
    "\n",
    "\r\n",
    "\u{feff}",
    "{}",
    "{ }",
    "{\n}",
    "{}\n",
    "\u{feff}{}\r\n",
    "{\"a\":1}",
    "{\"a\": 1}\n\n",
    "{\n  \"a\": 1\n}\n",
    "{\n    \"a\": 1,\n    \"hooks\": {}\n}",
    "{\n\t\"hooks\": {\n\t\t\"PreToolUse\": []\n\t}\n}\n",
    "{\r\n  \"hooks\": { \"PreToolUse\": [ ], \"Stop\": [] },\r\n  \"b\": [1,2 , 3]\r\n}\r\n",
    "{\r  \"a\": 1\r}\r",
    "{\"hooks\":{\"PreToolUse\":[{\"matcher\":\"Bash\",\"hooks\":[{\"type\":\"command\",\"command\":\"x\"}]}]}}",
    "{\n  \"hooks\": {\n    \"PreToolUse\": [{\n      \"matcher\": \"Task|Agent\",\n      \"hooks\": [{ \"type\": \"command\", \"command\": \"rtk hook claude\" }]\n    }],\n    \"SubagentStart\": [ ]\n  },\n\n\n  \"model\" : \"x\"\n}",
    "{\"n\": [123456789012345678901234567890, 1E5, 1.10, -0], \"s\": \"\\u00e9\\/\\ud83d\", \"é\": \"日本\", \"n\": 2}",
    "{\"hooks\": {\"Stop\": []}, \"hooks\": {\"PreToolUse\": []}}",
    "\n\n  {\n   \"a\" :\t1 ,\n     \"b\":{\"c\":[]}}\n\n",
];

#[test]
fn install_then_uninstall_gives_back_every_byte() {
    for style in STYLES {
        let place = Place::new();
        place.write(style.as_bytes());
        std::fs::set_permissions(place.settings(), std::fs::Permissions::from_mode(0o640)).unwrap();
        let before = place.tree();
        place.ok(&["init", "--yes"]);
        let text = place.read();
        for event in ["PreToolUse", "SubagentStart"] {
            assert_eq!(registered(&text, event).last(), Some(&ours()), "{style:?} became {text}");
        }
        assert_eq!(text.starts_with('\u{feff}'), style.starts_with('\u{feff}'));
        assert!(!style.contains("\r\n") || !text.replace("\r\n", "").contains('\n'), "{text:?}");
        place.ok(&["init", "--yes"]);
        assert_eq!(place.read(), text, "a second installation changes nothing");
        place.ok(&["init", "--uninstall", "--yes"]);
        assert_eq!(place.tree(), before, "{style:?} became {text}");
        place.ok(&["init", "--uninstall", "--yes"]);
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn nothing_stays_of_a_fresh_home() {
    let place = Place::new();
    let before = place.tree();
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), before, "nothing to remove");
    for scope in ["--global", "--project", "--local"] {
        place.ok(&["init", scope, "--yes"]);
    }
    assert_eq!(registered(&place.read(), "PreToolUse"), [ours()]);
    let shared = std::fs::read_to_string(place.project().join(".claude/settings.json")).unwrap();
    assert_eq!(registered(&shared, "PreToolUse"), ["rtk [\"hook\"]"]);
    let local = std::fs::read_to_string(place.project().join(".claude/settings.local.json")).unwrap();
    assert_eq!(registered(&local, "PreToolUse"), [ours()]);
    for scope in ["--project", "--global", "--local"] {
        place.ok(&["init", scope, "--uninstall", "--yes"]);
    }
    assert_eq!(place.tree(), before);
}

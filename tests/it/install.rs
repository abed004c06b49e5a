//! `rtk init`: round trips to the byte, foreign hooks, scopes, refusals, with the real program on real files.

use crate::place::{Place, ours, registered};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

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

/// A handler of somebody else.
const FOREIGN: &str = r#"{ "type": "command", "command": "rtk hook claude" }"#;

#[test]
fn foreign_hooks_before_between_and_after_stay_byte_for_byte() {
    let place = Place::new();
    let before = format!(
        "{{\n  \"hooks\": {{\n    \"PreToolUse\": [\n      {{ \"matcher\": \"Task|Agent\", \"hooks\": [{FOREIGN}] }},\n      \
         {{\n        \"matcher\": \"Bash\",\n        \"hooks\": [{FOREIGN}, {FOREIGN}]\n      }}\n    ]\n  }}\n}}\n"
    );
    place.write(before.as_bytes());
    place.ok(&["init", "--yes"]);
    let own = format!(
        r#"{{ "type": "command", "command": "{}", "args": ["hook"], "timeout": 10 }}"#,
        env!("CARGO_BIN_EXE_rtk")
    );
    assert_eq!(registered(&place.read(), "PreToolUse")[..3], vec!["rtk hook claude null"; 3][..]);
    // Other hands move things about: ours between foreign ones in one group, and one more of them behind.
    let moved = format!(
        "{{\"hooks\": {{\"PreToolUse\": [\n {{\"matcher\": \"Agent|Task\", \"hooks\": [{FOREIGN}, {own}, {FOREIGN}]}}, \
         {{\"hooks\": [{own}]}}, {{\"matcher\": \"Bash\", \"hooks\": [{FOREIGN}]}}],\n \
         \"SubagentStart\": [{{\"hooks\": [{own}]}}], \"Stop\": []}}, \"x\": 1.0}}"
    );
    place.write(moved.as_bytes());
    place.ok(&["init", "--uninstall", "--yes"]);
    let left = format!(
        "{{\"hooks\": {{\"PreToolUse\": [\n {{\"matcher\": \"Agent|Task\", \"hooks\": [{FOREIGN}, {FOREIGN}]}}, \
         {{\"matcher\": \"Bash\", \"hooks\": [{FOREIGN}]}}], \"Stop\": []}}, \"x\": 1.0}}"
    );
    assert_eq!(place.read(), left);
    // And in again, in a group of its own; out again, to the byte.
    place.ok(&["init", "--yes"]);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.read(), left);
}

#[test]
fn what_was_created_goes_even_when_the_client_rewrote_the_file() {
    let place = Place::new();
    let before = place.tree();
    place.ok(&["init", "--yes"]);
    let settings: serde_json::Value = serde_json::from_str(&place.read()).unwrap();
    place.write(serde_json::to_string(&settings).unwrap().as_bytes());
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), before);
    // With something of the user's in it, only ours goes.
    place.ok(&["init", "--yes"]);
    let mut settings: serde_json::Value = serde_json::from_str(&place.read()).unwrap();
    settings["model"] = "opus".into();
    place.write(serde_json::to_string_pretty(&settings).unwrap().as_bytes());
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.read(), "{\n  \"model\": \"opus\"\n}");
    // An installation that other hands undid leaves no receipt behind either.
    place.ok(&["init", "--yes"]);
    std::fs::remove_dir_all(place.home().join(".claude")).unwrap();
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), before);
}

#[test]
fn a_program_that_moved_is_brought_up_to_date_in_place() {
    let place = Place::new();
    let text = format!("{{\"hooks\": {{\"PreToolUse\": [{{\"hooks\": [{FOREIGN}]}}]}}}}");
    place.write(text.as_bytes());
    let older = place.root.path().join("older/rtk");
    std::fs::create_dir(older.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_rtk"), &older).unwrap();
    let run = place.run_as(&older, &place.project(), &["init", "--yes"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let path = older.display().to_string();
    assert!(place.read().contains(&path));
    let add_foreign =
        |text: &str| text.replacen("[\"hook\"], \"timeout\": 10}]}", "[\"hook\"], \"timeout\": 10}]}, {}", 1);
    for (gone, foreign_edit) in [(false, false), (true, false), (true, true)] {
        if gone {
            let _ = std::fs::remove_file(&older);
        }
        let mut installed = place.read().replace(env!("CARGO_BIN_EXE_rtk"), &path);
        if foreign_edit {
            installed = add_foreign(&installed);
            assert!(installed.contains(", {}"), "{installed}");
        }
        place.write(installed.as_bytes());
        place.ok(&["init", "--yes"]);
        assert_eq!(place.read(), installed.replace(&path, env!("CARGO_BIN_EXE_rtk")));
    }
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.read(), text.replacen("}]}]", "}]}, {}]", 1));
}

#[test]
fn files_that_the_client_would_ignore_are_refused_and_nothing_changes() {
    for (text, place_of_fault) in [
        ("{\n  // note\n}", "line 2, column 3"),
        ("{\"a\": 1,}", "line 1, column 8"),
        ("{\"a\": 1", "line 1, column 8"),
        ("[]", "line 1, column 1"),
        ("null", "line 1, column 1"),
        ("{\"hooks\": {\n\"PreToolUse\": {}}}", "line 2, column 15"),
    ] {
        let place = Place::new();
        place.write(text.as_bytes());
        let before = place.tree();
        for args in [&["init", "--yes"][..], &["init", "--dry-run"], &["init", "--uninstall", "--yes"]] {
            let run = place.run(args);
            assert_eq!(run.code, Some(1), "{text}: {}", run.stderr);
            assert!(run.stderr.contains(place_of_fault), "{}", run.stderr);
            assert!(run.stderr.contains("ignores this file as a whole"), "{}", run.stderr);
            assert_eq!(place.tree(), before);
        }
        assert_eq!(place.run(&["init", "--show"]).code, Some(1));
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn other_files_that_cannot_be_edited_are_refused_with_what_the_client_makes_of_them() {
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    let very_deep = "[".repeat(100_000);
    let cases: [(&[u8], &str, &str); 8] = [
        (b"{\"hooks\": []}", "line 1, column 11", "runs no hook of this file"),
        (b"{\"hooks\": null}", "line 1, column 11", "runs no hook of this file"),
        (b"{\"hooks\": {\"SubagentStart\": 5}}", "line 1, column 29", "leaves that entry out"),
        (b"{\"hooks\": {\"PreToolUse\": null}}", "line 1, column 26", "leaves that entry out"),
        (b"{\"a\": \"\xff\"}", "line 1, column 8: the file is not valid UTF-8", "changes UTF-8 only"),
        (b"\xff\xfe{\0}\0", "line 1, column 1: the file is UTF-16", "Save it as UTF-8"),
        (deep.as_bytes(), "line 1, column 262: nested deeper", "reduce the nesting"),
        (very_deep.as_bytes(), "line 1, column 257: nested deeper", "reduce the nesting"),
    ];
    for (text, what, why) in cases {
        let place = Place::new();
        place.write(text);
        let before = place.tree();
        for args in [&["init", "--yes"][..], &["init", "--dry-run"], &["init", "--uninstall", "--yes"]] {
            let run = place.run(args);
            assert_eq!(run.code, Some(1), "{what}: {}", run.stderr);
            assert!(run.stderr.contains(what) && run.stderr.contains(why), "{what} {why}: {}", run.stderr);
            assert_eq!(place.tree(), before);
        }
    }
}

#[test]
fn without_a_terminal_and_without_yes_nothing_happens() {
    let place = Place::new();
    place.write(b"{\"a\":1}");
    let before = place.tree();
    let run = place.run(&["init"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("nothing was changed") && run.stderr.contains("--yes"), "{}", run.stderr);
    assert_eq!(place.tree(), before);
    let run = place.ok(&["init", "--dry-run"]);
    assert!(
        run.stdout.contains("-{\"a\":1}\n") && run.stdout.contains("+{\"a\":1,\"hooks\":{"),
        "{}",
        run.stdout
    );
    assert_eq!(place.tree(), before);
    place.ok(&["init", "--yes"]);
    let installed = place.tree();
    assert_eq!(place.run(&["init", "--uninstall"]).code, Some(1));
    assert_eq!(place.tree(), installed);
    let json: serde_json::Value =
        serde_json::from_str(&place.ok(&["init", "--uninstall", "--yes", "--json"]).stdout).unwrap();
    assert_eq!((&json["schema"], &json["changed"]), (&1.into(), &true.into()));
}

#[test]
fn the_home_folder_is_no_project() {
    let place = Place::new();
    place.write(b"{\"a\": 1}\n");
    let program = Path::new(env!("CARGO_BIN_EXE_rtk"));
    let before = place.tree();
    for args in [["init", "--project", "--yes"], ["init", "--local", "--yes"]] {
        let run = place.run_as(program, &place.home(), &args);
        assert_eq!(run.code, Some(1), "{args:?} {}", run.stdout);
        assert!(run.stderr.contains("is not a project"), "{}", run.stderr);
        assert_eq!(place.tree(), before);
    }
    for _ in 0..2 {
        assert_eq!(place.run_as(program, &place.home(), &["init", "--yes"]).code, Some(0));
        assert_eq!(registered(&place.read(), "PreToolUse"), [ours()]);
    }
    assert_eq!(place.run_as(program, &place.home(), &["init", "--uninstall", "--yes"]).code, Some(0));
    assert_eq!(place.tree(), before);
}

#[test]
fn the_clients_own_folder_is_honoured() {
    let mut place = Place::new();
    let folder = place.home().join("elsewhere");
    place.vars.push(("CLAUDE_CONFIG_DIR".into(), folder.display().to_string()));
    let before = place.tree();
    place.ok(&["init", "--yes"]);
    assert!(!place.settings().exists());
    let text = std::fs::read_to_string(folder.join("settings.json")).unwrap();
    assert_eq!(registered(&text, "SubagentStart"), [ours()]);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), before);
}

#[test]
fn symlinks_are_kept_dangling_ones_too() {
    for content in [Some("{}"), None] {
        let place = Place::new();
        std::fs::create_dir_all(place.home().join(".claude")).unwrap();
        std::fs::create_dir_all(place.home().join("dotfiles")).unwrap();
        symlink("../dotfiles/link.json", place.settings()).unwrap();
        symlink("claude.json", place.home().join("dotfiles/link.json")).unwrap();
        if let Some(content) = content {
            std::fs::write(place.home().join("dotfiles/claude.json"), content).unwrap();
        }
        let before = place.tree();
        place.ok(&["init", "--yes"]);
        assert!(std::fs::symlink_metadata(place.settings()).unwrap().is_symlink());
        assert_eq!(registered(&place.read(), "PreToolUse"), [ours()]);
        place.ok(&["init", "--uninstall", "--yes"]);
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn files_that_must_not_be_replaced_are_refused_and_nothing_changes() {
    type Spoil = fn(&Place);
    let spoils: [(&str, Spoil); 5] = [
        ("hard links", |place| std::fs::hard_link(place.settings(), place.home().join("other")).unwrap()),
        ("read-only", |place| {
            std::fs::set_permissions(place.settings(), std::fs::Permissions::from_mode(0o444)).unwrap();
        }),
        ("not a regular file", |place| {
            std::fs::remove_file(place.settings()).unwrap();
            std::fs::create_dir(place.settings()).unwrap();
        }),
        ("loop of symlinks", |place| {
            std::fs::remove_file(place.settings()).unwrap();
            symlink("settings.json", place.settings()).unwrap();
        }),
        ("bytes, more than", |place| {
            let file = std::fs::File::options().write(true).open(place.settings()).unwrap();
            file.set_len(300 * 1024 * 1024).unwrap();
        }),
    ];
    for (reason, spoil) in spoils {
        let place = Place::new();
        place.write(b"{}");
        spoil(&place);
        let meta = |place: &Place| {
            std::fs::symlink_metadata(place.settings()).map(|meta| (meta.ino(), meta.len())).unwrap()
        };
        let before = meta(&place);
        let run = place.run(&["init", "--yes"]);
        assert_eq!(run.code, Some(1), "{reason}");
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
        assert_eq!(meta(&place), before, "{reason}");
        assert!(!place.home().join(".local").exists(), "{reason}: something of ours stays");
    }
    let place = Place::new();
    let mut command = place.command(Path::new(env!("CARGO_BIN_EXE_rtk")), &place.project());
    let output = command.env_remove("HOME").args(["init", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("HOME"));
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    for action in ["init --yes", "init --uninstall --yes"] {
        let place = Place::new();
        place.write(b"{\"model\": \"a rather long value, so that what is written does not fit\"}\n");
        if action.contains("uninstall") {
            place.ok(&["init", "--yes"]);
        }
        let before = place.tree();
        // Nothing can be written at all; the signal is ignored, so that the write itself fails.
        let script = format!("trap '' XFSZ; ulimit -f 0; exec {} {action}", env!("CARGO_BIN_EXE_rtk"));
        let run = place.run_as(Path::new("/bin/sh"), &place.project(), &["-c", &script]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains("cannot write"), "{}", run.stderr);
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn two_installers_and_a_program_that_rewrites_the_file_lose_nothing() {
    let place = Place::new();
    place.write(b"{\"count\": 0}");
    let rounds = 40;
    std::thread::scope(|scope| {
        let foreign = scope.spawn(|| {
            // Reads, changes its own number, writes in place: no lock, as the client does it.
            for _ in 0..rounds {
                let text = place.read();
                let Ok(mut settings) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
                settings["count"] = (settings["count"].as_u64().unwrap() + 1).into();
                std::fs::write(place.settings(), serde_json::to_string_pretty(&settings).unwrap()).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let run = place.run(&["init", "--yes"]);
                    assert_eq!(run.code, Some(0), "{}", run.stderr);
                    place.run(&["init", "--uninstall", "--yes"]);
                }
            });
        }
        foreign.join().unwrap();
    });
    place.ok(&["init", "--yes"]);
    let text = place.read();
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["count"], rounds, "{text}");
    for event in ["PreToolUse", "SubagentStart"] {
        assert_eq!(registered(&text, event), [ours()]);
    }
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_file_and_the_way_back() {
    let place = Place::new();
    let original = "{\n\t\"hooks\" : { \"PreToolUse\": [ ] },\n\t\"x\": 1.0 }\n";
    place.write(original.as_bytes());
    place.ok(&["init", "--yes"]);
    let installed = place.read();
    for delay_ms in 0..40 {
        let mut command = place.command(Path::new(env!("CARGO_BIN_EXE_rtk")), &place.project());
        let action = if delay_ms % 2 == 0 { "--uninstall" } else { "--global" };
        let mut child = command
            .args(["init", action, "--yes", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay_ms * 3 / 2));
        let _ = child.kill();
        child.wait().unwrap();
        let text = place.read();
        assert!(text == original || text == installed, "after {delay_ms} ms: {text}");
    }
    place.ok(&["init", "--yes"]);
    assert_eq!(place.read(), installed);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.read(), original);
    let left: Vec<_> =
        place.tree().into_keys().filter(|path| path.to_string_lossy().contains(".rtk-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// An access list as the kernel keeps it: the owner and the user 60001 may read and write, the group may read.
fn access_list() -> Vec<u8> {
    let entry = |tag: u16, rights: u16, id: u32| {
        [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let nobody = u32::MAX;
    let entries = [(1, 6, nobody), (2, 6, 60_001), (4, 4, nobody), (16, 6, nobody), (32, 0, nobody)];
    let entries = entries.into_iter().flat_map(|(tag, rights, id)| entry(tag, rights, id));
    2_u32.to_le_bytes().into_iter().chain(entries).collect()
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 1024];
    let length = rustix::fs::getxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

#[test]
fn owner_mode_attributes_and_access_list_survive_both_ways() {
    let place = Place::new();
    place.write(b"{\"a\": 1}");
    let settings = place.settings();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&settings, Some(60_001), Some(60_002)).unwrap();
    }
    std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o640)).unwrap();
    let attributes = [("user.note", b"kept".to_vec()), ("system.posix_acl_access", access_list())];
    for (name, value) in &attributes {
        // A file system without them has none to lose; then none may be there afterwards either.
        let _ = rustix::fs::setxattr(&settings, *name, value, rustix::fs::XattrFlags::empty());
    }
    let look = || {
        let meta = std::fs::metadata(&settings).unwrap();
        let found: Vec<_> = attributes.iter().map(|(name, _)| attribute(&settings, name)).collect();
        (meta.uid(), meta.gid(), meta.mode(), found)
    };
    let before = look();
    place.ok(&["init", "--yes"]);
    assert_eq!(look(), before);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(look(), before);
    assert_eq!(place.read(), "{\"a\": 1}");
}

#[test]
fn a_file_of_many_megabytes_comes_back_to_the_byte() {
    let place = Place::new();
    let rules: Vec<String> =
        (0..60_000).map(|number| format!("\t\t\t\"Bash(command-{number} --with \\u00e9:*)\"")).collect();
    let text = format!(
        "{{\r\n\t\"permissions\": {{\r\n\t\t\"allow\": [\r\n{}\r\n\t\t]\r\n\t}},\r\n\t\"hooks\": {{ }}\r\n}}",
        rules.join(",\r\n")
    );
    assert!(text.len() > 2_500_000);
    place.write(text.as_bytes());
    place.ok(&["init", "--yes"]);
    assert_eq!(registered(&place.read(), "PreToolUse"), [ours()]);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert!(place.read() == text);
}

#[test]
fn a_client_folder_that_is_a_link_is_written_through() {
    let place = Place::new();
    std::fs::create_dir_all(place.home().join("dotfiles/claude")).unwrap();
    std::fs::write(place.home().join("dotfiles/claude/settings.json"), "{ }").unwrap();
    symlink("dotfiles/claude", place.home().join(".claude")).unwrap();
    let before = place.tree();
    place.ok(&["init", "--yes"]);
    assert!(std::fs::symlink_metadata(place.home().join(".claude")).unwrap().is_symlink());
    assert_eq!(registered(&place.read(), "PreToolUse"), [ours()]);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), before);
}

#[test]
fn after_foreign_edits_exactly_ours_goes_and_the_bytes_around_it_come_back() {
    let place = Place::new();
    let before =
        "{\n  \"hooks\": { \"PreToolUse\": [ ],\n    \"Stop\": [\n\n    ] },\n  \"model\": \"opus\"\n}";
    place.write(before.as_bytes());
    place.ok(&["init", "--yes"]);
    let edit = |text: &str| {
        text.replace("\"opus\"", "\"haiku\",\n     \"env\": {}").replace("[\n\n    ]", "[{\"hooks\": []}]")
    };
    place.write(edit(&place.read()).as_bytes());
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.read(), edit(before));
}

/// What was recorded under the old name leads back to the byte under the new one, and nothing of it stays.
#[test]
fn a_home_folder_that_was_moved_or_has_two_names_is_left_as_it_was() {
    for moved in [true, false] {
        let mut place = Place::new();
        place.write(b"{\"hooks\": { }}");
        let (old, new) = (place.home(), place.root.path().canonicalize().unwrap().join("elsewhere"));
        place.ok(&["init", "--yes"]);
        if moved {
            std::fs::rename(&old, &new).unwrap();
        } else {
            symlink(&old, &new).unwrap();
        }
        place.vars.push(("HOME".into(), new.to_str().unwrap().into()));
        let program = Path::new(env!("CARGO_BIN_EXE_rtk"));
        let run = place.run_as(program, &new, &["init", "--uninstall", "--yes"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(std::fs::read_to_string(new.join(".claude/settings.json")).unwrap(), "{\"hooks\": { }}");
        let names = std::fs::read_dir(&new).unwrap().map(|entry| entry.unwrap().file_name());
        let left: std::collections::BTreeSet<_> = names.collect();
        assert_eq!(left, [".claude".into(), "project".into()].into(), "moved: {moved}");
    }
}

//! `rtk init` where the system or somebody else stands in the way: a clear error, and everything as it was.

use crate::place::Place;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs in and out, and looks that both say what is wrong and change nothing.
#[track_caller]
fn is_refused(place: &Place, says: &[&str]) {
    let before = place.tree();
    for args in [&["init", "--yes"][..], &["init", "--yes", "--json"], &["init", "--uninstall", "--yes"]] {
        let run = place.run(args);
        let told = format!("{}{}", run.stdout, run.stderr);
        if args.contains(&"--uninstall") && run.code == Some(0) {
            assert!(told.contains("not installed"), "{told}");
        } else {
            assert_eq!(run.code, Some(1), "{args:?} {told}");
            assert!(says.iter().all(|what| told.contains(what)), "{args:?} {told}");
            assert!(told.contains("hint"), "{told}");
        }
        assert_eq!(place.tree(), before, "{args:?} {told}");
    }
}

#[test]
fn a_home_that_may_not_be_written_stays_as_it_is() {
    let place = Place::new().for_ordinary_user();
    mode(&place.home(), 0o555);
    is_refused(&place, &["cannot make", "/home/.local", "Permission denied"]);
    mode(&place.home(), 0o755);
}

#[test]
fn a_settings_folder_that_may_not_be_written_stays_as_it_is() {
    let place = Place::new().for_ordinary_user();
    place.write(b"{\"a\": 1}");
    place.give_away();
    let folder = place.settings().parent().unwrap().to_path_buf();
    mode(&folder, 0o555);
    is_refused(&place, &["settings.json", "Permission denied"]);
    mode(&folder, 0o755);
}

#[test]
fn a_folder_for_rtks_own_files_that_may_not_be_written_stops_it_first() {
    let place = Place::new().for_ordinary_user();
    place.write(b"{\"a\": 1}");
    std::fs::create_dir_all(place.home().join(".local/share/rtk")).unwrap();
    std::fs::write(place.home().join(".local/share/rtk/catalog.db"), "of the memory").unwrap();
    place.give_away();
    mode(&place.home().join(".local/share/rtk"), 0o555);
    is_refused(&place, &["/.local/share/rtk", "Permission denied"]);
    mode(&place.home().join(".local/share/rtk"), 0o755);
}

#[test]
fn settings_that_may_not_be_read_or_written_are_left_alone() {
    let place = Place::new().for_ordinary_user();
    place.write(b"{\"a\": 1}");
    place.give_away();
    mode(&place.settings(), 0o444);
    is_refused(&place, &["settings.json is read-only", "chmod u+w"]);
    // The test itself reads the file too, to compare it.
    let run = {
        mode(&place.settings(), 0o000);
        let run = place.run(&["init", "--yes"]);
        mode(&place.settings(), 0o644);
        run
    };
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("cannot open") && run.stderr.contains("settings.json"), "{}", run.stderr);
    assert_eq!(place.read(), "{\"a\": 1}");
    assert!(!place.home().join(".local").exists());
}

#[test]
fn a_pipe_in_the_place_of_the_settings_is_never_opened() {
    let place = Place::new();
    std::fs::create_dir_all(place.settings().parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(place.settings()).status().unwrap();
    assert!(made.success());
    for args in [&["init", "--yes"][..], &["init", "--uninstall", "--yes"], &["init", "--dry-run"]] {
        let run = place.run(args);
        assert_eq!(run.code, Some(1), "{args:?} {}", run.stderr);
        assert!(run.stderr.contains("settings.json is not a regular file"), "{}", run.stderr);
    }
    assert!(!place.home().join(".local").exists());
}

#[test]
fn a_folder_in_the_place_of_the_clients_folder_or_a_file_above_it_is_told() {
    let place = Place::new();
    std::fs::write(place.home().join(".claude"), "no folder").unwrap();
    is_refused(&place, &["/.claude"]);
}

#[test]
fn the_settings_of_200_megabytes_are_left_alone() {
    let place = Place::new();
    place.write(b"{");
    let file = std::fs::File::options().append(true).open(place.settings()).unwrap();
    file.set_len(200 * 1024 * 1024).unwrap();
    let run = place.run(&["init", "--yes"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("209715200 bytes, more than"), "{}", run.stderr);
    assert!(!place.home().join(".local").exists());
}

#[test]
fn root_does_not_act_for_somebody_else() {
    let place = Place::new();
    place.write(b"{\"a\": 1}");
    let owner = std::fs::metadata(place.home()).unwrap().uid();
    if owner == 0 {
        for path in [place.home(), place.home().join(".claude"), place.settings()] {
            chown(path, Some(12345), Some(12345)).unwrap();
        }
        is_refused(&place, &["running as root", "belongs to user 12345", "without sudo"]);
    } else {
        // Whoever is no root acts at home.
        place.ok(&["init", "--yes"]);
        place.ok(&["init", "--uninstall", "--yes"]);
    }
    assert_eq!(place.read(), "{\"a\": 1}");
}

#[test]
fn a_settings_folder_that_depends_on_where_the_client_starts_is_refused() {
    for value in ["own", "./own", "~/own", ""] {
        let mut place = Place::new();
        place.vars.push(("CLAUDE_CONFIG_DIR".into(), value.into()));
        is_refused(&place, &["CLAUDE_CONFIG_DIR is", "absolute path"]);
    }
}

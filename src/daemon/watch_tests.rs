//! The watcher against a real folder: what is done there is told before the next line runs.

use super::*;

fn folders(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

fn follow(watcher: &Watcher, root: &Path, names: &[&str]) -> BTreeSet<Vec<u8>> {
    watcher.follow(1, root, folders(names).iter().map(Vec::as_slice))
}

/// A project with the folders "" and "a", watched.
fn watched() -> (tempfile::TempDir, PathBuf, Watcher) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_path_buf();
    std::fs::create_dir(root.join("a")).unwrap();
    std::fs::write(root.join("a/x"), "1").unwrap();
    let watcher = Watcher::new(100).unwrap();
    watcher.start(1, &root);
    assert_eq!(watcher.take(1), Changes::Unknown);
    assert_eq!(follow(&watcher, &root, &["", "a"]).len(), 2);
    assert!(follow(&watcher, &root, &["", "a"]).is_empty());
    watcher.settled(1, true);
    assert_eq!(watcher.take(1), Changes::none());
    (folder, root, watcher)
}

fn taken(watcher: &Watcher) -> (Vec<String>, Vec<String>, Vec<String>) {
    let Changes::Within { folders, trees, files } = watcher.take(1) else { panic!("not watched") };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let file = |(folder, name)| format!("{}/{}", text(folder), text(name));
    (
        folders.into_iter().map(text).collect(),
        trees.into_iter().map(text).collect(),
        files.into_iter().map(file).collect(),
    )
}

#[test]
fn what_has_been_done_is_known_at_once_and_told_once() {
    let (_folder, root, watcher) = watched();
    for number in 0..200 {
        std::fs::write(root.join("a/x"), number.to_string()).unwrap();
        assert_eq!(taken(&watcher).2, ["a/x"]);
        assert_eq!(watcher.take(1), Changes::none());
    }
    // As editors save: beside, then renamed over.
    std::fs::write(root.join("a/.x.swp"), "2").unwrap();
    std::fs::rename(root.join("a/.x.swp"), root.join("a/x")).unwrap();
    let (folders, _, files) = taken(&watcher);
    assert_eq!(folders, ["a"]);
    assert!(files.contains(&"a/x".to_owned()), "{files:?}");
    std::fs::remove_file(root.join("a/x")).unwrap();
    assert_eq!(taken(&watcher).0, ["a"]);
    assert_eq!(watcher.changed(), Vec::<Id>::new());
}

#[test]
fn folders_that_come_go_and_change_their_names_are_suspected_as_a_whole() {
    let (_folder, root, watcher) = watched();
    std::fs::create_dir_all(root.join("b/c")).unwrap();
    let (folders, trees, _) = taken(&watcher);
    assert_eq!((folders, trees), (vec![String::new()], vec!["b".to_owned()]));
    let new = follow(&watcher, &root, &["", "a", "b", "b/c"]);
    assert_eq!(new, folders_of(&["b", "b/c"]));
    std::fs::write(root.join("b/c/new"), "1").unwrap();
    assert_eq!(taken(&watcher).0, ["b/c"]);
    // The watch goes with the folder, whatever its name is: what is told under the new name must not be lost.
    std::fs::rename(root.join("b"), root.join("d")).unwrap();
    let (_, trees, _) = taken(&watcher);
    assert!(trees.contains(&"b".to_owned()) && trees.contains(&"d".to_owned()), "{trees:?}");
    std::fs::create_dir(root.join("b")).unwrap();
    assert!(taken(&watcher).1.contains(&"b".to_owned()));
    assert_eq!(follow(&watcher, &root, &["", "a", "b", "d", "d/c"]), folders_of(&["b", "d", "d/c"]));
    watcher.take(1);
    std::fs::write(root.join("d/c/again"), "1").unwrap();
    std::fs::write(root.join("b/other"), "1").unwrap();
    let (folders, _, _) = taken(&watcher);
    assert_eq!(folders, ["b", "d/c"]);
}

fn folders_of(names: &[&str]) -> BTreeSet<Vec<u8>> {
    folders(names).into_iter().collect()
}

#[test]
fn a_root_that_goes_away_is_no_longer_taken_for_watched() {
    let (folder, root, watcher) = watched();
    std::fs::rename(&root, folder.path().with_extension("gone")).unwrap();
    assert_eq!(watcher.take(1), Changes::Unknown);
    assert_eq!(watcher.standing(1), Standing::Unwatched);
    assert_eq!(watcher.figures().0, 0);
    std::fs::rename(folder.path().with_extension("gone"), &root).unwrap();
}

#[test]
fn more_events_than_the_system_keeps_make_everything_unknown() {
    let (_folder, root, watcher) = watched();
    let queue = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let length: usize = queue.trim().parse().unwrap();
    // Equal events in a row count once: two files take turns.
    let files = ["a/x", "a/y"].map(|name| std::fs::File::create(root.join(name)).unwrap());
    for number in 0..=length {
        std::io::Write::write_all(&mut &files[number % 2], b".").unwrap();
    }
    assert_eq!(watcher.take(1), Changes::Unknown);
    assert_eq!((watcher.figures().1, watcher.standing(1)), (1, Standing::Unwatched));
    assert_eq!(watcher.changed(), [1], "it is to be taken in again");
}

#[test]
fn a_project_of_too_many_folders_is_not_watched_and_the_reason_is_named() {
    let (_folder, root, _) = watched();
    let watcher = Watcher::new(1).unwrap();
    watcher.start(1, &root);
    follow(&watcher, &root, &["", "a"]);
    watcher.settled(1, true);
    assert_eq!(watcher.take(1), Changes::Unknown);
    let Standing::Impossible(reason) = watcher.standing(1) else { panic!("{:?}", watcher.standing(1)) };
    assert!(reason.contains("1 folders"), "{reason}");
    assert_eq!(watcher.figures().0, 0);
    assert!(watcher.changed().is_empty(), "nothing is tried again and again");
}

#[test]
fn a_file_system_that_does_not_tell_of_changes_is_not_watched() {
    let watcher = Watcher::new(10).unwrap();
    watcher.start(1, Path::new("/proc"));
    let Standing::Impossible(reason) = watcher.standing(1) else { panic!("{:?}", watcher.standing(1)) };
    assert!(reason.contains("does not tell"), "{reason}");
}

#[test]
fn two_projects_with_one_folder_both_hear_of_it() {
    let (_folder, root, watcher) = watched();
    let inner = root.join("a");
    watcher.start(2, &inner);
    watcher.follow(2, &inner, [b"".as_slice()].into_iter());
    watcher.settled(2, true);
    std::fs::write(root.join("a/x"), "2").unwrap();
    assert_eq!(watcher.changed(), [1, 2]);
    assert_eq!(taken(&watcher).2, ["a/x"]);
    watcher.forget(1);
    let Changes::Within { files, .. } = watcher.take(2) else { panic!() };
    assert_eq!(files.into_iter().next(), Some((b"".to_vec(), b"x".to_vec())));
    std::fs::write(root.join("a/x"), "3").unwrap();
    assert_eq!(watcher.changed(), [2]);
}

#[test]
fn a_folder_that_becomes_a_repository_is_listed_when_it_is_one() {
    let (_folder, root, watcher) = watched();
    std::fs::create_dir(root.join("a/.git")).unwrap();
    assert_eq!(taken(&watcher).0, ["a"]);
    assert!(follow(&watcher, &root, &["", "a"]).is_empty());
    std::fs::write(root.join("a/.git/HEAD"), "ref").unwrap();
    assert_eq!(taken(&watcher).0, ["a"]);
    follow(&watcher, &root, &[""]);
    assert_eq!(watcher.figures().0, 1);
}

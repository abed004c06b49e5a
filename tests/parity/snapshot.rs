//! Everything that a command may leave behind: files and modes, references, index entries, state of git, objects.

use crate::world::World;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Asked of every work tree of a twin: index files hold times and inodes, so that their entries are compared instead.
const QUESTIONS: &str = "for r in repo other wt; do if test -e $r; then git -C $r ls-files -s -v -t 2>/dev/null || true; fi; done";

/// Names below `.git` that hold times and inodes.
const VOLATILE: &[&str] = &["index", "sharedindex"];

/// What is left after a command.
#[derive(PartialEq, Eq)]
pub(crate) struct Snapshot {
    files: BTreeMap<String, (u32, Vec<u8>)>,
    answers: String,
}

impl Snapshot {
    pub(crate) fn of(world: &World) -> Snapshot {
        let twin = world.twin();
        let mut files = BTreeMap::new();
        collect(&twin, &twin, &mut files);
        // A lock that a case has put there would keep the questions from being answered in full.
        Snapshot { files, answers: world.script(&twin, QUESTIONS) }
    }

    /// The first difference, in words.
    pub(crate) fn difference(&self, other: &Snapshot) -> Option<String> {
        let names = self.files.keys().chain(other.files.keys());
        for name in names {
            match (self.files.get(name), other.files.get(name)) {
                (Some(one), Some(two)) if one == two => {}
                (Some((mode, one)), Some((other_mode, two))) => {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    return Some(format!(
                        "{name}: {mode:o} {:?} against {other_mode:o} {:?}",
                        text(one),
                        text(two)
                    ));
                }
                (one, _) => {
                    let who = if one.is_some() { "git" } else { "rtk" };
                    return Some(format!("{name} is only there after {who}"));
                }
            }
        }
        let lines = self.answers.lines().zip(other.answers.lines());
        let different =
            lines.filter(|(one, two)| one != two).map(|(one, two)| format!("{one} against {two}")).next();
        different
            .or_else(|| (self.answers != other.answers).then(|| "the answers of git differ in length".into()))
    }
}

fn collect(top: &Path, folder: &Path, files: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let shown = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
        let of_git = shown.contains(".git/");
        if of_git && VOLATILE.contains(&name.as_str()) {
            continue;
        }
        if of_git && shown.contains("/objects/") && path.is_file() {
            // An object's name is the hash of its content; that of a pack depends on how it was packed.
            let shown = if shown.contains("/pack/") { "a pack".to_owned() } else { shown };
            files.insert(shown, (0, Vec::new()));
            continue;
        }
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            files.insert(shown, (meta.permissions().mode(), Vec::new()));
            collect(top, &path, files);
        } else if meta.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            files.insert(shown, (0, target.to_string_lossy().into_owned().into_bytes()));
        } else {
            files.insert(shown, (meta.permissions().mode(), std::fs::read(&path).unwrap()));
        }
    }
}

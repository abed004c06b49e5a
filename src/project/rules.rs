//! The ignore rules that hold in a folder: a chain of ignore files from the folder up to the repository's own lists.
//!
//! `.rtkignore` is asked first on all levels, then `.gitignore`, `info/exclude` and the user's global list; within a
//! file the last matching line decides, the deepest file before its parents.

use super::config::{GitConfig, path_of, submodule_paths};
use super::glob::Pattern;
use super::root::{Root, RootKind};
use super::stat::{FileStat, control_stat};
use crate::base::{Env, Paths};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An ignore file is read up to this size, in bytes.
const IGNORE_BYTES_MAX: usize = 1024 * 1024;
/// A `.git` file is a line with a path; more than this is none, in bytes.
const GIT_FILE_BYTES_MAX: u64 = 16 * 1024;

/// A file that decides what belongs to the project, with its numbers or `None` if it is not there.
pub(super) type Control = (PathBuf, Option<FileStat>);

/// What the rules say about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No rule is about it, or one takes it back in.
    In,
    /// Ignored by git's rules: in only if git tracks it.
    IgnoredByGit,
    /// Ignored by a `.rtkignore`: out, tracked or not.
    IgnoredByUs,
}

/// The lines of one ignore file.
#[derive(Debug, Default)]
struct IgnoreFile {
    patterns: Vec<Pattern>,
}

impl IgnoreFile {
    fn parse(text: &[u8], fold: bool) -> IgnoreFile {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n');
        IgnoreFile { patterns: lines.filter_map(|line| Pattern::parse(line, fold)).collect() }
    }

    /// `Some(true)` if the last matching line excludes.
    fn excludes(&self, path: &[u8], name: &[u8], is_dir: bool) -> Option<bool> {
        let last = self.patterns.iter().rev().find(|pattern| pattern.matches(path, name, is_dir));
        last.map(|pattern| !pattern.negated)
    }
}

/// One repository (or the project, without git): what holds for all of its folders.
#[derive(Debug)]
pub(super) struct Repository {
    /// Where its work tree lies, relative to the root.
    base: Vec<u8>,
    /// Relative to the root, sorted.
    submodules: Vec<Vec<u8>>,
    /// `info/exclude`, then the user's global list.
    lists: [IgnoreFile; 2],
    fold: bool,
}

/// One folder's ignore files on top of its parents'.
#[derive(Debug)]
struct Level {
    parent: Option<Arc<Level>>,
    /// Length of the folder's path with the slash after it.
    base_len: usize,
    /// The root of a submodule: git's rules above it do not hold below.
    boundary: bool,
    git: IgnoreFile,
    own: IgnoreFile,
}

/// A folder of the project with the rules that hold in it (its own ignore files are added when it is opened).
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Relative to the root.
    pub(super) path: Vec<u8>,
    /// Inside a folder that git ignores: only tracked files are in.
    pub(super) ignored: bool,
    level: Option<Arc<Level>>,
    repository: Arc<Repository>,
}

/// What is the same for a whole scan.
pub(super) struct Ground<'a> {
    /// The project's root.
    pub(super) root: &'a Root,
    env: &'a Env,
    paths: Option<Paths>,
    /// Sorted.
    tracked: Vec<&'a [u8]>,
}

impl<'a> Ground<'a> {
    /// Gathers what a scan of `root` needs; `tracked_ignored` may be in any order.
    pub(super) fn new(root: &'a Root, env: &'a Env, tracked_ignored: &'a [Vec<u8>]) -> Ground<'a> {
        let mut tracked: Vec<&[u8]> = tracked_ignored.iter().map(Vec::as_slice).collect();
        tracked.sort_unstable();
        Ground { root, env, paths: Paths::of(env).map(canonical_paths), tracked }
    }

    /// The scope of the root folder and the files that were consulted for it.
    pub(super) fn root_scope(&self, control: &mut Vec<Control>) -> Scope {
        let git = match &self.root.kind {
            RootKind::Git { git_dir, common_dir } => Some((git_dir.as_path(), common_dir.as_path())),
            RootKind::Manifest | RootKind::Plain => None,
        };
        push_control(control, self.root.path.join(".rtk.toml"));
        let repository = self.repository(Vec::new(), git, control);
        Scope { path: Vec::new(), ignored: false, level: None, repository: Arc::new(repository) }
    }

    fn repository(
        &self,
        base: Vec<u8>,
        git: Option<(&Path, &Path)>,
        control: &mut Vec<Control>,
    ) -> Repository {
        let folder = self.root.path.join(path_of(&base));
        let config = GitConfig::load(self.env, &folder, git);
        control.extend(config.consulted);
        let mut list = |file: Option<PathBuf>| {
            let Some(file) = file else { return IgnoreFile::default() };
            push_control(control, file.clone());
            read_bounded(&file).map(|text| IgnoreFile::parse(&text, config.ignore_case)).unwrap_or_default()
        };
        let lists =
            [list(git.map(|(_, common_dir)| common_dir.join("info/exclude"))), list(config.excludes_file)];
        let modules_file = folder.join(".gitmodules");
        let mut submodules = Vec::new();
        if git.is_some() {
            push_control(control, modules_file.clone());
            submodules = submodule_paths(&modules_file).into_iter().map(|path| join(&base, &path)).collect();
            submodules.sort_unstable();
        }
        Repository { base, submodules, lists, fold: config.ignore_case }
    }

    /// The scope of the subfolder `name`, or `None` if it is no part of the project.
    pub(super) fn subfolder(&self, parent: &Scope, name: &[u8], control: &mut Vec<Control>) -> Option<Scope> {
        if name.starts_with(b".") {
            return None;
        }
        let path = join(&parent.path, name);
        let ignored = match parent.verdict(&path, name, true) {
            Verdict::In => parent.ignored,
            Verdict::IgnoredByGit => true,
            Verdict::IgnoredByUs => return None,
        };
        if ignored && !self.tracks_below(&path) {
            return None;
        }
        let full = self.root.path.join(path_of(&path));
        if self.paths.as_ref().is_some_and(|paths| paths.owns(&full)) {
            return None;
        }
        let mut scope =
            Scope { path, ignored, level: parent.level.clone(), repository: parent.repository.clone() };
        let Some(git) = git_entry(&full) else { return Some(scope) };
        push_control(control, full.join(".git"));
        if parent.repository.submodules.binary_search(&scope.path).is_err() {
            return None;
        }
        let repository = self.repository(scope.path.clone(), Some((&git.0, &git.1)), control);
        scope.repository = Arc::new(repository);
        Some(scope)
    }

    /// Whether the file `name` of the folder is part of the project (its kind is not looked at).
    pub(super) fn admits_file(&self, scope: &Scope, name: &[u8]) -> bool {
        if name.starts_with(b".") {
            return false;
        }
        let path = join(&scope.path, name);
        match scope.verdict(&path, name, false) {
            Verdict::In if !scope.ignored => true,
            Verdict::IgnoredByUs => false,
            Verdict::In | Verdict::IgnoredByGit => self.tracked.binary_search(&path.as_slice()).is_ok(),
        }
    }

    fn tracks_below(&self, folder: &[u8]) -> bool {
        let prefix = join(folder, b"");
        let first = self.tracked.partition_point(|path| *path < prefix.as_slice());
        self.tracked.get(first).is_some_and(|path| path.starts_with(&prefix))
    }
}

impl Scope {
    /// Adds the folder's own ignore files; their text is `None` if they are not there.
    pub(super) fn open(&mut self, gitignore: Option<&[u8]>, rtkignore: Option<&[u8]>) {
        let boundary = self.path == self.repository.base && !self.path.is_empty();
        if gitignore.is_none() && rtkignore.is_none() && !boundary {
            return;
        }
        let parse = |text: Option<&[u8]>| {
            text.map(|text| IgnoreFile::parse(text, self.repository.fold)).unwrap_or_default()
        };
        self.level = Some(Arc::new(Level {
            parent: self.level.clone(),
            base_len: if self.path.is_empty() { 0 } else { self.path.len() + 1 },
            boundary,
            git: parse(gitignore),
            own: parse(rtkignore),
        }));
    }

    fn verdict(&self, path: &[u8], name: &[u8], is_dir: bool) -> Verdict {
        let below = |base_len: usize| path.get(base_len..).unwrap_or_default();
        for level in self.levels() {
            match level.own.excludes(below(level.base_len), name, is_dir) {
                Some(true) => return Verdict::IgnoredByUs,
                Some(false) => return Verdict::In,
                None => {}
            }
        }
        for level in self.levels() {
            match level.git.excludes(below(level.base_len), name, is_dir) {
                Some(true) => return Verdict::IgnoredByGit,
                Some(false) => return Verdict::In,
                None => {}
            }
            if level.boundary {
                break;
            }
        }
        let base = &self.repository.base;
        let path = below(if base.is_empty() { 0 } else { base.len() + 1 });
        let decided = self.repository.lists.iter().find_map(|list| list.excludes(path, name, is_dir));
        if decided == Some(true) { Verdict::IgnoredByGit } else { Verdict::In }
    }

    fn levels(&self) -> impl Iterator<Item = &Level> {
        std::iter::successors(self.level.as_deref(), |level| level.parent.as_deref())
    }
}

/// Appends a name to a relative folder.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + name.len() + 1);
    path.extend_from_slice(folder);
    if !folder.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Notes a control file with its numbers.
pub(super) fn push_control(control: &mut Vec<Control>, path: PathBuf) {
    let stat = control_stat(&path);
    control.push((path, stat));
}

/// Git folder and common folder of the repository whose work tree `folder` is, by its `.git`.
pub(super) fn git_entry(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let entry = folder.join(".git");
    let meta = std::fs::symlink_metadata(&entry).ok()?;
    let git_dir = if meta.is_file() {
        if meta.len() > GIT_FILE_BYTES_MAX {
            return None;
        }
        let text = std::fs::read(&entry).ok()?;
        let target = text.strip_prefix(b"gitdir:")?.trim_ascii();
        folder.join(path_of(target))
    } else {
        entry
    };
    if std::fs::symlink_metadata(git_dir.join("HEAD")).is_err() {
        return None;
    }
    let git_dir = git_dir.canonicalize().unwrap_or(git_dir);
    let common_dir = match std::fs::read(git_dir.join("commondir")) {
        Ok(text) => {
            let common = git_dir.join(path_of(text.trim_ascii()));
            common.canonicalize().unwrap_or(common)
        }
        Err(_) => git_dir.clone(),
    };
    Some((git_dir, common_dir))
}

/// Reads a list outside the work tree, links followed, up to the size limit.
fn read_bounded(file: &Path) -> Option<Vec<u8>> {
    let meta = std::fs::metadata(file).ok()?;
    if !meta.is_file() || meta.len() > IGNORE_BYTES_MAX as u64 {
        return None;
    }
    std::fs::read(file).ok()
}

/// Reads an ignore file of a folder; like git, not through a symbolic link. Longer ones are cut at the size limit.
pub(super) fn read_ignore_file(folder: std::os::fd::BorrowedFd<'_>, name: &str) -> Option<Vec<u8>> {
    use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
    use std::io::Read as _;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = openat(folder, name, flags, Mode::empty()).ok()?;
    let stat = fstat(&file).ok()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut text = Vec::new();
    std::fs::File::from(file).take(IGNORE_BYTES_MAX as u64).read_to_end(&mut text).ok()?;
    Some(text)
}

fn canonical_paths(paths: Paths) -> Paths {
    let canonical = |path: PathBuf| path.canonicalize().unwrap_or(path);
    Paths { data: canonical(paths.data), state: canonical(paths.state), config: canonical(paths.config) }
}
